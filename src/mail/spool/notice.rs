//! The DSN about recipients that failed: a spooled message like another, except that none follows from it.

use super::own::own_message;
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    clock,
    dsn::{self, Cause, Notice, Silence, Subject},
    mail::{notices::Owed, parts::Parts},
    reply::{Class, Reply},
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

/// Whether the sender of a message is told of failures.
#[derive(Debug)]
pub(super) enum Telling<'a> {
    /// There is nothing to tell, or nobody who wants to hear it.
    Nothing,
    /// This DSN tells it, once it is kept.
    Dsn(Box<NewMessage>, Owed<'a>),
    /// The sender would have to be told.
    Silence(Silence),
}

/// The subject of a message that waits, or might.
pub(super) fn subject(sender: &Mailbox, head: &Head, message: &[u8]) -> Subject {
    match head.print {
        Some(print) => Subject::printed(sender, print),
        // Spooled by a version that kept none.
        None => Subject::of(sender, message),
    }
}

/// What the sender of the message `head` is told of `failures`.
///
/// # Errors
/// The reply that puts it off when the store fails.
pub(super) async fn make<'a>(
    parts: &'a Parts,
    head: &Head,
    message: &[u8],
    failures: &[Failure],
) -> Result<Telling<'a>, Reply> {
    let ReversePath::Mailbox(sender) = &head.sender else { return Ok(Telling::Nothing) };
    if failures.is_empty() {
        return Ok(Telling::Nothing);
    }
    let mailboxes = match parts.aliases.final_mailboxes(sender.clone()).await {
        Ok(leads_to) if leads_to.mailboxes.is_empty() => return Ok(Telling::Nothing),
        Ok(leads_to) => leads_to.mailboxes,
        Err(reply) if reply.class() == Class::Transient => return Err(reply),
        Err(reply) => {
            tracing::warn!(id = head.id, %sender, %reply, "cannot tell the sender what failed");
            return Ok(Telling::Silence(Silence::Nowhere));
        }
    };
    let subject = subject(sender, head, message);
    let prints: Vec<_> = failures.iter().map(|failure| subject.recipient(&failure.path)).collect();
    let owed = match head.account() {
        Some(_) => parts.notices.owe_account(&parts.store, &subject, &prints),
        None => parts.notices.owe(&parts.store, &subject, &prints),
    };
    let owed = match owed {
        Ok(owed) => owed,
        Err(silence) => return Ok(Telling::Silence(silence)),
    };
    let told = failures.iter().zip(&prints).filter(|(_, print)| owed.is_about(print));
    let told: Vec<_> = told.map(|(failure, _)| failure.to_dsn()).collect();
    let now = clock::steady_millis();
    let id = clock::message_id();
    let from = Mailbox::parse(&format!("postmaster@{}", parts.config.srs.settings.domain));
    let notice = Notice {
        id,
        hostname: &parts.config.hostname,
        from: from.as_ref().unwrap_or(sender),
        to: sender,
        original_id: &head.id,
        arrived: head.arrived.unix_time(),
        now: now.unix_time(),
        original: message,
        failures: &told,
    };
    let message = notice.to_message();
    tracing::info!(%id, about = head.id, to = %sender, "notice of a failure");
    let new = own_message(parts, id, now, message, sender, mailboxes, Some(head.cause()));
    Ok(Telling::Dsn(Box::new(new), owed))
}
