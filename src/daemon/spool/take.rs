//! Taking responsibility: what could not be handed on goes to disk, before the client hears 250.

use super::{
    Added,
    notice::{self, Failure},
    outcome::{journal, waits},
};
use crate::{
    clock,
    daemon::{
        delivery::{Delivery, Message},
        form::Form,
        recipient::Recipient,
        services::Services,
    },
    fate::RecipientFate,
    inbound::Peer,
    message::MessageId,
    store::spool::{Head, Leg, NewMessage, SpoolError},
};
use std::collections::BTreeMap;

/// A transaction that was not finished through.
pub(in crate::daemon) struct Taking<'a> {
    pub(in crate::daemon) id: MessageId,
    pub(in crate::daemon) client: &'a Peer,
    pub(in crate::daemon) helo: &'a str,
    pub(in crate::daemon) message: &'a Message,
    pub(in crate::daemon) recipients: &'a [Recipient],
    pub(in crate::daemon) delivery: &'a Delivery,
    pub(in crate::daemon) fates: &'a [RecipientFate],
    /// A DSN may follow.
    pub(in crate::daemon) notify: bool,
    /// A destination is left without the message already.
    pub(in crate::daemon) partial: bool,
}

/// Spools a message of our own; `detail` says in the journal what it is.
///
/// # Errors
/// When there is no room or the store fails.
pub(in crate::daemon) async fn added(
    services: &Services,
    new: NewMessage,
    detail: String,
) -> Result<Added, SpoolError> {
    let (arrived, waits) = (new.head.arrived, waits(services, &new.legs));
    let numbers = services.store.spool(vec![new.clone()]).await?;
    let message = numbers.first().copied().unwrap_or_default();
    journal(services, message, new, detail).await;
    Ok(Added { message, arrived, waits })
}

/// Spools the message for the recipients `spool`, and a DSN about the recipients `notify`: all on disk
/// when this answers.
///
/// # Errors
/// When there is no room or the store fails: nothing was taken.
pub(in crate::daemon) async fn take(
    services: &Services,
    taking: &Taking<'_>,
    spool: &[usize],
    notify: &[usize],
) -> Result<Vec<Added>, SpoolError> {
    let now = clock::steady_millis();
    let head = Head {
        id: taking.id.to_string(),
        arrived: now,
        client: taking.client.ip,
        helo: taking.helo.to_owned(),
        sender: taking.message.reverse_path.clone(),
        notify: taking.notify,
        eight_bit: taking.message.eight_bit,
        smtputf8: taking.message.smtputf8,
        has_delivered: taking.fates.iter().any(|f| matches!(f, RecipientFate::Delivered { .. })),
        has_failed: taking.partial || !notify.is_empty(),
    };
    let failures = notify.iter().filter_map(|at| {
        let RecipientFate::Refused(reply) = taking.fates.get(*at)? else { return None };
        let path = taking.recipients.get(*at)?.path.clone();
        Some(Failure { path, reply: reply.clone(), tried_for: None, is_uncertain: false })
    });
    let bytes = &taking.message.bytes;
    let notice = notice::make(services, &head, bytes, failures.collect()).await;
    let due = now + services.retry.wait(1, clock::random());
    let mut by_form: BTreeMap<usize, Vec<Leg>> = BTreeMap::new();
    for at in spool {
        let Some(recipient) = taking.recipients.get(*at) else { continue };
        for (form, leg) in taking.delivery.to_spool(*at, recipient, due) {
            by_form.entry(form).or_default().push(leg);
        }
    }
    let rest: Vec<NewMessage> = by_form
        .into_iter()
        .enumerate()
        .filter_map(|(number, (form, legs))| {
            let Form { prefix, bytes: message } = taking.message.forms.get(form)?.clone();
            let mut head = head.clone();
            // A further form is a message of its own from here on.
            if number > 0 {
                head.id = clock::message_id().to_string();
            }
            Some(NewMessage { head, prefix, message, legs })
        })
        .collect();
    let kept: Vec<NewMessage> = notice.iter().chain(&rest).cloned().collect();
    let plans: Vec<_> =
        kept.iter().map(|new| (new.head.arrived, waits(services, &new.legs))).collect();
    let numbers = services.store.spool(kept).await?;
    let first_of_rest = usize::from(notice.is_some());
    if let (Some(notice), Some(seq)) = (notice, numbers.first()) {
        let detail = format!("tells the sender of {} what failed", head.id);
        journal(services, *seq, notice, detail).await;
    }
    let further = rest.into_iter().zip(numbers.iter().skip(first_of_rest)).skip(1);
    for (form, seq) in further {
        journal(services, *seq, form, format!("for further recipients of {}", head.id)).await;
    }
    let plans = numbers.into_iter().zip(plans);
    Ok(plans.map(|(message, (arrived, waits))| Added { message, arrived, waits }).collect())
}
