//! How often something may happen: a rate, and buckets of it for whoever causes what is counted.

mod bucket;
mod client;
mod guesses;
mod lines;
mod recent;
mod refusals;
mod text;

pub use bucket::{Bucket, Buckets};
pub use client::{AROUND, ClientBlock, ClientBuckets, Full};
pub use guesses::Guesses;
pub use lines::{ClientLines, LeftOut};
pub use recent::Recent;
pub use refusals::{Burst, Heard, Refusals};
pub use text::{parse_rate, print_rate};

use crate::time::{DAY, whole_millis};
use std::{num::NonZeroU32, time::Duration};

/// So many times within a length of time, all of them at once if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    /// In milliseconds, from 1 to [`MAX_PER`]: times `count`, it fits into 64 bits.
    per: u64,
}

/// The longest length of time of a rate.
pub const MAX_PER: Duration = Duration::from_hours(30 * 24);

impl Rate {
    /// `count` times in `per`, of which whole milliseconds count. `None` when there are none of these, or
    /// more than [`MAX_PER`].
    pub fn new(count: NonZeroU32, per: Duration) -> Option<Self> {
        let per = (per <= MAX_PER).then(|| whole_millis(per))?;
        (per > 0).then_some(Self { count, per })
    }

    /// So many times a day.
    pub fn per_day(count: NonZeroU32) -> Self {
        Self { count, per: whole_millis(DAY) }
    }

    /// How many times.
    pub const fn count(self) -> NonZeroU32 {
        self.count
    }

    /// Within how long.
    pub const fn per(self) -> Duration {
        Duration::from_millis(self.per)
    }

    /// A part of it, such as a tenth, but at least once in the same time.
    pub fn divided_by(self, parts: NonZeroU32) -> Self {
        let count = NonZeroU32::new(self.count.get() / parts).unwrap_or(NonZeroU32::MIN);
        Self { count, ..self }
    }

    /// So many times as much in the same time.
    pub fn times(self, times: NonZeroU32) -> Self {
        Self { count: self.count.saturating_mul(times), ..self }
    }

    fn capacity(self) -> u64 {
        u64::from(self.count.get()).saturating_mul(self.per)
    }
}
