//! Messages of our own: signed, with a null reverse-path, and spooled like any other.

use super::{Added, outcome::record_new};
use crate::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
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
    let own = Own { id, now, message, recipient, mailboxes, caused_by };
    own.signed_by(parts, &parts.config.srs.settings.domain)
}

/// A message of our own, before it is signed.
pub(crate) struct Own<'a> {
    pub(crate) id: MessageId,
    pub(crate) now: Millis,
    pub(crate) message: Vec<u8>,
    /// To whom it is.
    pub(crate) recipient: &'a Mailbox,
    /// Where that leads.
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) caused_by: Option<Cause>,
}

impl Own<'_> {
    /// The message with a signature of `signer`, as far as there is a key of it.
    pub(crate) fn signed_by(self, parts: &Parts, signer: &Domain) -> NewMessage {
        let Self { id, now, message, recipient, mailboxes, caused_by } = self;
        let header = Header::scan(&message);
        let body = SignedBody::of(&header, &message);
        let prefix = signatures(parts, signer, &[header.bytes()], &body);
        let to = ForwardPath::Mailbox(recipient.clone());
        let legs = mailboxes
            .into_iter()
            .map(|mailbox| Leg::new(to.clone(), mailbox, ReversePath::Null, now));
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
