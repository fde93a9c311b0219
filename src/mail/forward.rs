//! DATA: the way of one message, from its checks to the reply that covers all recipients.

use super::{
    checks::{self, Report, Subject, is_signed_by_sender},
    delivery::{Delivery, Message},
    dnsbl::Said,
    dress::{Dressed, Fabric, dress},
    late::Announcement,
    look::Bearer,
    parts::Parts,
    plan::{keep_sender, plan, shorts},
    prints::fingerprint,
    recipient::Recipient,
    record::{Conclusion, not_taken},
    retell::{Retold, retell, seal},
    sender::{Evidence, Sender},
    share::Share,
    spool::{Added, NotTaken, Taking, take},
    srs::KeptSender,
};
use crate::{
    address::{ForwardPath, ReversePath},
    alias::Ways,
    fate::{Bounce, DestinationOutcome, Doubt, Fate, RecipientFate, Verdict},
    inbound::{Peer, Reservation},
    message::{Header, MessageId, Received, Source, delivered_to, prefix},
    reply::{Class, Reply},
    slots::Cause,
    smtp::Transaction,
    store::{Fingerprint, journal::Outcome},
    time::UnixTime,
};
use ecow::eco_format;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// For how long a sender that was asked to come again is given the refusal of one recipient by
/// itself.
const REFUSAL_MEMORY: Duration = Duration::from_hours(6);

/// Most destinations have answered by then. For the others it will matter who sent the message, and is
/// found out while they are waited for.
const HEAD_START: Duration = Duration::from_secs(1);

/// A message that is to be handed on while its client waits.
#[derive(Debug)]
pub(super) struct Forward<'a> {
    pub(super) parts: &'a Arc<Parts>,
    /// Who is connected.
    pub(super) peer: &'a Peer,
    pub(super) sender: &'a Sender,
    /// Lists that have its client or its reverse-path.
    pub(super) listed: &'a [Said],
    pub(super) id: MessageId,
    /// When the message came.
    pub(super) now: UnixTime,
}

/// How the transaction ends.
struct End {
    reply: Reply,
    outcome: Outcome,
    note: Option<String>,
    spooled: Vec<Added>,
}

impl End {
    /// The client keeps the message, or knows that it is refused.
    fn not_taken(reply: Reply) -> Self {
        Self { outcome: not_taken(&reply), reply, note: None, spooled: Vec::new() }
    }

    /// The client keeps the message, and the journal says why if that is not the usual.
    fn doubted(reply: Reply, doubt: Doubt) -> Self {
        Self { note: doubt.note(), ..Self::not_taken(reply) }
    }
}

impl Forward<'_> {
    /// Checks, plans, dresses and delivers a message for these recipients; what is left over is spooled, told
    /// or given back.
    pub(super) async fn run(
        &self,
        mut transaction: Transaction,
        memory: Reservation,
        mut recipients: Vec<Recipient>,
    ) -> Conclusion {
        let began = Instant::now();
        let ways = Recipient::ways_of(&recipients);
        let deadline = began + self.parts.config.delivery.budget;
        let came = std::mem::replace(&mut transaction.message, Ok(Vec::new()));
        let mut report = match came {
            Ok(message) => {
                let Self { sender, listed, id, now, .. } = *self;
                let (recipients, tls) = (&*recipients, transaction.tls.as_ref());
                let subject = Subject { sender, recipients, listed, id, tls, now };
                checks::run(self.parts, &subject, message, memory).await
            }
            Err(reply) => Report::objecting(reply, &recipients),
        };
        report.notes.extend(
            transaction.is_normalized.then(|| "bare LF in the message made CRLF".to_owned()),
        );
        if report.objection.is_none() {
            let from = self.sender.reverse_path();
            report.leave_out_by_author(self.parts, &mut recipients, from);
        }
        let delivery = match report.objection.take() {
            Some(reply) => Err(reply),
            None => {
                let from = self.sender.reverse_path();
                match retell(self.parts, self.id, from, &report.message, recipients).await {
                    Ok(mut retold) => {
                        report.notes.append(&mut retold.notes);
                        self.dress(&transaction, &mut report, retold, began).await
                    }
                    Err(reply) => Err(reply),
                }
            }
        };
        let returning = report.returning.take();
        let (counted, rule) = (std::mem::take(&mut report.counted), report.rule.take());
        let mut conclusion = match delivery {
            Ok((delivery, kept)) => self.deliver(report, delivery, kept, deadline).await,
            Err(reply) => Conclusion {
                outcome: not_taken(&reply),
                reply,
                srs_from: None,
                auth: report.conclusion,
                filter: report.filtered.and_then(Result::ok),
                notes: report.notes,
                attempts: Vec::new(),
                ways: Ways::default(),
                rule,
                spooled: Vec::new(),
                announced: Announcement::default(),
            },
        };
        conclusion.ways = ways;
        if conclusion.reply.is_positive() {
            counted.spend(self.parts, self.now).await;
        }
        // It will come again: one bounce is one use, however often it is tried.
        if conclusion.reply.class() == Class::Transient
            && let Some(returning) = returning
        {
            self.parts.return_uses.give_back(&returning);
        }
        conclusion
    }

    /// Makes what leaves for each recipient. The long sender of a short reverse-path is kept then, for nothing
    /// stands against the message any more but what its destinations may say.
    async fn dress(
        &self,
        came: &Transaction,
        report: &mut Report,
        Retold { dressed: retold, others: recipients, .. }: Retold,
        began: Instant,
    ) -> Result<(Delivery, Option<KeptSender>), Reply> {
        let Self { parts, sender, now, .. } = *self;
        let asks_utf8 = came.envelope.parameters.smtputf8;
        let received = Received {
            helo: &came.helo,
            client: &eco_format!("{}", self.peer),
            hostname: parts.config.hostname.as_str(),
            esmtp: came.esmtp,
            tls: came.tls.as_ref().map(ToString::to_string),
            smtputf8: asks_utf8,
            id: self.id,
            forward_paths: &came.envelope.forward_paths,
            now,
        };
        // Notices of our own are ASCII.
        let is_as_it_came = !recipients.is_empty();
        let planned = plan(parts, sender, recipients, now, began).await?;
        let looks = Bearer { parts, sender, now }.looks(report, &planned).await?;
        let octets = report.message.clone();
        let header = Header::scan(&octets);
        let seal = seal(parts, self.id, sender.reverse_path(), &header);
        let mut trace = prefix(&received, seal.as_ref(), &report.loop_tokens);
        // In every form, whatever signatures cover: a sender could not be kept from signing "no X-Spam".
        trace.push_str(&report.fields);
        trace.push_str(&report.marks);
        // A mail that returns goes to a sender, who knows no SRS address.
        let is_return = planned.iter().any(|to| to.recipient.is_srs_return());
        let delivered_to = match is_return {
            true => String::new(),
            false => delivered_to(&came.envelope.forward_paths),
        };
        // A field of the author's that becomes another must not cost the mail what it passes DMARC by.
        let is_answered = looks.iter().any(|look| look.answered_as.is_some());
        let is_known = report.authentication.is_some()
            && parts.config.auth.policy.dmarc != crate::verdict::Check::Off;
        let proof = match is_answered && !is_known {
            true => Some(checks::proof(parts, sender, &report.message, now).await),
            false => None,
        };
        let mut notes = Vec::new();
        let source = Arc::new(Source::from(report.message.clone()));
        let fabric = Fabric {
            id: self.id,
            report,
            proof,
            header: &header,
            source: Arc::clone(&source),
            trace,
            delivered_to,
            now,
        };
        let shorts = shorts(&planned);
        let dressed = dress(parts, &fabric, planned, looks, &mut notes).await;
        report.notes.extend(notes);
        let dressed = dressed?;
        let kept = keep_sender(parts, sender, &shorts, now).await?;
        let message = Message {
            reverse_path: sender.reverse_path().clone(),
            cause: Cause::of(sender.ip(), sender.reverse_path()),
            eight_bit: is_as_it_came && !report.message.is_ascii(),
            // Asked for and not used, SMTPUTF8 need not bar a destination that lacks it.
            smtputf8: is_as_it_came && asks_utf8 && needs_utf8(report, &dressed),
            source,
            now,
        };
        Ok((Delivery::new(message, retold.into_iter().chain(dressed).collect()), kept))
    }

    async fn deliver(
        &self,
        report: Report,
        mut delivery: Delivery,
        kept: Option<KeptSender>,
        deadline: Instant,
    ) -> Conclusion {
        let Self { parts, sender, .. } = *self;
        let ask_meanwhile = async {
            tokio::time::sleep(HEAD_START).await;
            sender.is_authenticated(parts).await;
            std::future::pending().await
        };
        tokio::select! {
            () = delivery.run(parts, deadline) => {}
            () = ask_meanwhile => {}
        }
        let fates: Vec<RecipientFate> = delivery.shares.iter().map(Share::fate).collect();
        let bounce = match Fate::hangs_on_bounce(&fates) {
            true => sender.bounce(parts, Some(self.evidence(&report).await)).await,
            false => Bounce::Unsafe(Doubt::Unproven),
        };
        let is_partial = delivery.shares.iter().any(|share| !share.recipient.lost.is_empty())
            || fates.contains(&RecipientFate::Delivered { lost: true });
        let end = match Fate::of(&fates, bounce) {
            Fate::Delivered => self.through(&delivery, is_partial),
            Fate::Taken => self.taken(&delivery, &fates, is_partial).await,
            Fate::Refused(reply) => End::not_taken(reply),
            Fate::Returned(reply) => self.returned(&delivery, reply, bounce).await,
        };
        if let Some(kept) = kept
            && end.spooled.is_empty()
            && !may_have_left(&delivery)
        {
            kept.take_back().await;
        }
        Conclusion {
            reply: end.reply,
            outcome: end.outcome,
            srs_from: delivery.srs_from(),
            auth: report.conclusion,
            filter: report.filtered.and_then(Result::ok),
            notes: report.notes.into_iter().chain(end.note).collect(),
            attempts: delivery.attempts,
            ways: Ways::default(),
            rule: None,
            spooled: end.spooled,
            announced: delivery.announced,
        }
    }

    /// The first 250: every recipient's mail is with its destination, or is thrown away as the alias says.
    fn through(&self, delivery: &Delivery, is_partial: bool) -> End {
        let id = self.id.to_string();
        let is_discarded =
            delivery.shares.iter().all(|share| share.recipient.destinations.is_empty());
        let (reply, outcome) = match (is_discarded, is_partial) {
            (true, _) => (Reply::discarded(&id), Outcome::Discarded),
            (false, true) => (Reply::forwarded(&id), Outcome::Partial),
            (false, false) => (Reply::forwarded(&id), Outcome::Forwarded),
        };
        End { reply, outcome, note: None, spooled: Vec::new() }
    }

    /// The other 250: we answer for the message from now on. What did not go through is on disk, or in a DSN
    /// that is.
    async fn taken(&self, delivery: &Delivery, fates: &[RecipientFate], is_partial: bool) -> End {
        let taking = Taking {
            id: self.id,
            client: self.sender.ip(),
            helo: self.sender.helo(),
            delivery,
            partial: is_partial,
        };
        let spooled = match take(self.parts, &taking).await {
            Ok(spooled) => spooled,
            Err(NotTaken::NoRoom(error)) => {
                tracing::warn!(id = %self.id, %error, "not spooled");
                return self.returned(delivery, error.reply(), Bounce::Safe).await;
            }
            Err(NotTaken::NotNow(reply)) => {
                return self.returned(delivery, reply, Bounce::Safe).await;
            }
            // Somebody was faster since it was asked for.
            Err(NotTaken::Silence(silence)) => {
                let bounce = Bounce::Unsafe(Doubt::Untold(silence));
                let reply = match Fate::of(fates, bounce) {
                    Fate::Returned(reply) | Fate::Refused(reply) => reply,
                    Fate::Delivered | Fate::Taken => Reply::mixed_verdicts(),
                };
                return self.returned(delivery, reply, bounce).await;
            }
        };
        let refused = delivery.refused().map(|(share, _)| share.recipient.path.bare());
        let refused = refused.collect::<Vec<_>>().join(", ");
        let id = self.id.to_string();
        let waits = fates.iter().any(|fate| matches!(fate, RecipientFate::Deferred(_)));
        let (reply, outcome) = match waits {
            true => (Reply::spooled(&id), Outcome::Spooled),
            false => (Reply::forwarded_in_part(&id), Outcome::Partial),
        };
        let note =
            (!refused.is_empty()).then(|| format!("refused, and the sender is told: {refused}"));
        End { reply, outcome, note, spooled }
    }

    /// Neither of the two: the client keeps the message and comes again.
    async fn returned(&self, delivery: &Delivery, reply: Reply, bounce: Bounce) -> End {
        self.remember(delivery).await;
        if let Bounce::Unsafe(Doubt::Untold(silence)) = bounce {
            self.parts.metrics.notice(Some(silence));
        }
        match bounce {
            Bounce::Unsafe(doubt) => End::doubted(reply, doubt),
            Bounce::Safe | Bounce::Never => End::not_taken(reply),
        }
    }

    /// What the message itself says of who sent it.
    async fn evidence<'r>(&self, report: &'r Report) -> Evidence<'r> {
        let Self { parts, sender, now, .. } = *self;
        let checked = report.authentication.as_ref();
        // SPF is asked first: it says the same and costs less.
        let is_known = checked.is_none() && sender.is_authenticated(parts).await;
        let is_signed =
            !is_known && is_signed_by_sender(parts, sender, &report.message, now, checked).await;
        Evidence { is_signed, message: &report.message }
    }

    /// The sender will come again with this message: who has it and who refused need not be asked then.
    async fn remember(&self, delivery: &Delivery) {
        delivery.remember(self.parts).await;
        let refusals: Vec<_> = delivery
            .refused()
            .map(|(share, reply)| {
                let key = refusal_key(self.sender.reverse_path(), &share.recipient);
                (key, reply.to_keep())
            })
            .collect();
        if refusals.is_empty() {
            return;
        }
        let expires = self.now + REFUSAL_MEMORY;
        // Not kept means that the sender is asked to split once more.
        if let Err(error) = self.parts.store.remember_refused(refusals, expires).await {
            tracing::error!(%error, "cannot remember refusals");
        }
    }
}

/// Whether somebody may have a copy, who may send it back later.
fn may_have_left(delivery: &Delivery) -> bool {
    let mut legs = delivery.shares.iter().flat_map(|share| &share.legs);
    legs.any(|leg| {
        let is_delivered = |outcome: &DestinationOutcome| outcome.verdict == Verdict::Delivered;
        leg.is_uncertain || leg.outcome.as_ref().is_some_and(is_delivered)
    })
}

/// Whether a destination must know SMTPUTF8 for what is in the header section.
fn needs_utf8(report: &Report, dressed: &[Dressed]) -> bool {
    let is_ascii = |to: &Dressed| match &to.recipient.path {
        ForwardPath::Mailbox(mailbox) if to.form.is_munged => mailbox.local().is_ascii(),
        ForwardPath::Mailbox(_) | ForwardPath::Postmaster => true,
    };
    !Header::scan(&report.message).bytes().is_ascii() || !dressed.iter().all(is_ascii)
}

/// Under which a refusal is kept for the sender's next try.
pub(super) fn refusal_key(reverse_path: &ReversePath, recipient: &Recipient) -> Fingerprint {
    let sender = reverse_path.mailbox().map_or_else(String::new, ToString::to_string);
    fingerprint([sender.as_bytes(), recipient.key().as_bytes()])
}
