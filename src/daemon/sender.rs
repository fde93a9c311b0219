//! Whether the reverse-path of a transaction is authenticated. That decides where a bounce would go, and
//! with it whether Onward may answer for a message (RFC 5321 §6.2 asks for as much care).

use super::services::Services;
use crate::{
    address::ReversePath,
    auth::spf::{self, Spf},
    fate::Bounce,
};
use std::{net::IpAddr, time::Duration};
use tokio::{sync::OnceCell, time::Instant};

/// Longest time for SPF: RFC 7208 §4.6.4 asks for 20 s at least.
const SPF_TIME: Duration = Duration::from_secs(20);

/// Who sends, as far as it can be checked: asked at most once, and only where it matters.
#[derive(Debug)]
pub(super) struct Sender {
    ip: Option<IpAddr>,
    helo: String,
    reverse_path: ReversePath,
    authenticated: OnceCell<bool>,
}

impl Sender {
    /// Of a transaction; `ip` is `None` on a unix socket.
    pub(super) fn new(ip: Option<IpAddr>, helo: &str, reverse_path: &ReversePath) -> Self {
        Self {
            ip,
            helo: helo.to_owned(),
            reverse_path: reverse_path.clone(),
            authenticated: OnceCell::new(),
        }
    }

    /// Where a bounce would go; `is_unwanted` when the message says that it wants none.
    pub(super) async fn bounce(&self, services: &Services, is_unwanted: bool) -> Bounce {
        if services.config.spool.max_messages == 0 {
            // The spool is off: who sent it keeps it, and DSNs have no way to leave.
            Bounce::Unsafe
        } else if self.reverse_path == ReversePath::Null {
            Bounce::Never
        } else if !self.is_authenticated(services).await {
            Bounce::Unsafe
        } else if is_unwanted {
            Bounce::Never
        } else {
            Bounce::Safe
        }
    }

    /// True when whoever may write from the reverse-path's domain does: SPF passes for it. The one
    /// place for whatever else proves it.
    pub(super) async fn is_authenticated(&self, services: &Services) -> bool {
        *self.authenticated.get_or_init(|| self.spf_passes(services)).await
    }

    async fn spf_passes(&self, services: &Services) -> bool {
        // SPF of HELO, which stands in for a null reverse-path, says nothing about who gets bounces.
        let (Some(ip), ReversePath::Mailbox(mailbox)) = (self.ip, &self.reverse_path) else {
            return false;
        };
        let sender = mailbox.to_string();
        let query = spf::Query { ip, helo: &self.helo, sender: &sender };
        let deadline = Instant::now() + SPF_TIME;
        let result = spf::check(services.outbound.resolver(), &query, deadline).await;
        tracing::debug!(from = %self.reverse_path, %ip, spf = %result, "sender checked");
        result == Spf::Pass
    }
}
