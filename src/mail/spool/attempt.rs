//! One attempt: a spooled message and one destination, from its legs in the store to what became of them.

use super::{Added, conclude::Touch};
use crate::{
    address::{Mailbox, ReversePath},
    clock,
    fate::Verdict,
    inbound::Reservation,
    mail::{
        delivery::{count_attempt, journal_line},
        parts::Services,
    },
    outbound::{self, Checkpoint, Outgoing},
    retry::{Entry, Host, Work},
    store::{
        StoreError, journal,
        spool::{Leg, Spooled},
    },
};
use bytes::Bytes;
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

/// What the runner is to do about an attempt that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) work: Work,
    /// The message waits on.
    pub(super) again: Option<Entry>,
    pub(super) host: Host,
    /// Nothing of the message is left to do.
    pub(super) is_finished: bool,
    /// The DSN that followed.
    pub(super) notice: Option<Added>,
}

/// Does `work`. `failures`: attempts in a row that found its host asleep.
pub(super) async fn attempt(
    services: Arc<Services>,
    work: Work,
    failures: u32,
    stopping: watch::Receiver<bool>,
) -> Ended {
    let mut ended =
        Ended { work, again: None, host: Host::Unknown, is_finished: false, notice: None };
    let worked = Attempt::begin(&services, &ended.work, failures).await;
    match worked {
        Ok(Begun::Ready(attempt)) => {
            let attempt = *attempt;
            attempt.run(&mut ended, stopping).await;
        }
        Ok(Begun::Nothing) => {}
        Ok(Begun::Later) => ended.again = Some(later(&ended.work)),
        Err(error) => {
            tracing::error!(message = ended.work.message, %error, "cannot read from the spool");
            ended.again = Some(later(&ended.work));
        }
    }
    ended
}

fn later(work: &Work) -> Entry {
    let due = clock::steady_millis() + BREATH;
    Entry { message: work.message, due, expires: due }
}

/// What an attempt begins with.
enum Begun<'a> {
    Ready(Box<Attempt<'a>>),
    /// There is nothing for this destination any more.
    Nothing,
    /// No room for the message now.
    Later,
}

pub(super) struct Attempt<'a> {
    pub(super) services: &'a Arc<Services>,
    pub(super) message: Spooled,
    prefix: Bytes,
    pub(super) bytes: Bytes,
    /// The legs that this is about, by their places.
    legs: Vec<usize>,
    failures: u32,
    /// What has changed, by places of legs.
    pub(super) touched: BTreeMap<usize, Touch>,
    pub(super) lines: Vec<journal::AttemptLine>,
    _memory: Reservation,
}

impl<'a> Attempt<'a> {
    async fn begin(
        services: &'a Arc<Services>,
        work: &Work,
        failures: u32,
    ) -> Result<Begun<'a>, StoreError> {
        let Some(message) = services.store.spooled(work.message).await? else {
            return Ok(Begun::Nothing);
        };
        let is_for_it = |leg: &Leg| {
            leg.state.is_open() && services.destination(leg.mailbox.clone()).next_hop == *work.hop
        };
        let legs = message.legs.iter().enumerate().filter(|(_, leg)| is_for_it(leg));
        let legs: Vec<usize> = legs.map(|(at, _)| at).collect();
        if legs.is_empty() {
            return Ok(Begun::Nothing);
        }
        let mut memory = services.memory.reserve();
        // What came in may go out, though the limit has been lowered since.
        let size = usize::try_from(message.size).unwrap_or(usize::MAX);
        if !memory.cover(size.min(services.config.limits.message_memory)) {
            return Ok(Begun::Later);
        }
        let Some((prefix, bytes)) = services.store.spooled_bytes(work.message).await? else {
            return Ok(Begun::Nothing);
        };
        Ok(Begun::Ready(Box::new(Self {
            services,
            message,
            prefix,
            bytes,
            legs,
            failures,
            touched: BTreeMap::new(),
            lines: Vec::new(),
            _memory: memory,
        })))
    }

    async fn run(mut self, ended: &mut Ended, stopping: watch::Receiver<bool>) {
        let numbers = self.legs.iter().filter_map(|at| i64::try_from(*at).ok()).collect();
        match self.services.store.spool_begin(self.message.seq, numbers).await {
            Ok(begun) => {
                // What was dropped meanwhile is neither sent nor told.
                self.legs.retain(|at| i64::try_from(*at).is_ok_and(|at| begun.contains(&at)));
            }
            Err(error) => {
                tracing::error!(id = self.message.head.id, %error, "cannot write the spool");
                ended.again = Some(later(&ended.work));
                return;
            }
        }
        if ended.work.give_up {
            for at in std::mem::take(&mut self.legs) {
                self.give_up(at);
            }
        } else {
            let Some(host) = self.deliver(&ended.work, stopping).await else {
                // Cut short: the next start finds it.
                return;
            };
            ended.host = host;
        }
        ended.notice = self.conclude().await;
        let open = self.message.legs.iter().filter(|leg| {
            leg.state.is_open()
                && self.services.destination(leg.mailbox.clone()).next_hop == *ended.work.hop
        });
        ended.again = open.map(|leg| leg.next_attempt).min().map(|due| Entry {
            message: self.message.seq,
            due,
            expires: self.services.retry.expiry(self.message.head.arrived),
        });
        ended.is_finished = self.message.legs.iter().all(|leg| !leg.state.is_open());
    }

    /// One transaction for each reverse-path; `None` when the daemon stops before an end of data.
    async fn deliver(&mut self, work: &Work, stopping: watch::Receiver<bool>) -> Option<Host> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for at in std::mem::take(&mut self.legs) {
            let Some(leg) = self.message.legs.get(at) else { continue };
            groups.entry(leg.reverse_path.to_string()).or_default().push(at);
        }
        let wait = self.services.retry.wait(self.failures.saturating_add(1), clock::random());
        let asleep_until = clock::steady_millis() + wait;
        let mut host = Host::Unknown;
        for legs in groups.into_values() {
            let began = clock::millis();
            let Some((to, attempts)) = self.transaction(work, &legs, stopping.clone()).await else {
                // What came of the groups before counts.
                return (!self.touched.is_empty()).then_some(host);
            };
            let progress = attempts.iter().any(|a| a.outcome.verdict == Verdict::Delivered);
            for (mailbox, attempt) in to.iter().zip(&attempts) {
                count_attempt(self.services, &work.hop, attempt);
                let line = journal_line(std::slice::from_ref(mailbox), attempt, &work.hop, began);
                self.lines.push(line);
                for at in &legs {
                    if self.message.legs.get(*at).is_some_and(|leg| leg.mailbox == *mailbox) {
                        let asleep_until = is_asleep(attempt).then_some(asleep_until);
                        self.judge(*at, attempt, progress, asleep_until);
                    }
                }
                if is_asleep(attempt) {
                    if host == Host::Unknown {
                        host = Host::Sleeps { until: asleep_until };
                    }
                } else {
                    host = Host::Answers;
                }
            }
        }
        Some(host)
    }

    async fn transaction(
        &self,
        work: &Work,
        legs: &[usize],
        mut stopping: watch::Receiver<bool>,
    ) -> Option<(Vec<Mailbox>, Vec<outbound::Attempt>)> {
        let of_legs = || legs.iter().filter_map(|at| self.message.legs.get(*at));
        let reverse_path =
            of_legs().next().map_or(ReversePath::Null, |leg| leg.reverse_path.clone());
        let mut recipients: Vec<Mailbox> = Vec::new();
        for leg in of_legs() {
            if !recipients.contains(&leg.mailbox) {
                recipients.push(leg.mailbox.clone());
            }
        }
        let is_at_end = Arc::<AtomicBool>::default();
        let outgoing = Outgoing {
            reverse_path,
            recipients: recipients.clone(),
            prefix: self.prefix.clone(),
            message: self.bytes.clone(),
            eight_bit: self.message.head.eight_bit,
            smtputf8: self.message.head.smtputf8,
            checkpoint: Some(self.checkpoint(legs, &is_at_end)),
        };
        let stop_before_end = async {
            let _ = stopping.wait_for(|stopping| *stopping).await;
            if is_at_end.load(Ordering::SeqCst) {
                std::future::pending().await
            }
        };
        let deadline = Instant::now() + PATIENCE;
        tokio::select! {
            attempts = self.services.outbound.deliver(&work.hop, &outgoing, deadline) => {
                Some((recipients, attempts))
            }
            () = stop_before_end => None,
        }
    }

    /// Writes that the destination may have these legs, before it may.
    fn checkpoint(&self, legs: &[usize], is_at_end: &Arc<AtomicBool>) -> Checkpoint {
        let of_mailbox: Vec<(i64, Mailbox)> = legs
            .iter()
            .filter_map(|at| {
                let number = i64::try_from(*at).ok()?;
                Some((number, self.message.legs.get(*at)?.mailbox.clone()))
            })
            .collect();
        let (services, seq) = (Arc::clone(self.services), self.message.seq);
        let is_at_end = Arc::clone(is_at_end);
        Checkpoint::new(move |accepted| {
            is_at_end.store(true, Ordering::SeqCst);
            let legs = of_mailbox.iter().filter(|(_, mailbox)| accepted.contains(mailbox));
            let legs = legs.map(|(at, _)| *at).collect();
            let services = Arc::clone(&services);
            async move {
                let marked = services.store.spool_uncertain(seq, legs).await;
                if let Err(error) = &marked {
                    tracing::error!(message = seq, %error, "not sent: the spool cannot be written");
                }
                marked.is_ok()
            }
        })
    }
}

fn is_asleep(attempt: &outbound::Attempt) -> bool {
    attempt.outcome.verdict == Verdict::Deferred && (attempt.is_asleep || attempt.uncertain)
}
