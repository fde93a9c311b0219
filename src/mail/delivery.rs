//! From dressed recipients to what became of the message at each destination.

use super::{
    dress::Dressed,
    late::{Announcement, SLOW, TooLate},
    parts::Parts,
    prints::{print_at, remember_late, remember_prints},
    record::{count_attempt, journal_line},
    sending::{Attempts, Awaited, Sending},
    share::{Group, Leg, Share},
};
use crate::{
    address::{Mailbox, ReversePath},
    clock,
    fate::{DestinationOutcome, RecipientFate, Verdict},
    message::Source,
    next_hop::Destination,
    outbound::{Attempt, DsnRequest, Outgoing, Progress},
    reply::Reply,
    slots::Cause,
    store::{Fingerprint, journal},
    time::{Millis, UnixTime},
};
use std::sync::Arc;
use tokio::time::{Instant, sleep, sleep_until};

/// Mailboxes of one transaction: as many as every server must take (RFC 5321 §4.5.3.1.8).
const MAX_RECIPIENTS: usize = 100;

/// A message to deliver, whatever form it leaves in.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The reverse-path as the client gave it.
    pub(crate) reverse_path: ReversePath,
    /// Who causes it.
    pub(crate) cause: Cause,
    /// The message as it came.
    pub(crate) source: Arc<Source>,
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
    /// Its copies, where they take long: whoever brings the message again waits for them.
    pub(crate) announced: Announcement,
    /// The transactions that are on their way.
    under_way: Vec<UnderWay>,
}

/// A transaction whose end is waited for.
#[derive(Debug)]
struct UnderWay {
    group: Group,
    progress: Progress,
    end: Awaited,
}

impl Delivery {
    pub(crate) fn new(message: Message, recipients: Vec<Dressed>) -> Self {
        let share = |Dressed { recipient, reverse_path, form }: Dressed| {
            let leg = |to: &Destination| Leg {
                to: to.clone(),
                outcome: None,
                is_uncertain: false,
                is_waited_for: false,
            };
            let legs = recipient.destinations.iter().map(leg).collect();
            Share { recipient, reverse_path, form, legs }
        };
        let shares = recipients.into_iter().map(share).collect();
        Self {
            message,
            shares,
            attempts: Vec::new(),
            announced: Announcement::default(),
            under_way: Vec::new(),
        }
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
    /// is large, all at once. Each has until `deadline` to come to its end of data; the verdicts on those are
    /// waited for as long as `delivery.final_patience`, and then without us.
    pub(crate) async fn run(&mut self, parts: &Arc<Parts>, deadline: Instant) {
        let patience = parts.config.delivery.final_patience;
        self.recall(parts, deadline + patience).await;
        let began = clock::millis();
        let progress = Progress::default();
        let transactions = self.transactions(&progress);
        let is_single = transactions.len() == 1;
        let mut own = Sending::default();
        for (group, outgoing) in transactions {
            let (end, progress) = (Awaited::default(), outgoing.progress.clone());
            let teller = end.by(&progress);
            let hop = group.0.clone();
            self.under_way.push(UnderWay { group, progress, end });
            let (parts, came) = (Arc::clone(parts), Arc::clone(&self.message.source));
            let announced = Arc::clone(&self.announced);
            let reverse_path = self.message.reverse_path.clone();
            let sending = Sending::of(async move {
                let _under_way = parts.waits.under_way();
                let attempts = parts.network.deliver(&hop, &outgoing, deadline.into()).await;
                let Outgoing { recipients, text, .. } = outgoing;
                let attempts: Vec<_> = recipients.into_iter().zip(attempts).collect();
                if let Err(attempts) = teller.tell(attempts) {
                    let sources = [&*came, &*text.source];
                    remember_late(&parts, &reverse_path, sources, &attempts, &announced).await;
                }
            });
            // A task goes on with it where there are several, and where nobody waits for it any more.
            own = if is_single { sending } else { Sending::default() };
        }
        let is_slow = sleep(SLOW);
        tokio::pin!(is_slow);
        loop {
            self.take_ended(parts, began, Awaited::take);
            let ends = self.under_way.iter().map(|it| it.progress.end().unwrap_or(deadline));
            let Some(last) = ends.max() else { return };
            tokio::select! {
                () = &mut own => {}
                () = &mut is_slow, if self.announced.get().is_none() => self.announce(parts),
                () = progress.changed() => {}
                () = sleep_until(last + patience) => break,
                () = parts.waits.hurried() => break,
            }
        }
        self.take_ended(parts, began, Awaited::leave);
        self.leave();
    }

    /// Ends the legs that are still waited for by what is known.
    fn leave(&mut self) {
        for share in &mut self.shares {
            let (from, form) = (&share.reverse_path, share.form.number);
            for leg in share.legs.iter_mut().filter(|leg| leg.outcome.is_none()) {
                let group = (leg.to.next_hop.clone(), from.clone(), form);
                let mut here = self.under_way.iter().filter(|it| it.group == group);
                let said = here.find_map(|it| it.progress.said(&leg.to.mailbox));
                (leg.is_uncertain, leg.is_waited_for) = (said.is_none(), said.is_none());
                leg.outcome = Some(said.unwrap_or_else(|| DestinationOutcome {
                    verdict: Verdict::Deferred,
                    reply: Reply::destination_too_slow(),
                }));
            }
        }
    }

    /// Takes what became of the transactions that have ended, as `heard` says.
    fn take_ended(
        &mut self,
        parts: &Parts,
        began: Millis,
        heard: impl Fn(&Awaited) -> Option<Attempts>,
    ) {
        let mut at = 0;
        while let Some(it) = self.under_way.get(at) {
            match heard(&it.end) {
                Some(attempts) => {
                    let UnderWay { group, .. } = self.under_way.remove(at);
                    self.take(parts, &group, &attempts, began);
                }
                None => at += 1,
            }
        }
    }

    /// Takes what became of one transaction.
    fn take(&mut self, parts: &Parts, group: &Group, attempts: &Attempts, began: Millis) {
        // A host that takes this message may be one that others wait for.
        let delivered = |(_, a): &&(_, Attempt)| a.outcome.verdict == Verdict::Delivered;
        if let Some((_, attempt)) = attempts.iter().find(delivered) {
            parts.spool.answered(&attempt.provider.clone().unwrap_or_else(|| group.0.owner()));
        }
        for (mailbox, attempt) in attempts {
            count_attempt(parts, &group.0, attempt);
            self.note(journal_line(std::slice::from_ref(mailbox), attempt, &group.0, began));
        }
        self.conclude(group, attempts);
    }

    /// Lets whoever brings the message again wait for the copies that are on their way.
    fn announce(&mut self, parts: &Parts) {
        let mut prints = Vec::new();
        for share in &self.shares {
            // The spool knows a notice as what leaves.
            for source in [&self.message.source, &share.form.text.source] {
                let legs = share.legs.iter();
                prints.extend(legs.map(|leg| self.message.print_at(&leg.to.mailbox, source)));
            }
        }
        let to =
            self.shares.iter().flat_map(|share| &share.legs).filter(|leg| leg.outcome.is_none());
        let to: Vec<String> = to.map(|leg| leg.to.mailbox.to_string()).collect();
        tracing::info!(from = %self.message.reverse_path, to = to.join(","), "takes its time");
        self.announced.get_or_init(|| parts.waits.announce(prints));
        self.tell();
    }

    /// Tells whoever waits for copies what became of them.
    fn tell(&self) {
        let Some(announced) = self.announced.get() else { return };
        let source = &self.message.source;
        for leg in self.shares.iter().flat_map(|share| &share.legs) {
            if let Some(outcome) = &leg.outcome {
                announced.tell(&self.message.print_at(&leg.to.mailbox, source), outcome.verdict);
            }
        }
    }

    /// What is to be sent where: the legs that have no outcome yet.
    fn transactions(&self, progress: &Progress) -> Vec<(Group, Outgoing)> {
        let of_share = |share| {
            let Share { legs, .. }: &Share = share;
            let open = legs.iter().filter(|leg| leg.outcome.is_none());
            open.map(move |leg| (share.group(leg), share, &leg.to.mailbox))
        };
        let mut legs: Vec<(Group, &Share, &Mailbox)> =
            self.shares.iter().flat_map(of_share).collect();
        legs.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        // What a single copy comes to is the client's answer; of several, those that the spool gets have words to tell.
        let is_single = self.shares.iter().map(|share| share.legs.len()).sum::<usize>() == 1;
        let mut transactions = Vec::with_capacity(1);
        for same in legs.chunk_by(|(one, ..), (other, ..)| one == other) {
            let Some((group, share, _)) = same.first() else { continue };
            let mut recipients: Vec<Mailbox> = Vec::with_capacity(same.len());
            for (.., mailbox) in same {
                if !recipients.contains(mailbox) {
                    recipients.push(Mailbox::clone(mailbox));
                }
            }
            while !recipients.is_empty() {
                let others = recipients.split_off(recipients.len().min(MAX_RECIPIENTS));
                let outgoing = Outgoing {
                    reverse_path: share.reverse_path.clone(),
                    recipients,
                    cause: self.message.cause.clone(),
                    text: share.form.text.clone(),
                    eight_bit: self.message.eight_bit,
                    smtputf8: self.message.smtputf8,
                    dsn: DsnRequest::default(),
                    checkpoint: None,
                    progress: progress.of_another(),
                    tells_success: !is_single,
                };
                transactions.push((group.clone(), outgoing));
                recipients = others;
            }
        }
        transactions
    }

    /// Takes the verdicts of one transaction.
    fn conclude(&mut self, group: &Group, attempts: &[(Mailbox, Attempt)]) {
        for share in &mut self.shares {
            if share.reverse_path != group.1 || share.form.number != group.2 {
                continue;
            }
            for leg in share.legs.iter_mut().filter(|leg| leg.to.next_hop == group.0) {
                if let Some((_, attempt)) = attempts.iter().find(|(to, _)| *to == leg.to.mailbox) {
                    leg.is_uncertain = attempt.uncertain;
                    leg.outcome = Some(attempt.outcome.clone());
                }
            }
        }
        self.tell();
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
        remember_prints(parts, self.delivered(), self.message.now).await;
    }

    /// The prints of the legs that are delivered.
    fn delivered(&self) -> Vec<Fingerprint> {
        let legs = self.shares.iter().flat_map(|share| &share.legs).filter(|leg| {
            leg.outcome.as_ref().is_some_and(|outcome| outcome.verdict == Verdict::Delivered)
        });
        let mut legs = legs.peekable();
        if legs.peek().is_none() {
            return Vec::new();
        }
        let source = &self.message.source;
        legs.map(|leg| self.message.print_at(&leg.to.mailbox, source)).collect()
    }

    /// Marks what earlier tries of the sender delivered. A copy that is on its way is waited for until `until`.
    async fn recall(&mut self, parts: &Parts, until: Instant) {
        // Hashing every message would cost more than all the rest; seldom is anything remembered.
        if !parts.store.remembers_deliveries() && parts.waits.is_idle() {
            return;
        }
        for leg in self.shares.iter_mut().flat_map(|share| &mut share.legs) {
            let print = self.message.print_at(&leg.to.mailbox, &self.message.source);
            if parts.waits.has(&print) {
                let (from, to) = (&self.message.reverse_path, &leg.to.mailbox);
                tracing::info!(%from, %to, "brought again: waits for the verdict on the copy before");
            }
            let verdict = parts.waits.verdict_by(&print, until).await;
            let outcome = |verdict, reply| Some(DestinationOutcome { verdict, reply });
            leg.outcome = match verdict {
                _ if parts.store.was_delivered(&print, self.message.now) => {
                    outcome(Verdict::Delivered, Reply::ok())
                }
                Ok(Some(Verdict::Delivered)) => outcome(Verdict::Delivered, Reply::ok()),
                // The copy came to nothing, or there was none.
                Ok(_) => None,
                Err(TooLate) => outcome(Verdict::Deferred, Reply::destination_too_slow()),
            };
        }
    }
}

impl Message {
    /// Names this message from its sender at one destination: what the sender sends again is the same.
    fn print_at(&self, destination: &Mailbox, source: &Source) -> Fingerprint {
        print_at(&self.reverse_path, destination, source.digest())
    }
}
