//! Whether the reverse-path of a transaction is authenticated. That decides where a bounce would go, and
//! with it whether Onward may answer for a message (RFC 5321 §6.2 asks for as much care).

use super::parts::Services;
use crate::{
    address::ReversePath,
    auth::spf::{self, Spf},
    fate::Bounce,
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::{sync::OnceCell, time::Instant};

/// Longest time for SPF: RFC 7208 §4.6.4 asks for 20 s at least.
const SPF_TIME: Duration = Duration::from_secs(20);

/// Who sends, as far as it can be checked: asked at most once. Clones share the answer.
#[derive(Debug, Clone)]
pub(crate) struct Sender(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ip: Option<IpAddr>,
    helo: String,
    reverse_path: ReversePath,
    spf: OnceCell<Spf>,
    spf_of_helo: OnceCell<Spf>,
}

/// What else says that the reverse-path is whose it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter {
    /// A signature of the message is that of the reverse-path's domain.
    pub(crate) is_signed: bool,
    /// It says that it wants no notices.
    pub(crate) wants_no_notice: bool,
}

impl Sender {
    /// Of a transaction; `ip` is `None` on a unix socket.
    pub(crate) fn new(ip: Option<IpAddr>, helo: &str, reverse_path: &ReversePath) -> Self {
        Self(Arc::new(Inner {
            ip,
            helo: helo.to_owned(),
            reverse_path: reverse_path.clone(),
            spf: OnceCell::new(),
            spf_of_helo: OnceCell::new(),
        }))
    }

    /// Where a bounce would go. `letter`: what the message says, once it is there.
    pub(crate) async fn bounce(&self, services: &Services, letter: Option<Letter>) -> Bounce {
        if services.config.spool.max_messages == 0 {
            // The spool is off: who sent it keeps it, and DSNs have no way to leave.
            Bounce::Unsafe
        } else if self.0.reverse_path == ReversePath::Null {
            Bounce::Never
        } else if !letter.is_some_and(|letter| letter.is_signed)
            && !self.is_authenticated(services).await
        {
            Bounce::Unsafe
        } else if letter.is_some_and(|letter| letter.wants_no_notice) {
            Bounce::Never
        } else {
            Bounce::Safe
        }
    }

    /// True when SPF passes for the reverse-path. That of HELO, which stands in for a null one, says
    /// nothing about who gets bounces.
    pub(crate) async fn is_authenticated(&self, services: &Services) -> bool {
        self.0.reverse_path != ReversePath::Null && self.spf(services).await == Spf::Pass
    }

    /// SPF of the reverse-path, or of the HELO name where that is null.
    pub(crate) async fn spf(&self, services: &Services) -> Spf {
        let Some(mailbox) = self.0.reverse_path.mailbox() else {
            return self.spf_of_helo(services).await;
        };
        let check = || async { self.check(services, &mailbox.to_string()).await };
        *self.0.spf.get_or_init(check).await
    }

    /// SPF of the HELO name (RFC 7208 §2.3).
    pub(crate) async fn spf_of_helo(&self, services: &Services) -> Spf {
        *self.0.spf_of_helo.get_or_init(|| self.check(services, "")).await
    }

    async fn check(&self, services: &Services, sender: &str) -> Spf {
        let Inner { ip: Some(ip), helo, reverse_path, .. } = &*self.0 else { return Spf::None };
        let query = spf::Query { ip: *ip, helo, sender };
        let deadline = Instant::now() + SPF_TIME;
        let result = spf::check(services.outbound.resolver(), &query, deadline).await;
        tracing::debug!(from = %reverse_path, %ip, spf = %result, "sender checked");
        result
    }
}
