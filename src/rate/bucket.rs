use super::{Full, Rate};
use crate::time::{Millis, whole_millis};
use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::Arc,
    time::Duration,
};

/// What is left of a [`Rate`]: full at first, it fills evenly. It says nothing without its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// What is missing from a full one. Each millisecond fills in `count`, and each event takes `per`, so
    /// that nothing is lost to rounding.
    missing: u64,
    /// When that was so.
    at: Millis,
}

/// A bucket for each key, for a bounded number of keys; beyond, the one that was used least recently is
/// forgotten.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    capacity: usize,
    buckets: HashMap<Arc<K>, (u64, Bucket)>,
    /// Keys by the turn in which they were used last.
    by_turn: BTreeMap<u64, Arc<K>>,
    turn: u64,
}

impl Bucket {
    /// True when something is left.
    pub fn has(&self, rate: Rate, now: Millis) -> bool {
        self.missing_at(rate, now).saturating_add(rate.per) <= rate.capacity()
    }

    /// Takes one; false when nothing was left.
    pub fn take(&mut self, rate: Rate, now: Millis) -> bool {
        let missing = self.missing_at(rate, now);
        let is_left = self.has(rate, now);
        let taken = if is_left { rate.per } else { 0 };
        *self = Self { missing: missing.saturating_add(taken), at: now };
        is_left
    }

    /// Puts back one that was taken for nothing.
    pub fn give_back(&mut self, rate: Rate) {
        self.missing = self.missing.saturating_sub(rate.per);
    }

    /// How long until something is left: nothing at all when it is.
    pub fn wait(&self, rate: Rate, now: Millis) -> Duration {
        let wanted = self.missing_at(rate, now).saturating_add(rate.per);
        let excess = wanted.saturating_sub(rate.capacity());
        Duration::from_millis(excess.div_ceil(u64::from(rate.count.get())))
    }

    /// One from which so much was taken at `at` as [`Bucket::taken`] says, by whatever rate that was.
    pub fn of_taken(taken: u64, rate: Rate, at: Millis) -> Self {
        let missing = u128::from(taken) * u128::from(rate.per) / 1000;
        Self { missing: u64::try_from(missing).unwrap_or(u64::MAX), at }
    }

    /// How much is taken at `now` and has not filled in again, in thousandths of an event, rounded up.
    pub fn taken(&self, rate: Rate, now: Millis) -> u64 {
        let taken = (u128::from(self.missing_at(rate, now)) * 1000).div_ceil(u128::from(rate.per));
        u64::try_from(taken).unwrap_or(u64::MAX)
    }

    /// A clock that was set back fills nothing, and goes on from there.
    fn missing_at(&self, rate: Rate, now: Millis) -> u64 {
        let elapsed = whole_millis(now.since(self.at));
        let filled = elapsed.saturating_mul(u64::from(rate.count.get()));
        self.missing.min(rate.capacity()).saturating_sub(filled)
    }
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    /// No bucket is used yet; at most `capacity` are kept.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, capacity, buckets: HashMap::new(), by_turn: BTreeMap::new(), turn: 0 }
    }

    /// Changes the rate. All buckets are full then, unless the rate is what it was.
    pub fn set_rate(&mut self, rate: Rate) {
        if rate != self.rate {
            *self = Self::new(rate, self.capacity);
        }
    }

    /// True when something is left for `key`.
    pub fn has(&self, key: &K, now: Millis) -> bool {
        self.buckets.get(key).is_none_or(|(_, bucket)| bucket.has(self.rate, now))
    }

    /// Whether something is left for `key`.
    ///
    /// # Errors
    /// When its bucket is empty.
    pub fn check(&self, key: &K, now: Millis) -> Result<(), Full<K>> {
        match self.buckets.get(key) {
            Some((_, bucket)) if !bucket.has(self.rate, now) => {
                let wait = bucket.wait(self.rate, now);
                Err(Full { whose: key.clone(), rate: self.rate, wait })
            }
            _ => Ok(()),
        }
    }

    /// Takes one for `key`; false when nothing was left.
    pub fn take(&mut self, key: &K, now: Millis) -> bool {
        self.turn = self.turn.saturating_add(1);
        let known = self.buckets.get(key).and_then(|(turn, _)| self.by_turn.remove(turn));
        let key = known.unwrap_or_else(|| Arc::new(key.clone()));
        let (turn, bucket) = self.buckets.entry(Arc::clone(&key)).or_default();
        *turn = self.turn;
        let is_left = bucket.take(self.rate, now);
        self.by_turn.insert(self.turn, key);
        if self.buckets.len() > self.capacity
            && let Some((_, oldest)) = self.by_turn.pop_first()
        {
            self.buckets.remove(&oldest);
        }
        is_left
    }

    /// What is taken of each at `now`, as [`Bucket::taken`] says.
    pub fn taken(&self, now: Millis) -> impl Iterator<Item = (&K, u64)> {
        let taken = self
            .buckets
            .iter()
            .map(move |(key, (_, bucket))| (&**key, bucket.taken(self.rate, now)));
        taken.filter(|(_, taken)| *taken > 0)
    }

    /// Has so much be taken of that of `key`, as of `at`.
    pub fn set_taken(&mut self, key: &K, taken: u64, at: Millis) {
        self.take(key, at);
        if let Some((_, bucket)) = self.buckets.get_mut(key) {
            *bucket = Bucket::of_taken(taken, self.rate, at);
        }
    }

    /// Puts back one that was taken for `key` for nothing.
    pub fn give_back(&mut self, key: &K) {
        if let Some((_, bucket)) = self.buckets.get_mut(key) {
            bucket.give_back(self.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::MAX_PER;
    use proptest::prelude::*;
    use std::num::NonZeroU32;

    fn rate(count: u32, seconds: u64) -> Rate {
        Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_secs(seconds)).unwrap()
    }

    fn second(seconds: u64) -> Millis {
        Millis::new(1_700_000_000_000 + seconds * 1000)
    }

    #[test]
    fn a_bucket_holds_the_count_and_fills_evenly() {
        let (rate, mut bucket) = (rate(3, 60), Bucket::default());
        let mut take = |seconds| bucket.take(rate, second(seconds));
        assert!(take(0) && take(0) && take(0) && !take(0));
        assert!(!take(19) && take(20) && !take(20), "one in 20 s");
        assert!(take(60) && take(60) && !take(60), "two in 40 s");
        assert!(take(1000) && take(1000) && take(1000) && !take(1000), "never more than three");
    }

    #[test]
    fn what_was_taken_for_nothing_is_put_back() {
        let (rate, mut bucket) = (rate(1, 60), Bucket::default());
        assert!(bucket.take(rate, second(0)) && !bucket.has(rate, second(0)));
        bucket.give_back(rate);
        bucket.give_back(rate);
        assert!(bucket.take(rate, second(0)) && !bucket.take(rate, second(0)), "no more than held");
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing_for_good() {
        let (rate, mut bucket) = (rate(1, 60), Bucket::default());
        assert!(bucket.take(rate, second(10_000)));
        assert!(!bucket.take(rate, second(0)));
        assert!(bucket.take(rate, second(60)));
    }

    #[test]
    fn what_was_taken_is_taken_of_others_that_go_on() {
        let mut buckets = Buckets::new(rate(3, 60), 10);
        let taken = |buckets: &Buckets<&'static str>, at| {
            let mut taken: Vec<_> = buckets.taken(at).map(|(key, taken)| (*key, taken)).collect();
            taken.sort_unstable();
            taken
        };
        for key in ["a", "b", "a", "a"] {
            assert!(buckets.take(&key, second(0)));
        }
        assert_eq!(taken(&buckets, second(0)), [("a", 3000), ("b", 1000)]);
        let mut next = Buckets::new(rate(3, 60), 10);
        for (key, count) in taken(&buckets, second(10)) {
            next.set_taken(&key, count, second(10));
        }
        assert_eq!(taken(&next, second(20)), [("a", 2000)], "it fills in");
        assert!(next.take(&"a", second(20)) && !next.take(&"a", second(20)));
    }

    #[test]
    fn it_says_when_to_come_again() {
        let (rate, mut bucket) = (rate(3, 60), Bucket::default());
        assert_eq!(bucket.wait(rate, second(0)), Duration::ZERO);
        for _ in 0..3 {
            assert!(bucket.take(rate, second(0)));
        }
        assert_eq!(bucket.wait(rate, second(5)), Duration::from_secs(15));
        let again = second(5) + bucket.wait(rate, second(5));
        assert!(bucket.has(rate, again), "and then something is left");
    }

    #[test]
    fn what_was_taken_counts_by_another_rate_too() {
        let (old, mut bucket) = (rate(4, 60), Bucket::default());
        assert!(bucket.take(old, second(0)) && bucket.take(old, second(0)));
        assert_eq!(bucket.taken(old, second(0)), 2_000);
        assert_eq!(bucket.taken(old, second(5)), 1_667, "a third of one filled in");
        let again = |rate| Bucket::of_taken(bucket.taken(old, second(0)), rate, second(0));
        assert_eq!(again(old), bucket);
        assert!(!again(rate(2, 60)).has(rate(2, 60), second(0)));
        assert!(
            !again(rate(1, 60)).has(rate(1, 60), second(59)),
            "no more is missing than it holds"
        );
        let (more, mut bucket) = (rate(3, 3600), again(rate(3, 3600)));
        assert!(bucket.take(more, second(0)) && !bucket.take(more, second(0)));
    }

    #[test]
    fn a_part_of_a_rate_and_a_multiple() {
        let tenth = NonZeroU32::new(10).unwrap();
        assert_eq!(rate(600, 3600).divided_by(tenth), rate(60, 3600));
        assert_eq!(rate(5, 3600).divided_by(tenth), rate(1, 3600), "at least one");
        assert_eq!(rate(600, 3600).times(tenth), rate(6000, 3600));
    }

    #[test]
    fn bounds_of_a_rate() {
        let one = NonZeroU32::MIN;
        assert_eq!(Rate::new(one, Duration::from_nanos(999)), None);
        assert_eq!(Rate::new(one, MAX_PER + Duration::from_nanos(1)), None);
        let most = Rate::new(NonZeroU32::MAX, MAX_PER).unwrap();
        let mut bucket = Bucket::default();
        assert!(bucket.take(most, Millis::MAX) && bucket.take(most, Millis::MAX));
    }

    #[test]
    fn buckets_are_kept_apart() {
        let mut buckets = Buckets::new(rate(1, 60), 9);
        assert!(buckets.take(&"a", second(0)) && !buckets.take(&"a", second(0)));
        assert!(buckets.has(&"b", second(0)) && buckets.take(&"b", second(0)));
        buckets.give_back(&"a");
        assert!(buckets.has(&"a", second(0)) && !buckets.has(&"b", second(0)));
        buckets.set_rate(rate(1, 60));
        assert!(!buckets.has(&"b", second(0)), "the rate is what it was");
        buckets.set_rate(rate(2, 60));
        assert!(buckets.has(&"b", second(0)));
    }

    #[test]
    fn the_bucket_used_least_recently_is_forgotten() {
        let mut buckets = Buckets::new(rate(1, 60), 2);
        assert!(buckets.take(&"a", second(0)) && buckets.take(&"b", second(0)));
        assert!(!buckets.take(&"a", second(0)), "a refused use is one");
        assert!(buckets.take(&"c", second(0)), "in the place of b");
        assert!(!buckets.has(&"a", second(0)) && buckets.has(&"b", second(0)));
        assert_eq!((buckets.buckets.len(), buckets.by_turn.len()), (2, 2));
    }

    proptest! {
        /// In any window, at most what a full bucket holds and what fills in meanwhile.
        #[test]
        fn no_window_has_more_than_the_rate_allows(
            count in 1_u32..20,
            per in 1_u64..100,
            steps in prop::collection::vec(0_u64..20, 1..200),
        ) {
            let rate =
                Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_millis(per)).unwrap();
            let (mut bucket, mut now, mut taken) = (Bucket::default(), Millis::EPOCH, Vec::new());
            for step in steps {
                now = now + Duration::from_millis(step);
                let is_left = bucket.has(rate, now);
                prop_assert_eq!(bucket.take(rate, now), is_left);
                if is_left {
                    taken.push(now);
                }
            }
            for (n, from) in taken.iter().enumerate() {
                for (m, to) in taken.iter().enumerate().skip(n) {
                    let most = u64::from(count) * per + whole_millis(to.since(*from)) * u64::from(count);
                    prop_assert!((m - n + 1) as u64 * per <= most);
                }
            }
        }

        /// The table agrees with one bucket a key, as long as it has room.
        #[test]
        fn a_table_with_room_is_a_bucket_for_each_key(
            events in prop::collection::vec((0_u8..4, 0_u64..30, any::<bool>()), 1..200),
        ) {
            let rate = rate(3, 60);
            let (mut table, mut each) = (Buckets::new(rate, 4), HashMap::<u8, Bucket>::new());
            let mut now = second(0);
            for (key, step, gives_back) in events {
                now = now + Duration::from_secs(step);
                let bucket = each.entry(key).or_default();
                prop_assert_eq!(table.take(&key, now), bucket.take(rate, now));
                if gives_back {
                    table.give_back(&key);
                    bucket.give_back(rate);
                }
            }
        }
    }
}
