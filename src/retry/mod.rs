//! When a spooled message is tried again, which one is next, and when to give up.

mod destination;
mod groups;
mod hold;
mod lane;
mod lines;
mod schedule;
mod tally;

pub use hold::{Left, Line};
pub use schedule::{Concurrency, Entry, HostState, Kind, Schedule, Work};

use crate::time::{Millis, whole_millis};
use std::time::Duration;

/// How far a wait strays from its length: messages that failed together need not come back together.
const JITTER_PERCENT: u64 = 10;

/// `spool.retry` and `spool.max_age`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    /// The waits behind the first, second, … failed attempt; the last one repeats.
    pub waits: Vec<Duration>,
    /// What is older is given up.
    pub max_age: Duration,
}

impl Backoff {
    /// How long to wait after `failures` (from 1) attempts failed. `random` strays it.
    pub fn wait(&self, failures: u32, random: u32) -> Duration {
        let nth = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(nth).or(self.waits.last()).copied().unwrap_or(Duration::ZERO);
        let wait = whole_millis(wait);
        let spread = wait / 100 * JITTER_PERCENT;
        let stray = spread.saturating_mul(2).saturating_mul(u64::from(random)) >> 32;
        Duration::from_millis((wait - spread).saturating_add(stray))
    }

    /// When a message that arrived at `arrived` is given up.
    pub fn expiry(&self, arrived: Millis) -> Millis {
        arrived + self.max_age
    }

    /// The longest of the waits: nothing is ever due later than that from now.
    pub fn longest_wait(&self) -> Duration {
        let longest = self.waits.iter().max().copied().unwrap_or(Duration::ZERO);
        Duration::from_millis(whole_millis(longest) / 100 * (100 + JITTER_PERCENT) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn backoff(waits: &[u64]) -> Backoff {
        let waits = waits.iter().map(|secs| Duration::from_secs(*secs)).collect();
        Backoff { waits, max_age: Duration::from_secs(100) }
    }

    #[test]
    fn the_last_wait_repeats() {
        let backoff = backoff(&[10, 20]);
        for (failures, wait) in [(0, 10_000), (1, 10_000), (2, 20_000), (3, 20_000), (999, 20_000)]
        {
            assert_eq!(backoff.wait(failures, 1 << 31), Duration::from_millis(wait), "{failures}");
        }
        assert_eq!(backoff.expiry(Millis::new(5)), Millis::new(100_005));
    }

    proptest! {
        #[test]
        fn strays_by_a_tenth_at_most(failures: u32, random: u32) {
            let backoff = backoff(&[60, 300, 900]);
            let (wait, middle) = (backoff.wait(failures, random), backoff.wait(failures, 1 << 31));
            prop_assert!(wait.abs_diff(middle) <= middle / 10);
            prop_assert!(wait <= backoff.longest_wait());
        }
    }
}
