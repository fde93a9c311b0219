//! From dressed recipients to what became of the message at each destination.

use super::{
    dress::{Dressed, Form},
    parts::Parts,
    recipient::Recipient,
};
use crate::{
    address::{Mailbox, ReversePath},
    clock,
    fate::{DestinationOutcome, RecipientFate, Verdict},
    metrics,
    next_hop::{Destination, NextHop, Target},
    outbound::{Attempt, Outgoing},
    reply::Reply,
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

/// A message to deliver, whatever form it leaves in.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The reverse-path as the client gave it.
    pub(crate) reverse_path: ReversePath,
    /// The message as it came.
    pub(crate) bytes: Bytes,
    /// The message has octets above 127.
    pub(crate) eight_bit: bool,
    /// The header section needs SMTPUTF8; addresses speak for themselves.
    pub(crate) smtputf8: bool,
    /// When the message came.
    pub(crate) now: UnixTime,
}

/// What is to be delivered, and what came of it.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) message: Message,
    pub(crate) shares: Vec<Share>,
    /// What was tried, for the journal.
    pub(crate) attempts: Vec<journal::AttemptLine>,
}

/// A recipient's share in a delivery: what leaves for it, and where to.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) recipient: Recipient,
    pub(crate) reverse_path: ReversePath,
    pub(crate) form: Arc<Form>,
    legs: Vec<Leg>,
}

/// One copy: a destination mailbox of a recipient. Recipients that share a mailbox, a reverse-path and a form
/// have legs that go in one transaction, and as one copy.
#[derive(Debug)]
struct Leg {
    to: Destination,
    outcome: Option<DestinationOutcome>,
    /// The end of data of this copy was sent and never answered.
    is_uncertain: bool,
}

/// What goes in one transaction: a next hop, and the reverse-path and number of the form.
type Group = (NextHop, String, usize);

impl Delivery {
    pub(crate) fn new(message: Message, recipients: Vec<Dressed>) -> Self {
        let share = |Dressed { recipient, reverse_path, form }: Dressed| {
            let leg = |to: &Destination| Leg { to: to.clone(), outcome: None, is_uncertain: false };
            let legs = recipient.destinations.iter().map(leg).collect();
            Share { recipient, reverse_path, form, legs }
        };
        let shares = recipients.into_iter().map(share).collect();
        Self { message, shares, attempts: Vec::new() }
    }

    /// The first rewritten reverse-path, for the journal.
    pub(crate) fn srs_from(&self) -> Option<String> {
        let first = self.shares.iter().find(|share| !share.legs.is_empty())?;
        first.reverse_path.mailbox().map(ToString::to_string)
    }

    /// The shares that their destinations refused, with the reply.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&Share, Reply)> {
        self.shares.iter().filter_map(|share| match share.fate() {
            RecipientFate::Refused(reply) => Some((share, reply)),
            RecipientFate::Delivered { .. } | RecipientFate::Deferred(_) => None,
        })
    }

    /// Delivers every leg that nobody has yet, one transaction a destination group or several where it
    /// is large, all at once, until `deadline`.
    pub(crate) async fn run(&mut self, parts: &Parts, deadline: Instant) {
        self.recall(parts);
        let began = clock::millis();
        let mut under_way = JoinSet::new();
        for (group, outgoing) in self.transactions() {
            let network = Arc::clone(&parts.network);
            under_way.spawn(async move {
                let attempts = network.deliver(&group.0, &outgoing, deadline).await;
                (group, outgoing.recipients, attempts)
            });
        }
        while let Some(joined) = under_way.join_next().await {
            match joined {
                Ok((group, mailboxes, attempts)) => {
                    // A host that takes this message may be one that others wait for.
                    if attempts.iter().any(|a| a.outcome.verdict == Verdict::Delivered) {
                        parts.spool.answered(&group.0);
                    }
                    for (mailbox, attempt) in mailboxes.iter().zip(&attempts) {
                        count_attempt(parts, &group.0, attempt);
                        let to = std::slice::from_ref(mailbox);
                        self.note(journal_line(to, attempt, &group.0, began));
                    }
                    self.conclude(&group, mailboxes.into_iter().zip(attempts).collect());
                }
                Err(error) => tracing::error!(%error, "a delivery ended without a verdict"),
            }
        }
    }

    /// What is to be sent where: the legs that have no outcome yet.
    fn transactions(&self) -> Vec<(Group, Outgoing)> {
        let mut groups: BTreeMap<Group, (&Share, Vec<Mailbox>)> = BTreeMap::new();
        for share in &self.shares {
            for leg in share.legs.iter().filter(|leg| leg.outcome.is_none()) {
                let (_, mailboxes) =
                    groups.entry(share.group(leg)).or_insert_with(|| (share, Vec::new()));
                if !mailboxes.contains(&leg.to.mailbox) {
                    mailboxes.push(leg.to.mailbox.clone());
                }
            }
        }
        let mut transactions = Vec::with_capacity(groups.len());
        for (group, (share, mailboxes)) in groups {
            for some in mailboxes.chunks(MAX_RECIPIENTS) {
                let outgoing = Outgoing {
                    reverse_path: share.reverse_path.clone(),
                    recipients: some.to_vec(),
                    prefix: share.form.prefix.clone(),
                    message: share.form.bytes.clone(),
                    eight_bit: self.message.eight_bit,
                    smtputf8: self.message.smtputf8,
                    checkpoint: None,
                };
                transactions.push((group.clone(), outgoing));
            }
        }
        transactions
    }

    /// Takes the verdicts of one transaction.
    fn conclude(&mut self, group: &Group, attempts: HashMap<Mailbox, Attempt>) {
        for share in &mut self.shares {
            if share.reverse_path.to_string() != group.1 || share.form.number != group.2 {
                continue;
            }
            for leg in share.legs.iter_mut().filter(|leg| leg.to.next_hop == group.0) {
                if let Some(attempt) = attempts.get(&leg.to.mailbox) {
                    leg.is_uncertain = attempt.uncertain;
                    leg.outcome = Some(attempt.outcome.clone());
                }
            }
        }
    }

    /// Mailboxes of one transaction that were answered alike share a line of the journal.
    fn note(&mut self, line: journal::AttemptLine) {
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

    /// Remembers which legs are delivered, so that the sender's next try reaches only the others.
    pub(crate) async fn remember(&self, parts: &Parts) {
        let prints = self.delivered();
        if prints.is_empty() {
            return;
        }
        // Not remembered means a duplicate, which beats a loss.
        let expires = self.message.now + MEMORY;
        if let Err(error) = parts.store.remember_delivered(prints, expires).await {
            tracing::error!(%error, "cannot remember deliveries, the sender may cause duplicates");
        }
    }

    /// The prints of the legs that are delivered.
    fn delivered(&self) -> Vec<Fingerprint> {
        let legs = self.shares.iter().flat_map(|share| &share.legs);
        let legs = legs.filter(|leg| {
            leg.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Delivered)
        });
        let mut legs = legs.peekable();
        if legs.peek().is_none() {
            return Vec::new();
        }
        let digest = Sha256::digest(&self.message.bytes);
        legs.map(|leg| self.message.print_at(&leg.to.mailbox, &digest)).collect()
    }

    /// Marks what earlier tries of the sender delivered.
    fn recall(&mut self, parts: &Parts) {
        // Hashing every message would cost more than all the rest; seldom is anything remembered.
        if !parts.store.remembers_deliveries() {
            return;
        }
        let digest = Sha256::digest(&self.message.bytes);
        for leg in self.shares.iter_mut().flat_map(|share| &mut share.legs) {
            let print = self.message.print_at(&leg.to.mailbox, &digest);
            if parts.store.was_delivered(&print, self.message.now) {
                leg.outcome =
                    Some(DestinationOutcome { verdict: Verdict::Delivered, reply: Reply::ok() });
            }
        }
    }
}

impl Message {
    /// Names this message from its sender at one destination: what the sender sends again is the same.
    fn print_at(&self, destination: &Mailbox, digest: &[u8]) -> Fingerprint {
        let sender = self.reverse_path.to_string();
        fingerprint([sender.as_bytes(), destination.to_key().as_bytes(), digest])
    }
}

impl Share {
    /// What the recipient comes to.
    pub(crate) fn fate(&self) -> RecipientFate {
        RecipientFate::of(&self.legs.iter().map(Leg::outcome).collect::<Vec<_>>())
    }

    /// The legs of the share for the spool; what is deferred is due at `due`.
    pub(crate) fn to_spool(&self, due: Millis) -> impl Iterator<Item = spool::Leg> {
        self.legs.iter().map(move |leg| {
            let DestinationOutcome { verdict, reply } = leg.outcome();
            spool::Leg {
                recipient: self.recipient.path.clone(),
                mailbox: leg.to.mailbox.clone(),
                reverse_path: self.reverse_path.clone(),
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
            }
        })
    }

    fn group(&self, leg: &Leg) -> Group {
        (leg.to.next_hop.clone(), self.reverse_path.to_string(), self.form.number)
    }
}

impl Leg {
    /// A leg without outcome counts as deferred: nothing says that anybody has it.
    fn outcome(&self) -> DestinationOutcome {
        self.outcome.clone().unwrap_or_else(|| DestinationOutcome {
            verdict: Verdict::Deferred,
            reply: Reply::destination_lost(),
        })
    }
}

/// Counts an attempt.
pub(crate) fn count_attempt(parts: &Parts, hop: &NextHop, attempt: &Attempt) {
    let destination = match &hop.target {
        Target::Mx(domain) => metrics::DestinationClass::of(domain.as_str()),
        _ => metrics::DestinationClass::Route,
    };
    parts.metrics.attempt(destination, class_of(attempt), attempt.elapsed.as_secs_f64());
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
pub(crate) fn journal_line(
    to: &[Mailbox],
    attempt: &Attempt,
    hop: &NextHop,
    began: Millis,
) -> journal::AttemptLine {
    let theirs = attempt.theirs.as_ref().map(ToString::to_string);
    journal::AttemptLine {
        time: began,
        to: to.iter().map(ToString::to_string).collect(),
        host: attempt.remote.clone().unwrap_or_else(|| hop.to_string()),
        reply: theirs.unwrap_or_else(|| attempt.outcome.reply.to_string()),
        ms: whole_millis(attempt.elapsed),
        tls: attempt.tls.clone(),
        verdict: class_of(attempt).to_owned(),
    }
}

/// A digest of `parts` in which no border between them can move.
pub(crate) fn fingerprint<const N: usize>(parts: [&[u8]; N]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
