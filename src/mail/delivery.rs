//! DATA: from accepted recipients to what became of the message at each destination.

use super::{
    dress::{Form, Forms},
    parts::Services,
    recipient::{Destination, Recipient},
};
use crate::{
    address::{Mailbox, ReversePath},
    clock,
    fate::{Outcome, RecipientFate, Verdict},
    metrics,
    next_hop::{NextHop, Target},
    outbound::{Attempt, Outgoing},
    reply::Reply,
    srs::Forwarded,
    store::{
        Fingerprint, journal,
        spool::{self, LegState},
    },
    time::{Millis, UnixTime, whole_millis},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::{task::JoinSet, time::Instant};

/// For how long it is remembered who has a message whose sender was told to come again: as long as
/// senders usually try.
const MEMORY: Duration = Duration::from_hours(5 * 24);
/// Mailboxes of one transaction: as many as every server must take (RFC 5321 §4.5.3.1.8).
const MAX_RECIPIENTS: usize = 100;

/// A message to deliver.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// As the client gave it.
    pub(super) reverse_path: ReversePath,
    /// What leaves.
    pub(super) forms: Forms,
    /// As it came.
    pub(super) bytes: Bytes,
    /// A signature is that of the reverse-path's domain; `None`: nobody has looked.
    pub(super) is_signed: Option<bool>,
    /// It has bytes above 127.
    pub(super) eight_bit: bool,
    /// Its header section needs SMTPUTF8; addresses speak for themselves.
    pub(super) smtputf8: bool,
    /// It asks for no notices, or a notice might go round in circles.
    pub(super) wants_no_notice: bool,
    /// When it came.
    pub(super) now: UnixTime,
}

/// What is to be delivered, and what came of it.
#[derive(Debug)]
pub(super) struct Delivery {
    legs: Vec<Leg>,
    /// For each recipient its legs, as positions in `legs`.
    of_recipient: Vec<Vec<usize>>,
    /// What was tried, for the journal.
    pub(super) attempts: Vec<journal::AttemptLine>,
}

/// One copy: a destination mailbox under one rewritten reverse-path.
#[derive(Debug)]
struct Leg {
    reverse_path: ReversePath,
    to: Destination,
    /// The place of its form.
    form: usize,
    outcome: Option<Outcome>,
    /// Its end of data was sent and never answered.
    is_uncertain: bool,
}

impl Delivery {
    /// Rewrites the reverse-path for each recipient; destinations that several recipients share get
    /// one copy.
    ///
    /// # Errors
    /// The reply for the client when the reverse-path cannot be rewritten.
    pub(super) async fn plan(
        services: &Services,
        message: &Message,
        recipients: &[Recipient],
    ) -> Result<Self, Reply> {
        let mut plan = Self { legs: Vec::new(), of_recipient: Vec::new(), attempts: Vec::new() };
        let mut shared = HashMap::new();
        for (number, recipient) in recipients.iter().enumerate() {
            let form = message.forms.of_recipient(number);
            let reverse_path = rewrite(services, message, recipient).await?;
            let mut legs = Vec::with_capacity(recipient.destinations.len());
            for to in &recipient.destinations {
                let at = *shared.entry((to, reverse_path.clone(), form)).or_insert_with(|| {
                    let (reverse_path, to) = (reverse_path.clone(), to.clone());
                    let (outcome, is_uncertain) = (None, false);
                    plan.legs.push(Leg { reverse_path, to, form, outcome, is_uncertain });
                    plan.legs.len() - 1
                });
                legs.push(at);
            }
            plan.of_recipient.push(legs);
        }
        Ok(plan)
    }

    /// The first rewritten reverse-path, for the journal.
    pub(super) fn srs_from(&self) -> Option<String> {
        self.legs.first()?.reverse_path.mailbox().map(ToString::to_string)
    }

    /// Delivers every leg that nobody has yet, one transaction a destination group or several where it
    /// is large, all at once, until `deadline`.
    pub(super) async fn run(&mut self, services: &Services, message: &Message, deadline: Instant) {
        self.recall(services, message).await;
        let mut groups: BTreeMap<(NextHop, String, usize), Vec<usize>> = BTreeMap::new();
        for (at, leg) in self.legs.iter().enumerate().filter(|(_, leg)| leg.outcome.is_none()) {
            let group = (leg.to.next_hop.clone(), leg.reverse_path.to_string(), leg.form);
            groups.entry(group).or_default().push(at);
        }
        let began = clock::millis();
        let mut under_way = JoinSet::new();
        let transactions = groups.iter().flat_map(|((next_hop, ..), legs)| {
            legs.chunks(MAX_RECIPIENTS).map(move |legs| (next_hop.clone(), legs.to_vec()))
        });
        for (next_hop, legs) in transactions {
            let Some(outgoing) = self.outgoing(message, &legs) else { continue };
            let outbound = Arc::clone(&services.outbound);
            let deliver =
                async move { (legs, outbound.deliver(&next_hop, &outgoing, deadline).await) };
            under_way.spawn(deliver);
        }
        while let Some(joined) = under_way.join_next().await {
            match joined {
                Ok((legs, attempts)) => {
                    self.tell_spool(services, &legs, &attempts);
                    for (at, attempt) in legs.into_iter().zip(attempts) {
                        self.conclude(services, at, attempt, began);
                    }
                }
                Err(error) => tracing::error!(%error, "a delivery ended without a verdict"),
            }
        }
    }

    /// A host that takes this message may be one that others wait for.
    fn tell_spool(&self, services: &Services, legs: &[usize], attempts: &[Attempt]) {
        let is_delivered = |attempt: &Attempt| attempt.outcome.verdict == Verdict::Delivered;
        let leg = legs.first().and_then(|at| self.legs.get(*at));
        if let Some(leg) = leg.filter(|_| attempts.iter().any(is_delivered)) {
            services.spool.answered(&leg.to.next_hop);
        }
    }

    /// Takes the verdict on one leg. Mailboxes of one transaction that were answered alike share a line
    /// of the journal.
    fn conclude(&mut self, services: &Services, at: usize, attempt: Attempt, began: Millis) {
        let Some(leg) = self.legs.get_mut(at) else { return };
        count_attempt(services, &leg.to.next_hop, &attempt);
        let to = std::slice::from_ref(&leg.to.mailbox);
        let line = journal_line(to, &attempt, &leg.to.next_hop, began);
        leg.is_uncertain = attempt.uncertain;
        leg.outcome = Some(attempt.outcome);
        match self.attempts.last_mut() {
            Some(last)
                if last.host == line.host
                    && last.reply == line.reply
                    && last.ms == line.ms
                    && last.tls == line.tls =>
            {
                last.to.extend(line.to);
            }
            _ => self.attempts.push(line),
        }
    }

    fn outgoing(&self, message: &Message, legs: &[usize]) -> Option<Outgoing> {
        let mut legs = legs.iter().filter_map(|at| self.legs.get(*at)).peekable();
        let first = legs.peek()?;
        let reverse_path = first.reverse_path.clone();
        let Form { prefix, bytes } = message.forms.get(first.form)?.clone();
        Some(Outgoing {
            reverse_path,
            recipients: legs.map(|leg| leg.to.mailbox.clone()).collect(),
            prefix,
            message: bytes,
            eight_bit: message.eight_bit,
            smtputf8: message.smtputf8,
            checkpoint: None,
        })
    }

    /// What the recipients come to. A leg without outcome counts as deferred: nothing says that
    /// anybody has it.
    pub(super) fn fates(&self) -> Vec<RecipientFate> {
        let recipients = self.of_recipient.iter();
        recipients
            .map(|legs| {
                let legs = legs.iter().filter_map(|at| self.legs.get(*at));
                RecipientFate::of(&legs.map(Leg::verdict).collect::<Vec<_>>())
            })
            .collect()
    }

    /// The legs of one recipient for the spool, each with the place of its form; what is deferred is due
    /// at `due`.
    pub(super) fn to_spool(
        &self,
        at: usize,
        recipient: &Recipient,
        due: Millis,
    ) -> Vec<(usize, spool::Leg)> {
        let legs = self.of_recipient.get(at).into_iter().flatten();
        legs.filter_map(|at| self.legs.get(*at))
            .map(|leg| {
                let Outcome { verdict, reply } = leg.verdict();
                let spooled = spool::Leg {
                    recipient: recipient.path.clone(),
                    mailbox: leg.to.mailbox.clone(),
                    reverse_path: leg.reverse_path.clone(),
                    state: match verdict {
                        Verdict::Delivered => LegState::Delivered,
                        Verdict::Refused => LegState::Failed,
                        Verdict::Deferred if leg.is_uncertain => LegState::Uncertain,
                        Verdict::Deferred => LegState::Queued,
                    },
                    was_uncertain: false,
                    attempts: 1,
                    next_attempt: due,
                    reply: reply.to_keep(),
                };
                (leg.form, spooled)
            })
            .collect()
    }

    /// Remembers which legs are delivered, so that the sender's next try reaches only the others.
    pub(super) async fn remember(&self, services: &Services, message: &Message) {
        let is_delivered =
            |leg: &&Leg| matches!(leg.outcome, Some(Outcome { verdict: Verdict::Delivered, .. }));
        let delivered: Vec<&Leg> = self.legs.iter().filter(is_delivered).collect();
        if delivered.is_empty() {
            return;
        }
        let digest = Sha256::digest(&message.bytes);
        let prints = delivered.iter().map(|leg| print_of(message, &leg.to.mailbox, &digest));
        let prints = prints.collect();
        // Not remembered means a duplicate, which beats a loss.
        if let Err(error) = services.store.remember_delivered(prints, message.now + MEMORY).await {
            tracing::error!(%error, "cannot remember deliveries, the sender may cause duplicates");
        }
    }

    /// Marks what earlier tries of the sender delivered.
    async fn recall(&mut self, services: &Services, message: &Message) {
        // Hashing every message would cost more than all the rest; seldom is anything remembered.
        if !services.store.remembers_deliveries() {
            return;
        }
        let digest = Sha256::digest(&message.bytes);
        for leg in &mut self.legs {
            let print = print_of(message, &leg.to.mailbox, &digest);
            if services.store.was_delivered(&print, message.now) {
                leg.outcome = Some(Outcome { verdict: Verdict::Delivered, reply: Reply::ok() });
            }
        }
    }
}

impl Leg {
    fn verdict(&self) -> Outcome {
        self.outcome.clone().unwrap_or_else(|| Outcome {
            verdict: Verdict::Deferred,
            reply: Reply::destination_lost(),
        })
    }
}

/// Counts an attempt.
pub(super) fn count_attempt(services: &Services, hop: &NextHop, attempt: &Attempt) {
    let destination = match &hop.target {
        Target::Mx(domain) => metrics::Destination::of(domain.as_str()),
        _ => metrics::Destination::Route,
    };
    let class = class_of(attempt);
    services.metrics.attempt(destination, class, attempt.elapsed.as_secs_f64());
}

fn class_of(attempt: &Attempt) -> &'static str {
    match attempt.outcome.verdict {
        _ if attempt.uncertain => "uncertain",
        Verdict::Delivered => "delivered",
        Verdict::Refused => "refused",
        Verdict::Deferred => "deferred",
    }
}

/// The line of the journal about an attempt on `to`, which began at `began`.
pub(super) fn journal_line(
    to: &[Mailbox],
    attempt: &Attempt,
    hop: &NextHop,
    began: Millis,
) -> journal::AttemptLine {
    let verdict = class_of(attempt);
    let theirs = attempt.theirs.as_ref().map(ToString::to_string);
    journal::AttemptLine {
        time: began,
        to: to.iter().map(ToString::to_string).collect(),
        host: attempt.remote.clone().unwrap_or_else(|| hop.to_string()),
        reply: theirs.unwrap_or_else(|| attempt.outcome.reply.to_string()),
        ms: whole_millis(attempt.elapsed),
        tls: attempt.tls.clone(),
        verdict: verdict.to_owned(),
    }
}

/// Names a message from one sender at one destination: what the sender sends again is the same.
fn print_of(message: &Message, destination: &Mailbox, digest: &[u8]) -> Fingerprint {
    let sender = message.reverse_path.to_string();
    fingerprint([sender.as_bytes(), destination.to_key().as_bytes(), digest])
}

/// A digest of `parts` in which no border between them can move.
pub(super) fn fingerprint<const N: usize>(parts: [&[u8]; N]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

async fn rewrite(
    services: &Services,
    message: &Message,
    recipient: &Recipient,
) -> Result<ReversePath, Reply> {
    let ReversePath::Mailbox(sender) = &message.reverse_path else {
        return Ok(ReversePath::Null);
    };
    let rewriter = services.rewriter();
    let counted = |result| services.metrics.srs_forward(result);
    let rewritten = match rewriter.forward(sender, &recipient.srs_domain, message.now) {
        Forwarded::Unchanged => {
            counted(metrics::Forwarded::Unchanged);
            sender.clone()
        }
        Forwarded::Rewritten(rewritten) => {
            counted(metrics::Forwarded::Rewritten);
            rewritten
        }
        Forwarded::TooLong => {
            let kept =
                services.shorten(&rewriter, sender, &recipient.srs_domain, message.now).await;
            counted(match kept {
                Ok(_) => metrics::Forwarded::Kept,
                Err(_) => metrics::Forwarded::Failed,
            });
            kept?
        }
    };
    Ok(ReversePath::Mailbox(rewritten))
}
