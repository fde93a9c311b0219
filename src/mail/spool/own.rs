//! Messages of our own: signed, with a null reverse-path, and spooled like any other.

use super::{Added, outcome::record_new};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    auth::dkim::SignedBody,
    envelope::MailDsn,
    mail::{dress::signatures, parts::Parts},
    message::{Header, MessageId, Source, Text},
    slots::Cause,
    store::spool::{Head, Leg, NewMessage, SpoolError},
    time::Millis,
};

/// A message of our own to `recipient`, whose mail leads to `mailboxes`; `caused_by` somebody else, or by nobody.
/// Nobody is told when it fails.
pub(crate) fn own_message(
    parts: &Parts,
    id: MessageId,
    now: Millis,
    message: Vec<u8>,
    recipient: &Mailbox,
    mailboxes: Vec<Mailbox>,
    caused_by: Option<Cause>,
) -> NewMessage {
    let header = Header::scan(&message);
    let body = SignedBody::of(&header, &message);
    let prefix = signatures(parts, &parts.config.srs.settings.domain, &[header.bytes()], &body);
    let to = ForwardPath::Mailbox(recipient.clone());
    let legs =
        mailboxes.into_iter().map(|mailbox| Leg::new(to.clone(), mailbox, ReversePath::Null, now));
    let eight_bit = !message.is_ascii();
    NewMessage {
        head: Head {
            id: id.to_string(),
            arrived: now,
            client: None,
            helo: String::new(),
            sender: ReversePath::Null,
            eight_bit,
            smtputf8: !recipient.local().is_ascii(),
            has_delivered: false,
            has_failed: false,
            print: None,
            caused_by,
            dsn: MailDsn::default(),
        },
        text: Text::new(prefix, Source::from(message)),
        legs: legs.collect(),
    }
}

/// Spools a message of our own; `detail` says in the journal what it is.
///
/// # Errors
/// When there is no room or the store fails.
pub(crate) async fn spool_own(
    parts: &Parts,
    new: NewMessage,
    detail: String,
) -> Result<Added, SpoolError> {
    let numbers = parts.store.spool(vec![new.clone()]).await?;
    let added = Added::new(parts, numbers.first().copied().unwrap_or_default(), &new);
    record_new(parts, new, detail).await;
    Ok(added)
}
