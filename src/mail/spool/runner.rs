//! Plans the attempts of all that waits, and starts them.

use super::{
    added::Added,
    claims::Claims,
    handle::{Event, Inbox},
    outcome::{self, record},
    retry::{Step, retry},
};
use crate::{
    clock,
    mail::{current::Current, parts::Parts},
    next_hop::NextHop,
    retry::{Concurrency, Entry, HostState, Schedule, Work},
    store::{
        StoreError,
        spool::{Open, Spooled},
    },
    time::{Millis, whole_millis},
};
use std::{
    collections::{BTreeSet, HashMap},
    error::Error,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How long finished messages gather before they are struck out together.
const GATHER: Duration = Duration::from_millis(200);
/// Messages struck out in one transaction, so that new ones never wait long behind it.
const BURIED_AT_ONCE: usize = 500;
/// Until the spool is read again after that failed.
const AGAIN: Duration = Duration::from_secs(5);
/// Until others are told who waits for whom, and of how many of those.
const TELL: Duration = Duration::from_secs(1);
const TOLD: usize = 1000;
/// Destinations of which it is found out at once who has their hosts.
const LOOK_UPS: usize = 4;
/// With nothing to wait for, the clock is looked at all the same.
const IDLE: Duration = Duration::from_secs(60);

/// Tries again what waits in the spool, until the daemon stops.
#[derive(Debug)]
pub(crate) struct Runner {
    current: Current,
    /// Made by the configuration of this turn.
    pub(super) parts: Arc<Parts>,
    inbox: Inbox,
    pub(super) schedule: Schedule,
    /// What waits in the store, where others may take it too.
    pub(super) claims: Claims,
    attempts: JoinSet<Step>,
    /// Who has the hosts of a destination, where that can be found out.
    look_ups: JoinSet<(Arc<NextHop>, Option<Arc<str>>)>,
    /// What is under way in `attempts`, should one of them panic.
    under_way: HashMap<tokio::task::Id, Work>,
    /// Messages with nothing left to do, whose outcome is on its way to the journal.
    finished: BTreeSet<i64>,
    bury_at: Option<Instant>,
    /// What strikes them out, while it does; gives those that are.
    burial: JoinSet<Result<Vec<i64>, StoreError>>,
    /// When others are told who waits for whom.
    tell_at: Option<Instant>,
    stopping: watch::Receiver<bool>,
}

impl Runner {
    /// A runner for what `inbox` is told of, and for what the spool holds already.
    pub(crate) fn new(current: Current, inbox: Inbox, stopping: watch::Receiver<bool>) -> Self {
        let parts = current.get();
        let concurrency = concurrency(&parts);
        Self {
            current,
            parts,
            inbox,
            schedule: Schedule::new(concurrency),
            claims: Claims::default(),
            attempts: JoinSet::new(),
            look_ups: JoinSet::new(),
            under_way: HashMap::new(),
            finished: BTreeSet::new(),
            bury_at: None,
            burial: JoinSet::new(),
            tell_at: None,
            stopping,
        }
    }

    /// Runs until the daemon stops: then no attempt begins, and those whose end of data is sent are
    /// waited for.
    pub(crate) async fn run(mut self) {
        let mut changes = self.parts.store.spool_changes();
        let mut reload_at = Some(Instant::now());
        match self.parts.store.spool_recover().await {
            Ok(0) => {}
            Ok(legs) => tracing::info!(legs, "deliveries that were cut off begin again"),
            Err(error) => tracing::error!(%error, "cannot write the spool"),
        }
        while !*self.stopping.borrow() {
            if reload_at.is_some_and(|at| at <= Instant::now()) {
                reload_at = match self.reload().await {
                    Ok(()) => {
                        self.claims.at = self.parts.store.spool_hold().map(|_| Instant::now());
                        None
                    }
                    Err(error) => {
                        tracing::error!(%error, "cannot read the spool, trying on");
                        Some(Instant::now() + AGAIN)
                    }
                };
            }
            let parts = self.current.get();
            if !Arc::ptr_eq(&parts, &self.parts) {
                // Routes may lead elsewhere now.
                self.schedule.set_concurrency(concurrency(&parts));
                self.parts = parts;
                reload_at = Some(Instant::now());
                continue;
            }
            if self.claims.are_due() {
                let mut stopping = self.stopping.clone();
                let claimed = tokio::select! {
                    claimed = self.claim() => claimed,
                    _ = stopping.changed() => continue,
                };
                match claimed {
                    // What was taken or left, as nobody heard of, is found by reading all.
                    Ok(()) if self.claims.was_cut_off() => reload_at = Some(Instant::now()),
                    Ok(()) => {}
                    Err(error) => {
                        tracing::debug!(%error, "cannot take from the spool, trying on");
                        self.claims.cut_off();
                    }
                }
            }
            self.begin();
            self.look_up();
            let is_busy = !self.schedule.is_empty() || !self.claims.is_empty();
            self.inbox.is_busy.store(is_busy, Ordering::Relaxed);
            let bury_at = self.bury_at.filter(|_| self.burial.is_empty());
            let next = [self.next_look(), reload_at, bury_at, self.tell_at, self.claims.at];
            let next = next.into_iter().flatten().min().unwrap_or(Instant::now() + IDLE);
            tokio::select! {
                Some(event) = self.inbox.events.recv() => self.hear(event),
                Some(joined) = self.attempts.join_next_with_id() => self.joined(joined),
                Some(joined) = self.look_ups.join_next() => self.looked_up(joined),
                Some(buried) = self.burial.join_next() => self.buried(buried),
                Ok(()) = changes.changed() => reload_at = Some(Instant::now()),
                () = sleep_until(next) => {
                    if self.tell_at.take_if(|at| *at <= Instant::now()).is_some() {
                        *self.inbox.waiting.lock() = self.schedule.waiting(TOLD);
                        continue;
                    }
                }
                _ = self.stopping.changed() => {}
            }
            self.tell_at.get_or_insert(Instant::now() + TELL);
            if self.burial.is_empty() && self.bury_at.is_some_and(|at| at <= Instant::now()) {
                self.bury();
            }
        }
        while let Some(joined) = self.attempts.join_next_with_id().await {
            self.joined(joined);
        }
        while let Some(buried) = self.burial.join_next().await {
            self.buried(buried);
        }
        self.bury();
        while let Some(buried) = self.burial.join_next().await {
            self.buried(buried);
        }
    }

    /// Reads all that is its own: at the start, and after the command line changed it.
    async fn reload(&mut self) -> Result<(), StoreError> {
        let (open, finished) = self.parts.store.spool_open().await?;
        let now = clock::steady_millis();
        self.schedule.replace(self.entries(open, now), now);
        self.end(finished).await
    }

    /// What is to be scheduled for open legs, once a message and destination.
    pub(super) fn entries(&self, open: Vec<Open>, now: Millis) -> Vec<(NextHop, Entry)> {
        let latest = now + self.parts.retry.longest_wait();
        let mut waits: HashMap<(NextHop, i64), Entry> = HashMap::new();
        for leg in open {
            let Open { message, mailbox, cause, kind, is_held, .. } = leg;
            let hop = self.parts.aliases.destination(mailbox).next_hop;
            // The clock may have been set while nobody looked.
            let (due, arrived) = (leg.next_attempt.min(latest), leg.arrived.min(now));
            let expires = self.parts.retry.expiry(arrived);
            // Until then it is not looked at: whoever lets it go on has all of this read again.
            let due = if is_held { expires } else { due };
            let entry = waits.entry((hop, message));
            let entry = entry.or_insert_with(|| Entry { message, cause, kind, due, expires });
            entry.due = due.min(entry.due);
        }
        waits.into_iter().map(|((hop, _), entry)| (hop, entry)).collect()
    }

    /// Ends messages with nothing left to do.
    pub(super) async fn end(&mut self, finished: Vec<i64>) -> Result<(), StoreError> {
        for message in finished {
            if !self.finished.contains(&message) {
                self.tell(message).await?;
                self.finish(message);
            }
        }
        Ok(())
    }

    /// Tells the journal of a message that ended without an attempt, or just before a crash.
    async fn tell(&self, message: i64) -> Result<(), StoreError> {
        if let Some(message) = self.parts.store.spooled(message).await? {
            let detail = outcome::detail(&message.legs).join("; ");
            let Spooled { head, size, legs, .. } = &message;
            let mut ended = record(head, *size, legs, Vec::new(), detail);
            ended.ms = whole_millis(clock::steady_millis().since(ended.time));
            tracing::info!(id = ended.id, outcome = %ended.outcome, "spooled message");
            self.parts.journal.amend(ended).await;
        }
        Ok(())
    }

    fn begin(&mut self) {
        while let Some(work) = self.schedule.next(clock::steady_millis()) {
            let failures = self.schedule.failures(&work);
            let parts = Arc::clone(&self.parts);
            let task = retry(parts, work.clone(), failures, self.stopping.clone());
            let id = self.attempts.spawn(task).id();
            self.under_way.insert(id, work);
        }
    }

    /// Has it found out who has the hosts of destinations, while nothing is due there.
    fn look_up(&mut self) {
        while self.look_ups.len() < LOOK_UPS
            && let Some(hop) = self.schedule.next_unknown()
        {
            let parts = Arc::clone(&self.parts);
            self.look_ups.spawn(async move {
                let whose = parts.network.whose(&hop).await;
                (hop, whose)
            });
        }
    }

    /// What could not be found out is asked again when something is due there.
    fn looked_up(
        &mut self,
        joined: Result<(Arc<NextHop>, Option<Arc<str>>), tokio::task::JoinError>,
    ) {
        match joined {
            Ok((hop, Some(whose))) => self.schedule.learn(&hop, &whose, clock::steady_millis()),
            Ok((_, None)) => {}
            Err(error) => tracing::error!(%error, "cannot find out who has the hosts"),
        }
    }

    /// When the schedule may have something to do.
    fn next_look(&self) -> Option<Instant> {
        let wait = self.schedule.wake_at()?.since(clock::steady_millis());
        // Never in a hurry: an attempt that ends is an event of its own.
        Some(Instant::now() + wait.clamp(Duration::from_millis(1), IDLE))
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Added(added) => self.add(added),
            Event::Answered(whose) => {
                self.answered(&whose);
                self.schedule.answered(&whose, clock::steady_millis());
            }
            Event::Resumed(whose) => {
                self.claims.resume(&whose);
                self.schedule.resume(&whose, clock::steady_millis());
            }
        }
    }

    /// Hosts that slept answer: now is the time of what was left because of them, too.
    fn answered(&mut self, whose: &Arc<str>) {
        if self.schedule.is_asleep(whose) {
            self.claims.wake(whose);
        }
    }

    fn add(&mut self, added: Added) {
        let Added { message, arrived, cause, kind, waits } = added;
        let expires = self.parts.retry.expiry(arrived);
        for (hop, due) in waits {
            let entry = Entry { message, cause: cause.clone(), kind, due, expires };
            self.schedule.add(hop, entry, clock::steady_millis());
        }
    }

    fn joined(&mut self, joined: Result<(tokio::task::Id, Step), tokio::task::JoinError>) {
        let now = clock::steady_millis();
        match joined {
            Ok((id, Step::Answered(answered))) => {
                let Some(work) = self.under_way.remove(&id) else { return };
                if answered.host() == HostState::Answers {
                    self.answered(&work.group);
                    self.schedule.give_back(&work, now);
                }
                let conclude = async { Step::Over(answered.conclude().await) };
                let id = self.attempts.spawn(conclude).id();
                self.under_way.insert(id, work);
            }
            Ok((id, Step::Over(ended))) => {
                self.under_way.remove(&id);
                if let Some(whose) = &ended.whose {
                    self.schedule.learn(&ended.work.hop, whose, now);
                }
                if ended.host == HostState::Answers {
                    self.answered(&ended.work.group);
                }
                self.schedule.done(&ended.work, ended.again, ended.host, now);
                if ended.is_finished {
                    self.finish(ended.work.message);
                }
                ended.notices.into_iter().for_each(|notice| self.add(notice));
            }
            Err(error) => {
                tracing::error!(%error, "an attempt broke off, the next start takes it up");
                if let Some(work) = self.under_way.remove(&error.id()) {
                    self.schedule.done(&work, None, HostState::Unknown, now);
                }
            }
        }
    }

    fn finish(&mut self, message: i64) {
        self.finished.insert(message);
        self.bury_at.get_or_insert(Instant::now() + GATHER);
    }

    /// Strikes out what is finished, once the journal has it: whatever happens in between, nothing is
    /// without an outcome.
    fn bury(&mut self) {
        self.bury_at = None;
        if self.finished.is_empty() {
            return;
        }
        let (parts, finished) = (Arc::clone(&self.parts), Vec::from_iter(self.finished.clone()));
        self.burial.spawn(async move {
            parts.journal.flush().await;
            for some in finished.chunks(BURIED_AT_ONCE) {
                parts.store.spool_bury(some.to_vec()).await?;
            }
            Ok(finished)
        });
    }

    fn buried(&mut self, buried: Result<Result<Vec<i64>, StoreError>, tokio::task::JoinError>) {
        let error: Box<dyn Error> = match buried {
            Ok(Ok(buried)) => {
                self.finished.retain(|message| buried.binary_search(message).is_err());
                return;
            }
            Ok(Err(error)) => error.into(),
            Err(error) => error.into(),
        };
        tracing::error!(%error, "finished messages stay in the spool for now");
        self.bury_at = Some(Instant::now() + AGAIN);
    }
}

fn concurrency(parts: &Parts) -> Concurrency {
    let spool = &parts.config.spool;
    Concurrency {
        mail: spool.concurrency,
        notices: spool.concurrency_of_notices,
        per_destination: spool.concurrency_per_destination,
    }
}
