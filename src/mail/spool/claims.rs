//! What waits in a store that several nodes share: how much of it this one takes, and what it leaves to others.

use crate::{
    retry::{Line, Schedule},
    store::spool::{Claim, LineClaim, LineLeft, Which},
    time::Millis,
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::time::Instant;

/// Most messages that are taken or left at once.
pub(super) const SOME: usize = 1_000;
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

    /// Takes note of which lines wait in the store, as it was just looked.
    pub(super) fn set_lines(&mut self, lines: Vec<LineLeft>, schedule: &Schedule) {
        self.lines = lines;
        let lines = &self.lines;
        self.awake.retain(|line, _| {
            lines.iter().any(|left| left.line == *line) && !is_asleep(schedule, line)
        });
    }

    /// What is to be taken beside what `schedule` holds, which is to be `hold` at most. What is due is looked at, however much
    /// there is to do: who has little of it does not wait behind who has much.
    pub(super) fn wanted(&self, schedule: &Schedule, hold: usize, now: Millis) -> Claim {
        // As much as is not let go of again, by what is due and comes besides.
        let room = (hold - hold / 8).saturating_sub(schedule.workable(now));
        let some = SOME.min(hold);
        let mut lines: Vec<(&LineLeft, Which, usize)> = Vec::new();
        for left in &self.lines {
            let which = self.awake.get(&left.line).copied().unwrap_or(Which::Due);
            let most = if is_asleep(schedule, &left.line) { FEW } else { some };
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
        let ahead = (hold / 4).saturating_sub(schedule.held()).min(some);
        Claim { now, due: some, ahead, lines }
    }
}

fn is_asleep(schedule: &Schedule, line: &Line) -> bool {
    match line {
        Line::To(group) => schedule.is_asleep(group),
        Line::By(_) => false,
    }
}
