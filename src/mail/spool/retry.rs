//! One try again: a spooled message and one destination, from its legs in the store to what became of them.

use super::{
    added::Added,
    handle::Read,
    tried::{Touch, Tried, asked, hold_of, is_about, is_asleep},
};
use crate::{
    address::{Mailbox, ReversePath},
    clock, dsn,
    fate::Verdict,
    mail::{
        parts::Parts,
        prints::print_at,
        record::{count_attempt, journal_line},
    },
    message::Text,
    outbound::{self, Checkpoint, Deadline, Outgoing, Progress},
    reply::Reply,
    retry::{Entry, HostState, Work},
    store::{
        StoreError, journal,
        spool::{Leg, LegState, Spooled},
    },
    time::Millis,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// Longest time for one attempt: RFC 5321 §4.5.3.2.6 gives the reply to the end of data ten minutes.
const PATIENCE: Duration = Duration::from_mins(10);
/// Until the next look, when there is no memory for a message or the store cannot be read.
const BREATH: Duration = Duration::from_secs(2);
/// Until the next look at what is held: whoever lets it go on is heard sooner, as a rule.
const HELD: Duration = Duration::from_mins(1);

/// What the runner is to do about a try that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) work: Work,
    /// Who has the hosts, where that was found out.
    pub(super) whose: Option<Arc<str>>,
    /// The message waits on.
    pub(super) again: Option<Entry>,
    pub(super) host: HostState,
    /// Nothing of the message is left to do.
    pub(super) is_finished: bool,
    /// The DSNs that followed.
    pub(super) notices: Vec<Added>,
}

/// Does `work`. `failures`: attempts in a row that found its host asleep.
pub(super) async fn retry(
    parts: Arc<Parts>,
    work: Work,
    failures: u32,
    stopping: watch::Receiver<bool>,
) -> Ended {
    let mut ended = Ended {
        work,
        whose: None,
        again: None,
        host: HostState::Unknown,
        is_finished: false,
        notices: Vec::new(),
    };
    let expires = ended.work.expires;
    if !ended.work.is_known
        && let Some(whose) = parts.network.whose(&ended.work.hop).await
    {
        // Where many destinations are one's, they share the places of that one: it is asked who that is.
        ended.whose = Some(whose);
        ended.again = Some(ended.work.again(ended.work.due, expires));
        return ended;
    }
    if failures > 0
        && !ended.work.give_up
        && let Some(hold) = parts.network.hold(&ended.work.group)
    {
        // The first that met it has told the journal.
        ended.again = Some(ended.work.again(hold.until, expires));
        ended.host = HostState::Sleeps { until: hold.until };
        return ended;
    }
    match Retry::begin(&parts, &ended.work, failures).await {
        Ok(Begun::Ready(retry)) => retry.run(&mut ended, stopping).await,
        Ok(Begun::Nothing) => {}
        Ok(Begun::Later) => ended.again = Some(later(&ended.work)),
        Ok(Begun::Held { expires }) => {
            let due = expires.min(clock::steady_millis() + HELD);
            ended.again = Some(ended.work.again(due, expires));
        }
        Err(error) => {
            tracing::error!(message = ended.work.message, %error, "cannot read from the spool");
            ended.again = Some(later(&ended.work));
        }
    }
    ended
}

fn later(work: &Work) -> Entry {
    let due = clock::steady_millis() + BREATH;
    work.again(due, due)
}

/// What a try begins with.
enum Begun<'a> {
    Ready(Box<Retry<'a>>),
    /// There is nothing for this destination any more.
    Nothing,
    /// No room for the message now.
    Later,
    /// The account that sent the message must not send now, and the time of the message is not up.
    Held {
        expires: Millis,
    },
}

/// A spooled message on its way to one destination.
pub(super) struct Retry<'a> {
    pub(super) parts: &'a Arc<Parts>,
    /// The message without its legs.
    pub(super) message: Spooled,
    pub(super) legs: Vec<Tried>,
    /// What is sent.
    pub(super) text: Text,
    failures: u32,
    pub(super) lines: Vec<journal::AttemptLine>,
}

impl<'a> Retry<'a> {
    async fn begin(
        parts: &'a Arc<Parts>,
        work: &Work,
        failures: u32,
    ) -> Result<Begun<'a>, StoreError> {
        let Some(mut message) = parts.store.spooled(work.message).await? else {
            return Ok(Begun::Nothing);
        };
        let legs: Vec<Tried> = (0_i64..)
            .zip(std::mem::take(&mut message.legs))
            .map(|(number, leg)| {
                let is_due = goes_to(parts, &leg, work);
                Tried { number, leg, is_due, touch: None, success: None }
            })
            .collect();
        if !legs.iter().any(|tried| tried.is_due) {
            return Ok(Begun::Nothing);
        }
        let expires = parts.retry.expiry(message.head.arrived);
        if message.held.is_some() && clock::steady_millis() < expires {
            return Ok(Begun::Held { expires });
        }
        let source = match parts.spool.source(parts, &message).await? {
            Read::Source(source) => source,
            Read::Gone => return Ok(Begun::Nothing),
            Read::NoRoom => return Ok(Begun::Later),
        };
        let Some(form) = parts.store.spooled_form(work.message).await? else {
            return Ok(Begun::Nothing);
        };
        Ok(Begun::Ready(Box::new(Self {
            parts,
            message,
            legs,
            text: form.over(source),
            failures,
            lines: Vec::new(),
        })))
    }

    async fn run(mut self, ended: &mut Ended, stopping: watch::Receiver<bool>) {
        if let Some(hold) = self.message.held {
            let reply = Reply::account_held(hold).to_keep();
            for tried in self.legs.iter_mut().filter(|tried| tried.is_due) {
                tried.leg.reply = reply.clone();
                tried.give_up();
            }
            self.end(ended).await;
            return;
        }
        let numbers = self.due().map(|tried| tried.number).collect();
        match self.parts.store.spool_begin(self.message.seq, numbers).await {
            // What was dropped meanwhile is neither sent nor told.
            Ok(begun) => {
                for tried in &mut self.legs {
                    tried.is_due &= begun.contains(&tried.number);
                }
            }
            // It comes back when it is ours again.
            Err(StoreError::TakenOver { .. }) => return,
            Err(error) => {
                tracing::error!(id = self.message.head.id, %error, "cannot write the spool");
                ended.again = Some(later(&ended.work));
                return;
            }
        }
        let is_on_its_way = self.recall();
        if !self.legs.iter().any(|tried| tried.is_due) {
            if is_on_its_way {
                ended.again = Some(later(&ended.work));
                return;
            }
        } else if ended.work.give_up {
            self.legs.iter_mut().filter(|tried| tried.is_due).for_each(Tried::give_up);
        } else {
            let Some(host) = self.deliver(&ended.work, stopping).await else {
                // Cut short: the next start finds it.
                return;
            };
            ended.host = host;
        }
        self.end(ended).await;
    }

    /// Writes down what came of the try, and when the next one is.
    async fn end(&mut self, ended: &mut Ended) {
        let Some(notices) = self.conclude().await else { return };
        ended.notices = notices;
        let open = self.legs.iter().filter(|tried| goes_to(self.parts, &tried.leg, &ended.work));
        let expires = self.parts.retry.expiry(self.message.head.arrived);
        let due = open.map(|tried| tried.leg.next_attempt).min();
        ended.again = due.map(|due| ended.work.again(due, expires));
        ended.is_finished = self.legs.iter().all(|tried| !tried.leg.state.is_open());
    }

    /// Ends the legs on whose end of data a verdict came late: the message is delivered. Those whose verdict
    /// is still waited for are not sent again; true when there are some.
    fn recall(&mut self) -> bool {
        let (store, now) = (&self.parts.store, clock::now());
        if !store.remembers_deliveries() && self.parts.waits.is_idle() {
            return false;
        }
        let digest = self.text.source.digest();
        let sender = &self.message.head.sender;
        let mut is_on_its_way = false;
        for tried in self.legs.iter_mut().filter(|tried| tried.is_due) {
            let print = print_at(sender, &tried.leg.mailbox, digest);
            if self.parts.waits.has(&print) {
                (tried.is_due, is_on_its_way) = (false, true);
                tracing::info!(id = self.message.head.id, to = %tried.leg.mailbox, "not tried: its verdict is to come");
            } else if store.was_delivered(&print, now) {
                tried.leg.state = LegState::Delivered;
                tried.leg.reply = Reply::ok().to_keep();
                tried.success = Some(dsn::Cause::Relayed);
                (tried.is_due, tried.touch) = (false, Some(Touch::Tried));
            }
        }
        is_on_its_way
    }

    fn due(&self) -> impl Iterator<Item = &Tried> {
        self.legs.iter().filter(|tried| tried.is_due)
    }

    /// One transaction for each reverse-path; `None` when the daemon stops before an end of data.
    async fn deliver(&mut self, work: &Work, stopping: watch::Receiver<bool>) -> Option<HostState> {
        let mut groups: BTreeMap<String, (ReversePath, Vec<Mailbox>)> = BTreeMap::new();
        for Tried { leg, .. } in self.due() {
            let group = || (leg.reverse_path.clone(), Vec::new());
            let (_, to) = groups.entry(leg.reverse_path.to_string()).or_insert_with(group);
            if !to.contains(&leg.mailbox) {
                to.push(leg.mailbox.clone());
            }
        }
        let wait = self.parts.retry.wait(self.failures.saturating_add(1), clock::random());
        let asleep_until = clock::steady_millis() + wait;
        let mut host = HostState::Unknown;
        for (from, to) in groups.into_values() {
            let began = clock::millis();
            let Some(attempts) = self.transaction(work, &from, &to, stopping.clone()).await else {
                // What came of the groups before counts.
                return self.legs.iter().any(|tried| tried.touch.is_some()).then_some(host);
            };
            let progress = attempts.iter().any(|a| a.outcome.verdict == Verdict::Delivered);
            for (mailbox, attempt) in to.iter().zip(&attempts) {
                count_attempt(self.parts, &work.hop, attempt);
                // What is held again and again is told once.
                let reply = attempt.outcome.reply.to_keep();
                if attempt.held.is_none() || self.due().any(|tried| tried.leg.reply != reply) {
                    let to = std::slice::from_ref(mailbox);
                    self.lines.push(journal_line(to, attempt, &work.hop, began));
                }
                let held = hold_of(self.parts, attempt);
                let asleep_until = held.or(is_asleep(attempt).then_some(asleep_until));
                self.judge(work, &from, mailbox, attempt, progress, asleep_until);
                host = match (asleep_until, host) {
                    (Some(_), host) if !is_about(attempt, work) => host,
                    (Some(until), HostState::Unknown) => HostState::Sleeps { until },
                    (Some(_), host) => host,
                    (None, _) => HostState::Answers,
                };
            }
        }
        Some(host)
    }

    async fn transaction(
        &self,
        work: &Work,
        from: &ReversePath,
        to: &[Mailbox],
        mut stopping: watch::Receiver<bool>,
    ) -> Option<Vec<outbound::Attempt>> {
        let is_at_end = Arc::<AtomicBool>::default();
        let legs = self.due().filter(|tried| tried.leg.reverse_path == *from);
        let outgoing = Outgoing {
            reverse_path: from.clone(),
            recipients: to.to_vec(),
            cause: self.message.head.cause(),
            text: self.text.clone(),
            eight_bit: self.message.head.eight_bit,
            smtputf8: self.message.head.smtputf8,
            dsn: asked(&self.message.head.dsn, legs),
            checkpoint: Some(self.checkpoint(from, &is_at_end)),
            progress: Progress::default(),
            tells_success: true,
        };
        let stop_before_end = async {
            let _ = stopping.wait_for(|stopping| *stopping).await;
            if is_at_end.load(Ordering::SeqCst) {
                std::future::pending().await
            }
        };
        let opening = Some(self.parts.config.spool.greeting_timeout);
        let deadline = Deadline { end: Instant::now() + PATIENCE, opening };
        tokio::select! {
            attempts = self.parts.network.deliver(&work.hop, &outgoing, deadline) => Some(attempts),
            () = stop_before_end => None,
        }
    }

    /// Writes that the destination may have these legs, before it may.
    fn checkpoint(&self, from: &ReversePath, is_at_end: &Arc<AtomicBool>) -> Checkpoint {
        let legs = self.due().filter(|tried| tried.leg.reverse_path == *from);
        let legs: Vec<(i64, Mailbox)> =
            legs.map(|tried| (tried.number, tried.leg.mailbox.clone())).collect();
        let (parts, seq) = (Arc::clone(self.parts), self.message.seq);
        let is_at_end = Arc::clone(is_at_end);
        Checkpoint::new(move |accepted| {
            is_at_end.store(true, Ordering::SeqCst);
            let legs = legs.iter().filter(|(_, mailbox)| accepted.contains(mailbox));
            let legs = legs.map(|(number, _)| *number).collect();
            let parts = Arc::clone(&parts);
            async move {
                let marked = parts.store.spool_uncertain(seq, legs).await;
                if let Err(error) = &marked {
                    tracing::error!(message = seq, %error, "not sent: the spool cannot be written");
                }
                marked.is_ok()
            }
        })
    }

    /// Notes the verdict on the legs for one mailbox. `progress`: another one of the transaction was
    /// delivered. `asleep_until`: the host does not answer, and need not be asked before.
    fn judge(
        &mut self,
        work: &Work,
        from: &ReversePath,
        mailbox: &Mailbox,
        attempt: &outbound::Attempt,
        progress: bool,
        asleep_until: Option<Millis>,
    ) {
        let (now, retry) = (clock::steady_millis(), &self.parts.retry);
        let is_old = retry.expiry(self.message.head.arrived) <= now;
        let is_meant = |tried: &&mut Tried| {
            tried.is_due && tried.leg.reverse_path == *from && tried.leg.mailbox == *mailbox
        };
        for tried in self.legs.iter_mut().filter(is_meant) {
            let leg = &mut tried.leg;
            if attempt.held.is_some() {
                // No host was asked.
                leg.next_attempt = asleep_until.unwrap_or(now).max(now);
            } else {
                leg.attempts = leg.attempts.saturating_add(1);
                leg.next_attempt = now + retry.wait(leg.attempts, clock::random());
                leg.next_attempt = leg.next_attempt.max(asleep_until.unwrap_or_default());
            }
            leg.next_attempt = leg.next_attempt.max(now + attempt.wait);
            // Too many recipients at once (RFC 5321 §4.5.3.1.10): the others went, these can follow.
            if progress && attempt.theirs.as_ref().is_some_and(|theirs| theirs.code == 452) {
                leg.next_attempt = now;
            }
            tried.hear(attempt, work.hop.protocol);
            if tried.leg.state.is_open() && is_old {
                tried.give_up();
            }
        }
    }
}

fn goes_to(parts: &Parts, leg: &Leg, work: &Work) -> bool {
    leg.state.is_open() && parts.aliases.destination(leg.mailbox.clone()).next_hop == *work.hop
}
