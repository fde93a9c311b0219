//! Taking responsibility: what could not be handed on goes to disk, before the client hears 250.

use super::{
    added::Added,
    notice::{self, Telling, Told},
    outcome::record_new,
};
use crate::{
    clock,
    dsn::{Cause, Silence, Subject},
    envelope::MailDsn,
    fate::RecipientFate,
    mail::{delivery::Delivery, dress::Form, parts::Parts},
    message::MessageId,
    reply::Reply,
    store::spool::{Head, Leg, NewMessage, SpoolError},
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// A transaction that was not finished through.
pub(crate) struct Taking<'a> {
    pub(crate) id: MessageId,
    pub(crate) client: Option<IpAddr>,
    pub(crate) helo: &'a str,
    pub(crate) delivery: &'a Delivery,
    /// A destination is left without the message already.
    pub(crate) partial: bool,
}

/// Why nothing was taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// There is no room, or the store fails.
    NoRoom(SpoolError),
    /// It cannot be found out where the sender's mail goes.
    NotNow(Reply),
    /// The sender would have to be told now, and cannot be.
    Silence(Silence),
}

/// Spools the message for the recipients that are deferred, and a DSN about those that are refused: all on
/// disk when this answers.
///
/// # Errors
/// Why not: nothing was taken.
pub(crate) async fn take(parts: &Parts, taking: &Taking<'_>) -> Result<Vec<Added>, NotTaken> {
    let now = clock::steady_millis();
    let due = now + parts.retry.wait(1, clock::random());
    let message = &taking.delivery.message;
    let (mut has_delivered, mut failures) = (false, Vec::new());
    let mut by_form: BTreeMap<usize, (Arc<Form>, Vec<Leg>)> = BTreeMap::new();
    for share in &taking.delivery.shares {
        match share.fate() {
            RecipientFate::Delivered { .. } => has_delivered = true,
            RecipientFate::Refused(reply) => failures.push(Told {
                path: share.recipient.path.clone(),
                original: None,
                reply,
                cause: Cause::Refused,
            }),
            RecipientFate::Deferred(_) => {
                let form = || (Arc::clone(&share.form), Vec::new());
                let (_, legs) = by_form.entry(share.form.number).or_insert_with(form);
                legs.extend(share.to_spool(due));
            }
        }
    }
    let head = Head {
        id: taking.id.to_string(),
        arrived: now,
        client: taking.client,
        helo: taking.helo.to_owned(),
        sender: message.reverse_path.clone(),
        eight_bit: message.eight_bit,
        smtputf8: message.smtputf8,
        has_delivered,
        has_failed: taking.partial || !failures.is_empty(),
        print: message
            .reverse_path
            .mailbox()
            .map(|sender| Subject::of(sender, message.source.octets()).message),
        caused_by: None,
        dsn: MailDsn::default(),
    };
    let telling = notice::make(parts, &head, message.source.octets(), &failures).await;
    let (notice, owed) = match telling.map_err(NotTaken::NotNow)? {
        Telling::Nothing => (None, None),
        Telling::Dsn(notice, owed) => (Some(*notice), Some(owed)),
        Telling::Silence(silence) => return Err(NotTaken::Silence(silence)),
    };
    let rest = by_form.into_values().enumerate().map(|(number, (form, legs))| {
        let mut head = head.clone();
        // A further form is a message of its own from here on.
        if number > 0 {
            head.id = clock::message_id().to_string();
        }
        NewMessage { head, text: form.text.clone(), legs }
    });
    let notice = notice.map(|new| {
        let detail = format!("tells the sender of {} what failed", head.id);
        (new, Some(detail))
    });
    let rest = rest.enumerate().map(|(number, new)| {
        // The first one is recorded by whoever answers its client.
        let detail = (number > 0).then(|| format!("for further recipients of {}", head.id));
        (new, detail)
    });
    let kept: Vec<(NewMessage, Option<String>)> = notice.into_iter().chain(rest).collect();
    let added = keep(parts, kept).await.map_err(NotTaken::NoRoom)?;
    if let Some(owed) = owed {
        owed.paid(&parts.store, &parts.metrics).await;
    }
    Ok(added)
}

/// Keeps messages, all or none: on disk when this answers. Those with a detail are recorded with it.
///
/// # Errors
/// Why not: nothing was kept.
pub(crate) async fn keep(
    parts: &Parts,
    messages: Vec<(NewMessage, Option<String>)>,
) -> Result<Vec<Added>, SpoolError> {
    let new = messages.iter().map(|(new, _)| new.clone()).collect();
    let numbers = parts.store.spool(new).await?;
    let mut added = Vec::with_capacity(messages.len());
    for (number, (new, detail)) in numbers.into_iter().zip(messages) {
        added.push(Added::new(parts, number, &new));
        if let Some(detail) = detail {
            record_new(parts, new, detail).await;
        }
    }
    Ok(added)
}
