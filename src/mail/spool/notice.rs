//! The DSN about recipients: a spooled message like another, except that none follows from it.

use super::own::own_message;
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    clock,
    dsn::{Cause, FailedRecipient, Notice, Silence, Subject},
    envelope::OriginalRecipient,
    mail::{notices::Owed, parts::Parts},
    reply::{Class, Reply},
    store::spool::{Head, NewMessage},
};

/// What the sender is told of a recipient.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) path: ForwardPath,
    /// Whom the sender says to have written to first.
    pub(super) original: Option<OriginalRecipient>,
    /// The last reply, as a client may see it.
    pub(super) reply: Reply,
    pub(super) cause: Cause,
}

/// To whom the DSNs about a message go.
enum Senders<'a> {
    /// They want to hear nothing.
    Silent,
    /// Nobody gets what is sent to them.
    Nowhere,
    At(&'a Mailbox, Vec<Mailbox>),
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
    failures: &[Told],
) -> Result<Telling<'a>, Reply> {
    if failures.is_empty() {
        return Ok(Telling::Nothing);
    }
    let (sender, mailboxes) = match senders(parts, head).await? {
        Senders::Silent => return Ok(Telling::Nothing),
        Senders::Nowhere => return Ok(Telling::Silence(Silence::Nowhere)),
        Senders::At(sender, mailboxes) => (sender, mailboxes),
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
    let told = told.map(|(failure, _)| failure);
    let new = compose(parts, head, (sender, mailboxes), message, told);
    Ok(Telling::Dsn(Box::new(new), owed))
}

/// The DSN that tells the sender of the message `head` of recipients that did not fail; `None` where nobody wants it.
/// There is one for each time that an account's client asked for it, so no other bound is needed.
///
/// # Errors
/// As [`make`].
pub(super) async fn without_failure(
    parts: &Parts,
    head: &Head,
    message: &[u8],
    told: &[Told],
) -> Result<Option<NewMessage>, Reply> {
    if told.is_empty() {
        return Ok(None);
    }
    Ok(match senders(parts, head).await? {
        Senders::Silent | Senders::Nowhere => None,
        Senders::At(sender, mailboxes) => {
            Some(compose(parts, head, (sender, mailboxes), message, told.iter()))
        }
    })
}

async fn senders<'a>(parts: &Parts, head: &'a Head) -> Result<Senders<'a>, Reply> {
    let ReversePath::Mailbox(sender) = &head.sender else { return Ok(Senders::Silent) };
    match parts.aliases.final_mailboxes(sender.clone()).await.map_err(Reply::from) {
        Ok(leads_to) if leads_to.mailboxes.is_empty() => Ok(Senders::Silent),
        Ok(leads_to) => Ok(Senders::At(sender, leads_to.mailboxes)),
        Err(reply) if reply.class() == Class::Transient => Err(reply),
        Err(reply) => {
            tracing::warn!(id = head.id, %sender, %reply, "cannot tell the sender what became of a message");
            Ok(Senders::Nowhere)
        }
    }
}

fn compose<'t>(
    parts: &Parts,
    head: &Head,
    (sender, mailboxes): (&Mailbox, Vec<Mailbox>),
    message: &[u8],
    told: impl Iterator<Item = &'t Told>,
) -> NewMessage {
    let told: Vec<_> = told
        .map(|Told { path, original, reply, cause }| FailedRecipient {
            path,
            original: original.as_ref(),
            reply,
            cause: *cause,
        })
        .collect();
    let now = clock::steady_millis();
    let id = clock::message_id();
    let from = Mailbox::parse(&format!("postmaster@{}", parts.config.srs.settings.domain));
    let notice = Notice {
        id,
        hostname: &parts.config.hostname,
        from: from.as_ref().unwrap_or(sender),
        to: sender,
        original_id: &head.id,
        dsn: &head.dsn,
        arrived: head.arrived.unix_time(),
        now: now.unix_time(),
        original: message,
        failures: &told,
    };
    let message = notice.to_message();
    tracing::info!(%id, about = head.id, to = %sender, "notice to a sender");
    own_message(parts, id, now, message, sender, mailboxes, Some(head.cause()))
}
