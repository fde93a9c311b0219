//! Answers by address: what a mailbox sends to the address that stands for somebody who wrote to its alias. It needs no
//! account: DMARC shows whose message it is. What leaves is the alias's, by the way of all that is submitted.

mod proof;
mod rewrite;

pub(crate) use proof::judge;

use proof::Proven;

use super::{Taken, dress, spam};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    clock,
    envelope::Envelope,
    inbound::Reservation,
    mail::{
        checks,
        late::Announcement,
        parts::Parts,
        prints::fingerprint,
        recipient::Recipient,
        record::{Conclusion, not_taken},
        sender::Sender,
        spool::keep,
    },
    message::{Authors, Header, MessageId, without_mbox_line},
    reply::Reply,
    slots::Cause,
    smtp::Transaction,
    store::{Fingerprint, journal::Outcome, spool::SpoolError},
    time::UnixTime,
};
use std::time::Duration;

/// For how long it is known which answers were taken that nobody's own server brought: whoever got one could bring it again.
const MEMORY: Duration = Duration::from_hours(30 * 24);
const AGAIN: &str = "this answer was taken before";

/// A complete message to addresses of answers of one alias.
pub(crate) struct Came<'a> {
    pub(crate) sender: &'a Sender,
    pub(crate) id: MessageId,
    pub(crate) now: UnixTime,
    pub(crate) transaction: Transaction,
    /// Of whose octets it is kept as long as they are.
    pub(crate) memory: Reservation,
}

/// Answers a message to `recipients`, which are addresses of answers of one alias.
pub(crate) async fn answer(
    parts: &Parts,
    came: Came<'_>,
    recipients: Vec<Recipient>,
) -> Conclusion {
    let id = came.id.to_string();
    let alias = recipients.first().and_then(Recipient::answered_alias).cloned();
    let ways = Recipient::ways_of(&recipients);
    let mut auth = String::new();
    let taken = match &alias {
        Some(alias) => take(parts, came, alias, recipients, &mut auth).await,
        None => Err(Reply::local_error()),
    };
    let (reply, outcome, taken) = match taken {
        Ok(taken) if taken.spooled.is_empty() => (Reply::discarded(&id), Outcome::Discarded, taken),
        Ok(taken) => (Reply::submitted(&id), Outcome::Spooled, taken),
        Err(reply) => {
            let none = Taken { filter: None, notes: Vec::new(), spooled: Vec::new() };
            (reply.clone(), not_taken(&reply), none)
        }
    };
    let alias = alias.filter(|_| outcome == Outcome::Spooled);
    Conclusion {
        reply,
        outcome,
        srs_from: alias.as_ref().map(Mailbox::to_string),
        auth,
        filter: taken.filter,
        notes: taken.notes,
        attempts: Vec::new(),
        ways,
        rule: None,
        spooled: taken.spooled,
        announced: Announcement::default(),
    }
}

/// Checks the message, makes the alias's of it and spools that: on disk when this answers. What is found of who sent
/// it goes into `auth`.
async fn take(
    parts: &Parts,
    came: Came<'_>,
    alias: &Mailbox,
    recipients: Vec<Recipient>,
    auth: &mut String,
) -> Result<Taken, Reply> {
    let Came { sender, id, now, mut transaction, memory } = came;
    let mut message = std::mem::replace(&mut transaction.message, Ok(Vec::new()))?;
    if let Some(kept) = without_mbox_line(&message) {
        message.drain(..message.len() - kept.len());
    }
    let (hosted, outside): (Vec<Recipient>, Vec<Recipient>) =
        leading_on(&recipients).partition(|to| match &to.path {
            ForwardPath::Mailbox(mailbox) => parts.aliases.is_hosted(mailbox.domain()),
            ForwardPath::Postmaster => true,
        });
    // What came by the alias is no answer, whoever sends it on: it would go round in a circle.
    let itself = Recipient {
        path: ForwardPath::Mailbox(alias.clone()),
        ..Recipient::clone(recipients.first().ok_or_else(Reply::local_error)?)
    };
    let passed: Vec<Recipient> = hosted.iter().cloned().chain([itself]).collect();
    let mut loop_tokens = checks::submitted(parts, &message, &passed)?;
    loop_tokens.truncate(hosted.len());

    let (findings, judged) = judge(parts, sender, &message, now, &recipients).await;
    *auth = format!("{findings}; answer by address");
    let Proven { mailbox, is_live } = judged?;
    signs(parts, alias)?;
    let prints = if is_live { Vec::new() } else { prints(&message, alias, &recipients) };
    if !prints.is_empty() && prints.iter().all(|print| parts.store.was_delivered(print, now)) {
        return Ok(Taken { filter: None, notes: vec![AGAIN.to_owned()], spooled: Vec::new() });
    }
    rewrite::rewrite(parts, alias, &mailbox, &recipients, &mut message).await?;
    let message = memory.hold(message);
    let from = Authors::read(&Header::scan(&message))?;

    let reverse_path = ReversePath::Mailbox(alias.clone());
    let sender = &Sender::new(sender.ip(), sender.helo(), &reverse_path);
    let forward_paths = leading_on(&recipients).map(|to| to.path).collect();
    let envelope = Envelope { reverse_path, forward_paths, ..transaction.envelope };
    let transaction = Transaction { envelope, ..transaction };

    let everybody: Vec<&ForwardPath> = transaction.envelope.forward_paths.iter().collect();
    let (tls, user) = (transaction.tls.as_ref(), alias.to_string());
    let spam = spam::check(parts, &user, sender, everybody, id, tls, &message).await?;
    let counted = checks::Counted::of(parts, sender.ip(), &hosted).await?;
    let cloth = dress::Cloth {
        account: None,
        cause: Cause::named(&format!("answers of {}", alias.to_key())),
        came: &transaction,
        sender,
        from: &from,
        message: &message,
        marks: &spam.marks,
        id,
        arrived: clock::steady_millis(),
        // The listener for everybody offers no DSN.
        asked: &[],
    };
    let messages = cloth.messages(parts, &outside, &hosted, &loop_tokens)?;
    let to = &transaction.envelope.forward_paths;
    let claim = parts.answers.claim(&mailbox.to_key(), to)?;
    let spooled = keep(parts, messages).await.map_err(|error: SpoolError| {
        tracing::warn!(%id, %error, "not spooled");
        error.reply()
    })?;
    claim.spend();
    counted.spend(now);
    if !prints.is_empty()
        && let Err(error) = parts.store.remember_delivered(prints, now + MEMORY).await
    {
        tracing::error!(%error, "cannot remember an answer, which may leave again");
    }
    let lost = recipients.into_iter().flat_map(|to| to.lost);
    Ok(Taken { filter: spam.verdict, notes: lost.chain(spam.note).collect(), spooled })
}

/// The names of an answer to each of its recipients.
fn prints(message: &[u8], alias: &Mailbox, recipients: &[Recipient]) -> Vec<Fingerprint> {
    let header = Header::scan(message);
    let Some(id) = header.named("Message-ID").next() else { return Vec::new() };
    let (id, alias) = (id.value.trim_ascii(), alias.to_key());
    let print =
        |to: &Recipient| fingerprint([b"answer", alias.as_bytes(), id, to.key().as_bytes()]);
    recipients.iter().map(print).collect()
}

/// What is not signed by the alias's domain is not believed.
///
/// # Errors
/// The reply that refuses the answer.
pub(crate) fn signs(parts: &Parts, alias: &Mailbox) -> Result<(), Reply> {
    match parts.signs_for(alias.domain()) {
        true => Ok(()),
        false => Err(Reply::no_signing_key(&alias.domain().to_key())),
    }
}

/// The recipients as those whom they stand for.
fn leading_on(recipients: &[Recipient]) -> impl Iterator<Item = Recipient> + '_ {
    recipients.iter().filter_map(|recipient| {
        let to = recipient.answered.as_ref()?.to.clone();
        Some(Recipient { path: ForwardPath::Mailbox(to), answered: None, ..recipient.clone() })
    })
}
