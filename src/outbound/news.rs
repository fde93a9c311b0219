use super::{
    open_error::{LoginError, OpenError},
    transfer::Answer,
    transport::Remote,
    verdict::refuses_account,
};
use crate::{
    address::Domain,
    event::{Happening, Listener, Setting},
    next_hop::{NextHop, TlsLevel},
    provider::{Judgement, Meaning, Provider},
    reply::Class,
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    mem::{Discriminant, discriminant},
    sync::Arc,
};

/// Tells the operator what has to be mended: of smart hosts that cannot be used as they are set up, once, until they can;
/// of how this server is set up, what others say.
#[derive(Debug)]
pub(super) struct News {
    listener: Option<Arc<dyn Listener>>,
    /// What stood in the way.
    unusable: Mutex<HashMap<NextHop, Kind>>,
}

/// What is told once: another trouble is told too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No connection can be used.
    Open(Discriminant<OpenError>, Option<Discriminant<LoginError>>),
    /// The mail is refused, because it is ours.
    Account,
}

impl News {
    pub(super) fn new(listener: Option<Arc<dyn Listener>>) -> Self {
        Self { listener, unusable: Mutex::default() }
    }

    /// A host could not be used.
    pub(super) fn not_open(&self, hop: &NextHop, error: &OpenError) {
        let is_ours_to_mend = match error {
            OpenError::Login(LoginError::NotYet(_)) => false,
            OpenError::Login(_) => true,
            OpenError::Refused(reply) => reply.class() == Class::Permanent,
            error => error.is_of_tls(),
        };
        if !is_ours_to_mend || !is_smart_host(hop) {
            return;
        }
        let of_login = match error {
            OpenError::Login(error) => Some(discriminant(error)),
            _ => None,
        };
        self.trouble(hop, Kind::Open(discriminant(error), of_login), &error.to_string());
    }

    /// A host let us in.
    pub(super) fn opened(&self, hop: &NextHop) {
        self.mended(hop, |kind| kind != Kind::Account);
    }

    /// A host answered to mail.
    pub(super) fn heard(&self, hop: &NextHop, answers: &[Answer]) {
        if hop.login().is_none() {
            return;
        }
        for answer in answers {
            let Answer::Said(reply) = answer else { continue };
            if reply.class() == Class::Positive {
                self.mended(hop, |_| true);
            } else if refuses_account(&reply.to_foreign().to_string()) {
                let why = format!("it takes no mail of ours: {}", reply.last_line());
                self.trouble(hop, Kind::Account, &why);
            }
        }
    }

    /// A host said what it thinks of how this server is set up.
    pub(super) fn judged(&self, remote: &Remote, judgement: &Judgement, reply: &str) {
        let about = match judgement.meaning {
            Some(Meaning::NoReverseName) => Setting::ReverseName,
            Some(Meaning::Unauthenticated) => Setting::Authentication,
            Some(Meaning::Dmarc) => Setting::Dmarc,
            Some(Meaning::NeedsTls) => Setting::Tls,
            Some(Meaning::Blocked | Meaning::Listed) => Setting::Address,
            _ => return,
        };
        // The names of others are as many as somebody writes to.
        let host = remote.name.as_ref().map_or("", Domain::as_str);
        let provider = Provider::of_host(host).map_or("other", |known| known.name);
        let (provider, reply) = (provider.to_owned(), reply.to_owned());
        self.tell(Happening::Misconfigured { provider, about, reply });
    }

    fn trouble(&self, hop: &NextHop, kind: Kind, why: &str) {
        if self.unusable.lock().insert(hop.clone(), kind) != Some(kind) {
            tracing::error!(relay = %hop, error = why, "a smart host cannot be used, mail for it waits");
            self.tell(Happening::RelayUnusable { relay: hop.to_string(), why: why.to_owned() });
        }
    }

    fn mended(&self, hop: &NextHop, is_it: impl Fn(Kind) -> bool) {
        let mut unusable = self.unusable.lock();
        // Mostly there is nothing to forget.
        if unusable.get(hop).is_some_and(|kind| is_it(*kind)) {
            unusable.remove(hop);
            tracing::info!(relay = %hop, "the smart host can be used again");
            self.tell(Happening::RelayUsable { relay: hop.to_string() });
        }
    }

    fn tell(&self, happening: Happening) {
        if let Some(listener) = &self.listener {
            listener.tell(happening);
        }
    }
}

/// Whether a host must prove who it is, or we have to.
fn is_smart_host(hop: &NextHop) -> bool {
    hop.login().is_some() || hop.tls == TlsLevel::Verified
}
