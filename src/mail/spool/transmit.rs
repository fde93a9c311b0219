//! The transactions of a try, and what their verdicts mean for its legs.

use super::{
    retry::Retry,
    tried::{Tried, asked, hold_of, is_about, is_asleep},
};
use crate::{
    address::{Mailbox, ReversePath},
    clock,
    fate::Verdict,
    mail::record::{count_attempt, journal_line},
    outbound::{self, Checkpoint, Deadline, Outgoing, Progress},
    retry::{HostState, Work},
    time::Millis,
};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};

/// Longest time for one attempt: RFC 5321 §4.5.3.2.6 gives the reply to the end of data ten minutes.
const PATIENCE: Duration = Duration::from_mins(10);
/// An attempt that takes longer is to be seen, and keeps its message from being dropped.
const SHORT: Duration = Duration::from_millis(100);

/// What checkpoints tell.
#[derive(Debug, Default)]
struct Passed {
    /// The end of data may be sent from now on.
    is_at_end: AtomicBool,
    /// It may not, as a leg may not be sent any more.
    is_withheld: AtomicBool,
    /// Legs that the store has taken into the attempt.
    begun: Mutex<Vec<i64>>,
}

impl Retry {
    /// One transaction for each reverse-path; `None` when the daemon stops before an end of data.
    pub(super) async fn deliver(
        &mut self,
        work: &Work,
        stopping: watch::Receiver<bool>,
    ) -> Option<HostState> {
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
            let passed = Arc::<Passed>::default();
            let sent = self.transaction(work, &from, &to, &passed, stopping.clone()).await;
            let Some(attempts) = sent else {
                // What came of the groups before counts.
                return self.legs.iter().any(|tried| tried.touch.is_some()).then_some(host);
            };
            let begun = passed.begun.lock();
            let begun = self.legs.iter_mut().filter(|tried| begun.contains(&tried.number));
            begun.for_each(|tried| tried.has_begun = true);
            let is_withheld = passed.is_withheld.load(Ordering::Relaxed);
            let progress = attempts.iter().any(|a| a.outcome.verdict == Verdict::Delivered);
            for (mailbox, attempt) in to.iter().zip(&attempts) {
                let is_about_us =
                    attempt.outcome.verdict == Verdict::Deferred && attempt.theirs.is_none();
                if is_withheld && is_about_us {
                    let now = clock::steady_millis();
                    self.meant(&from, mailbox).for_each(|tried| tried.put_back(now));
                    continue;
                }
                count_attempt(&self.parts, &work.hop, attempt);
                // What is held again and again is told once.
                let reply = attempt.outcome.reply.to_keep();
                if attempt.held.is_none() || self.due().any(|tried| tried.leg.reply != reply) {
                    let to = std::slice::from_ref(mailbox);
                    self.lines.push(journal_line(to, attempt, &work.hop, began));
                }
                let held = hold_of(&self.parts, attempt);
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
        passed: &Arc<Passed>,
        mut stopping: watch::Receiver<bool>,
    ) -> Option<Vec<outbound::Attempt>> {
        let legs = self.due().filter(|tried| tried.leg.reverse_path == *from);
        let outgoing = Outgoing {
            reverse_path: from.clone(),
            recipients: to.to_vec(),
            cause: self.message.head.cause(),
            text: self.text.clone(),
            eight_bit: self.message.head.eight_bit,
            smtputf8: self.message.head.smtputf8,
            dsn: asked(&self.message.head.dsn, legs),
            checkpoint: Some(self.checkpoint(from, passed)),
            progress: Progress::default(),
            tells_success: true,
        };
        let stop_before_end = async {
            let _ = stopping.wait_for(|stopping| *stopping).await;
            if passed.is_at_end.load(Ordering::SeqCst) {
                std::future::pending().await
            }
        };
        let opening = Some(self.parts.config.spool.greeting_timeout);
        let deadline = Deadline { end: Instant::now() + PATIENCE, opening };
        let is_over = Notify::new();
        let deliver = async {
            let attempts = self.parts.network.deliver(&work.hop, &outgoing, deadline).await;
            is_over.notify_one();
            attempts
        };
        let deliver = async { tokio::join!(deliver, self.begin_unless(&is_over, from, passed)).0 };
        tokio::select! {
            attempts = deliver => Some(attempts),
            () = stop_before_end => None,
        }
    }

    /// Has the store take the legs into the attempt where that is not over soon.
    async fn begin_unless(&self, is_over: &Notify, from: &ReversePath, passed: &Passed) {
        let legs = self.due().filter(|tried| tried.leg.reverse_path == *from && !tried.has_begun);
        let legs: Vec<i64> = legs.map(|tried| tried.number).collect();
        if legs.is_empty() || timeout(SHORT, is_over.notified()).await.is_ok() {
            return;
        }
        match self.parts.store.spool_begin(self.message.seq, legs).await {
            // Those that it did not take may not be sent, as will be heard at the end of data.
            Ok(begun) => passed.begun.lock().extend(begun),
            Err(error) => {
                tracing::debug!(id = self.message.head.id, %error, "cannot note that it is being sent");
            }
        }
    }

    /// Writes that the destination may have these legs, before it may.
    fn checkpoint(&self, from: &ReversePath, passed: &Arc<Passed>) -> Checkpoint {
        let legs = self.due().filter(|tried| tried.leg.reverse_path == *from);
        let legs: Vec<(i64, Mailbox)> =
            legs.map(|tried| (tried.number, tried.leg.mailbox.clone())).collect();
        let (parts, seq) = (Arc::clone(&self.parts), self.message.seq);
        let passed = Arc::clone(passed);
        Checkpoint::new(move |accepted| {
            passed.is_at_end.store(true, Ordering::SeqCst);
            let legs = legs.iter().filter(|(_, mailbox)| accepted.contains(mailbox));
            let legs: Vec<i64> = legs.map(|(number, _)| *number).collect();
            let (parts, passed) = (Arc::clone(&parts), Arc::clone(&passed));
            async move {
                match parts.store.spool_uncertain(seq, legs.clone()).await {
                    Ok(true) => {
                        passed.begun.lock().extend(legs);
                        true
                    }
                    Ok(false) => {
                        tracing::info!(seq, "not sent: it was dropped or is held meanwhile");
                        passed.is_withheld.store(true, Ordering::Relaxed);
                        false
                    }
                    Err(error) => {
                        tracing::error!(seq, %error, "not sent: the spool cannot be written");
                        false
                    }
                }
            }
        })
    }

    /// The legs of a transaction that one mailbox is meant by.
    fn meant<'t>(
        &'t mut self,
        from: &'t ReversePath,
        mailbox: &'t Mailbox,
    ) -> impl Iterator<Item = &'t mut Tried> {
        self.legs.iter_mut().filter(move |tried| {
            tried.is_due && tried.leg.reverse_path == *from && tried.leg.mailbox == *mailbox
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
        let parts = Arc::clone(&self.parts);
        let (now, retry) = (clock::steady_millis(), &parts.retry);
        let is_old = retry.expiry(self.message.head.arrived) <= now;
        for tried in self.meant(from, mailbox) {
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
