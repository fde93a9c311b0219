//! The DSN about recipients that failed: a spooled message like another, except that none follows from it.

use super::own::own_message;
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    clock,
    dsn::{self, Cause, Notice},
    mail::parts::Parts,
    reply::Reply,
    store::spool::{Head, NewMessage},
};
use std::time::Duration;

/// A recipient that nobody will get the message for.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) path: ForwardPath,
    /// The last reply, as a client may see it.
    pub(super) reply: Reply,
    /// Given up after so long; `None`: refused.
    pub(super) tried_for: Option<Duration>,
    /// A destination may have it all the same.
    pub(super) is_uncertain: bool,
}

impl Failure {
    fn to_dsn(&self) -> dsn::FailedRecipient<'_> {
        let cause = match self.tried_for {
            None => Cause::Refused,
            Some(tried_for) => Cause::GivenUp { tried_for, is_uncertain: self.is_uncertain },
        };
        dsn::FailedRecipient { path: &self.path, reply: &self.reply, cause }
    }
}

/// The DSN for the sender of the message `head` about `failures`. `None` where there is nothing to tell,
/// nobody to tell it to, or nobody who may be told.
pub(super) async fn make(
    parts: &Parts,
    head: &Head,
    message: &[u8],
    failures: Vec<Failure>,
) -> Option<NewMessage> {
    let ReversePath::Mailbox(sender) = &head.sender else { return None };
    if failures.is_empty() || !head.notify {
        return None;
    }
    let mailboxes = match parts.aliases.final_mailboxes(sender.clone()).await {
        Ok(leads_to) if leads_to.mailboxes.is_empty() => return None,
        Ok(leads_to) => leads_to.mailboxes,
        Err(reply) => {
            tracing::warn!(id = head.id, %sender, %reply, "cannot tell the sender what failed");
            return None;
        }
    };
    let now = clock::steady_millis();
    let id = clock::message_id();
    let from = Mailbox::parse(&format!("postmaster@{}", parts.config.srs.settings.domain));
    let failures: Vec<_> = failures.iter().map(Failure::to_dsn).collect();
    let notice = Notice {
        id,
        hostname: &parts.config.hostname,
        from: from.as_ref().unwrap_or(sender),
        to: sender,
        original_id: &head.id,
        arrived: head.arrived.unix_time(),
        now: now.unix_time(),
        original: message,
        failures: &failures,
    };
    let message = notice.to_message();
    tracing::info!(%id, about = head.id, to = %sender, "notice of a failure");
    Some(own_message(parts, id, now, message, sender, mailboxes))
}
