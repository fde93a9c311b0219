//! What waits in a store that several nodes share: how much of it this one takes, and what it leaves to others.

use super::runner::Runner;
use crate::{
    clock,
    retry::{Line, Schedule},
    store::{
        StoreError,
        spool::{Claim, LineClaim, LineLeft, Which},
    },
    time::Millis,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// How often it is looked what is due.
const OFTEN: Duration = Duration::from_secs(1);
/// Most messages that are taken or left at once.
const SOME: usize = 1_000;
/// Most messages that are taken at once from a line whose hosts do not answer, and that may have to be given up.
const FEW: usize = 100;
/// Most lines that are taken from at once.
const LINES: usize = 100;

/// What waits in the store, as of a second ago.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// When it is looked next; `None` where nobody else could take anything.
    pub(super) at: Option<Instant>,
    /// The last time something went wrong in the midst.
    is_cut_off: bool,
    lines: Vec<LineLeft>,
    /// Of which lines more is to be taken than what is due.
    awake: BTreeMap<Line, Which>,
}

impl Claims {
    pub(super) fn are_due(&self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// Something went wrong in the midst.
    pub(super) fn cut_off(&mut self) {
        self.is_cut_off = true;
    }

    /// Whether it did, told once.
    pub(super) fn was_cut_off(&mut self) -> bool {
        std::mem::take(&mut self.is_cut_off)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The hosts of one answer again.
    pub(super) fn wake(&mut self, whose: &Arc<str>) {
        self.set_awake(whose, Which::All);
    }

    /// Somebody has a provider go on.
    pub(super) fn resume(&mut self, whose: &Arc<str>) {
        self.set_awake(whose, Which::AtOnce);
    }

    fn set_awake(&mut self, whose: &Arc<str>, which: Which) {
        let line = Line::To(Arc::clone(whose));
        let is_known = self.lines.iter().any(|left| left.line == line);
        if is_known && self.awake.get(&line) != Some(&Which::AtOnce) {
            self.awake.insert(line, which);
        }
    }
}

impl Runner {
    /// Takes what is due and nobody has in hand, and leaves what is more than may be in hand.
    pub(super) async fn claim(&mut self) -> Result<(), StoreError> {
        let Some(hold) = self.parts.store.spool_hold() else {
            self.claims.at = None;
            return Ok(());
        };
        self.claims.at = Some(Instant::now() + OFTEN);
        let now = clock::steady_millis();
        let wanted = self.wanted(hold, now);
        let claimed = self.parts.store.spool_claim(wanted).await?;
        self.claims.lines = claimed.lines;
        for (hop, entry) in self.entries(claimed.open, now) {
            self.schedule.admit(hop, entry, now);
        }
        let (claims, schedule) = (&mut self.claims, &self.schedule);
        claims.awake.retain(|line, _| {
            let is_left = claims.lines.iter().any(|left| left.line == *line);
            is_left && !is_asleep(schedule, line)
        });
        self.end(claimed.finished).await?;
        if claimed.is_full && self.schedule.workable(now) < hold / 10 {
            self.claims.at = Some(Instant::now());
        }
        self.leave(hold, now).await
    }

    /// What is to be taken. What is due is looked at, however much there is to do: who has little of it does not wait behind who
    /// has much.
    fn wanted(&self, hold: usize, now: Millis) -> Claim {
        let held = self.schedule.held();
        // As much as is not let go of again, by what is due and comes besides.
        let room = (hold - hold / 8).saturating_sub(self.schedule.workable(now));
        let some = SOME.min(hold);
        let mut lines: Vec<(&LineLeft, Which, usize)> = Vec::new();
        for left in &self.claims.lines {
            let which = self.claims.awake.get(&left.line).copied().unwrap_or(Which::Due);
            let most = if is_asleep(&self.schedule, &left.line) { FEW } else { some };
            if left.due <= now || which != Which::Due {
                lines.push((left, which, most));
            }
        }
        lines.sort_by_key(|(left, ..)| left.due);
        lines.truncate(LINES);
        let each = room / lines.len().max(1);
        let claim = |(left, which, most): (&LineLeft, Which, usize)| LineClaim {
            line: left.line.clone(),
            most: most.min(each),
            which,
        };
        let lines = lines.into_iter().map(claim).filter(|line| line.most > 0).collect();
        let ahead = (hold / 4).saturating_sub(held).min(some);
        Claim { now, due: some, ahead, lines }
    }

    /// Leaves what is more than may be in hand.
    async fn leave(&mut self, hold: usize, now: Millis) -> Result<(), StoreError> {
        let left = self.schedule.let_go(hold, now);
        for some in left.chunks(SOME) {
            self.parts.store.spool_leave(some.to_vec()).await?;
        }
        Ok(())
    }
}

fn is_asleep(schedule: &Schedule, line: &Line) -> bool {
    match line {
        Line::To(group) => schedule.is_asleep(group),
        Line::By(_) => false,
    }
}
