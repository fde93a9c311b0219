use crate::{
    rate::Rate,
    time::{Millis, whole_millis},
};
use std::time::Duration;

/// When the next message may leave: messages apart by a length of time, a number of them at once where nothing left
/// for long (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Clockwork {
    /// When all that left would have left one by one, in microseconds.
    busy_until: u64,
}

/// How often a message may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beat {
    /// From one message to the next, in microseconds.
    each: u64,
    /// So many at once.
    at_once: u64,
}

impl Beat {
    /// As a bucket of `rate` has it, divided by `nodes`.
    pub(super) fn of_rate(rate: Rate, nodes: u32) -> Self {
        let count = u64::from(rate.count().get());
        let per = whole_millis(rate.per()).saturating_mul(1000);
        Self {
            each: (per / count).saturating_mul(nodes.into()),
            at_once: (count / u64::from(nodes)).max(1),
        }
    }

    /// The slower one of two.
    pub(super) fn slower(self, other: Self) -> Self {
        if other.each > self.each { other } else { self }
    }

    /// One by one.
    pub(super) fn apart(each: Duration, nodes: u32) -> Self {
        let each = whole_millis(each).saturating_mul(1000).saturating_mul(nodes.into());
        Self { each, at_once: 1 }
    }
}

impl Clockwork {
    /// When one more may leave, and takes that; nothing is taken where it is after `latest`.
    ///
    /// # Errors
    /// When that is.
    pub(super) fn take(
        &mut self,
        beat: Beat,
        now: Millis,
        latest: Millis,
    ) -> Result<Millis, Millis> {
        let micros = now.as_millis().saturating_mul(1000);
        let room = beat.each.saturating_mul(beat.at_once.saturating_sub(1));
        let at = self.busy_until.saturating_sub(room).max(micros);
        let at_millis = Millis::new(at.div_ceil(1000));
        if at_millis > latest {
            return Err(at_millis);
        }
        self.busy_until = self.busy_until.max(micros).saturating_add(beat.each);
        Ok(at_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    const NOW: Millis = Millis::new(1_000_000);

    #[test]
    fn a_bucket_and_one_by_one() {
        let rate = Rate::new(NonZeroU32::new(3).unwrap(), Duration::from_secs(3)).unwrap();
        let waits = |beat, count| {
            let mut clockwork = Clockwork::default();
            let take = |_| clockwork.take(beat, NOW, Millis::MAX).unwrap().since(NOW).as_millis();
            (0..count).map(take).collect::<Vec<_>>()
        };
        assert_eq!(waits(Beat::of_rate(rate, 1), 5), [0, 0, 0, 1000, 2000]);
        assert_eq!(waits(Beat::of_rate(rate, 3), 3), [0, 3000, 6000]);
        assert_eq!(waits(Beat::apart(Duration::from_secs(6), 1), 3), [0, 6000, 12_000]);
    }

    #[test]
    fn what_is_too_late_takes_nothing() {
        let beat = Beat::apart(Duration::from_secs(60), 1);
        let mut clockwork = Clockwork::default();
        assert_eq!(clockwork.take(beat, NOW, NOW), Ok(NOW));
        let next = NOW + Duration::from_secs(60);
        for _ in 0..3 {
            assert_eq!(clockwork.take(beat, NOW, NOW + Duration::from_secs(45)), Err(next));
        }
        assert_eq!(clockwork.take(beat, next, next), Ok(next));
    }
}
