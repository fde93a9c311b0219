//! The forms in which a message leaves: its bytes, and our fields before them.
//!
//! Mostly there is one. A munged message has one for each recipient, whose address its From takes, and
//! where each domain has SRS addresses of its own, each signs.

use super::{parts::Services, recipient::Recipient};
use crate::{
    address::{Domain, ForwardPath, Mailbox},
    auth::{self, Checked, dkim::KeyKind},
    config::ArcSealing,
    message::{Header, munge},
    reply::Reply,
    time::UnixTime,
};
use bytes::Bytes;

/// What is sent, apart from the envelope.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// Header fields of ours, sent before `bytes`.
    pub(super) prefix: Bytes,
    /// As it came, unless it is munged.
    pub(super) bytes: Bytes,
}

/// All forms of a message.
#[derive(Debug, Clone)]
pub(super) struct Forms {
    all: Vec<Form>,
    /// For each recipient, the place of its form in `all`.
    of_recipient: Vec<usize>,
}

/// What forms are made of.
pub(super) struct Making<'a> {
    pub(super) id: &'a str,
    /// As it came.
    pub(super) bytes: Bytes,
    /// What the checks found, if they were made.
    pub(super) checked: Option<&'a Checked>,
    /// From becomes the recipient's.
    pub(super) is_munged: bool,
    /// Received and loop tokens.
    pub(super) trace: String,
    /// When it came.
    pub(super) now: UnixTime,
}

impl Forms {
    /// Makes the forms for `recipients`.
    ///
    /// # Errors
    /// The reply for the client when a signature that verified on arrival would break.
    pub(super) async fn make(
        services: &Services,
        making: &Making<'_>,
        recipients: &[Recipient],
    ) -> Result<Self, Reply> {
        let mut forms = Self { all: Vec::new(), of_recipient: Vec::new() };
        let wants_arc = wants_arc(services, recipients);
        let mut made: Vec<(Option<Mailbox>, &Domain)> = Vec::new();
        for recipient in recipients {
            let author = if making.is_munged { author(services, recipient) } else { None };
            let like = (author, &recipient.srs_domain);
            let at = match made.iter().position(|known| *known == like) {
                Some(at) => at,
                None => {
                    forms.all.push(match &like.0 {
                        Some(alias) => making.munged(services, alias, like.1, wants_arc).await,
                        None => making.untouched(services, like.1, wants_arc).await?,
                    });
                    made.push(like);
                    made.len() - 1
                }
            };
            forms.of_recipient.push(at);
        }
        Ok(forms)
    }

    /// The place of the form for a recipient, in step with those it was made for.
    pub(super) fn of_recipient(&self, recipient: usize) -> usize {
        self.of_recipient.get(recipient).copied().unwrap_or(0)
    }

    /// The form at that place.
    pub(super) fn get(&self, at: usize) -> Option<&Form> {
        self.all.get(at)
    }
}

/// Whose a munged message for `recipient` becomes; `None` where it must stay the author's: a bounce on
/// its way back has no alias to come from.
fn author(services: &Services, recipient: &Recipient) -> Option<Mailbox> {
    match &recipient.path {
        _ if recipient.is_srs_return => None,
        ForwardPath::Mailbox(mailbox) => Some(mailbox.clone()),
        ForwardPath::Postmaster => {
            Mailbox::parse(&format!("postmaster@{}", services.config.srs.settings.domain)).ok()
        }
    }
}

impl Making<'_> {
    /// The bytes that came, behind fields with which all signatures that verified still do: one that
    /// covers Authentication-Results, present or not, bars us from adding it.
    async fn untouched(
        &self,
        services: &Services,
        signer: &Domain,
        wants_arc: bool,
    ) -> Result<Form, Reply> {
        let Some(checked) = self.checked else {
            let prefix = self.trace.clone().into_bytes();
            return Ok(self.signed(services, signer, prefix, self.bytes.clone(), false).await);
        };
        let mut broken = Vec::new();
        for results in [checked.field(), Vec::new()] {
            let prefix = [self.trace.as_bytes(), &results].concat();
            let form = self.signed(services, signer, prefix, self.bytes.clone(), wants_arc).await;
            let resolver = services.outbound.resolver();
            let leaves = (&form.prefix[..], &form.bytes[..]);
            match checked.check_again(resolver, &self.bytes, leaves).await {
                Ok(()) => return Ok(form),
                Err(domains) => broken = domains,
            }
        }
        services.metrics.dkim_broken();
        tracing::error!(
            id = self.id,
            signed_by = broken.join(","),
            "not sent: a DKIM signature that verified would not any more behind our fields"
        );
        Err(Reply::broke_signature())
    }

    /// From the alias: signed by its domain, or else the one that SRS uses.
    async fn munged(
        &self,
        services: &Services,
        alias: &Mailbox,
        signer: &Domain,
        wants_arc: bool,
    ) -> Form {
        let results = self.checked.map(Checked::field).unwrap_or_default();
        let munged = munge(&Header::scan(&self.bytes), &self.bytes, alias);
        let (fields, bytes) = match munged {
            Some(munged) => (munged.fields, Bytes::from(munged.message)),
            None => (Vec::new(), self.bytes.clone()),
        };
        let prefix = [self.trace.as_bytes(), &results, &fields].concat();
        let is_own = !services.signing_keys(alias.domain()).is_empty();
        let signer = if is_own { alias.domain() } else { signer };
        self.signed(services, signer, prefix, bytes, wants_arc).await
    }

    /// With one signature for each key of `signer`, and an ARC set by its RSA key: verifiers of ARC know
    /// no other kind.
    async fn signed(
        &self,
        services: &Services,
        signer: &Domain,
        mut prefix: Vec<u8>,
        bytes: Bytes,
        wants_arc: bool,
    ) -> Form {
        let fields = signatures(services, signer, &[&prefix, &bytes]);
        prefix.extend_from_slice(&fields);
        let keys = services.signing_keys(signer);
        let key = keys.iter().find(|key| wants_arc && key.kind() == KeyKind::Rsa);
        if let (Some(key), Some(checked)) = (key, self.checked) {
            let resolver = services.outbound.resolver();
            let leaves = (prefix.as_slice(), &*bytes);
            let set = checked.seal(resolver, key, &self.bytes, leaves, self.now).await;
            prefix.extend(set.unwrap_or_default());
        }
        Form { prefix: prefix.into(), bytes }
    }
}

/// True when one of the destinations asks forwarders for ARC: the message has one form for all of them.
fn wants_arc(services: &Services, recipients: &[Recipient]) -> bool {
    let mut domains =
        recipients.iter().flat_map(|to| &to.destinations).map(|to| to.mailbox.domain());
    match &services.config.auth.arc {
        ArcSealing::Off => false,
        ArcSealing::On => true,
        ArcSealing::For(patterns) => {
            domains.any(|domain| patterns.iter().any(|pattern| pattern.matches(domain)))
        }
    }
}

/// DKIM-Signature fields of the message that `parts` are, one for each key of `signer`.
pub(super) fn signatures(services: &Services, signer: &Domain, parts: &[&[u8]]) -> Vec<u8> {
    let keys = services.signing_keys(signer);
    let size: usize = parts.iter().map(|part| part.len()).sum();
    let sign = || keys.iter().filter_map(|key| key.sign(parts)).flatten().collect();
    match keys.is_empty() {
        true => Vec::new(),
        false => auth::aside(size, sign),
    }
}
