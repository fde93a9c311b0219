//! Limits that aliases have of their own: only what is taken counts.

use super::Rates;
use crate::{
    alias::{Key, Named},
    rate::{Bucket, Full, Rate, Recent},
    time::Millis,
};
use std::{num::NonZeroU32, sync::Arc};

/// The buckets of aliases, those of the least recent forgotten.
#[derive(Debug)]
pub(super) struct Own {
    used: Recent<Key, Used>,
    /// Machines that take the same mail, of which this is one.
    nodes: NonZeroU32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Used(Option<(Rate, Bucket)>);

/// What a message has taken of the limits of its aliases; given back when it is dropped, unless the message was taken.
#[derive(Debug)]
pub(crate) struct TakenLimits {
    rates: Arc<Rates>,
    taken: Vec<(Key, Rate)>,
}

impl Own {
    pub(super) fn new(capacity: usize) -> Self {
        Self { used: Recent::new(capacity), nodes: NonZeroU32::MIN }
    }

    /// Goes by its part of what so many machines may take together.
    pub(super) fn set_nodes(&mut self, nodes: NonZeroU32) {
        self.nodes = nodes;
    }

    /// What this machine may take of the limit of `named`, if it has one.
    pub(super) fn limit_of(&self, named: &Named) -> Option<Rate> {
        Some(named.rules.limit?.divided_by(self.nodes))
    }

    /// Whether something is left of the limit of `named`, if it has one.
    ///
    /// # Errors
    /// When it is empty.
    pub(super) fn check(&mut self, named: &Named, now: Millis) -> Result<(), Full<()>> {
        let Some(rate) = self.limit_of(named) else { return Ok(()) };
        let Some(used) = self.used.get(&named.key) else { return Ok(()) };
        let bucket = used.by(rate, now);
        match bucket.has(rate, now) {
            true => Ok(()),
            false => Err(Full { whose: (), rate, wait: bucket.wait(rate, now) }),
        }
    }

    /// Takes one.
    pub(super) fn take(&mut self, key: Key, rate: Rate, now: Millis) {
        self.used.change(key, |used| {
            let mut bucket = used.by(rate, now);
            bucket.take(rate, now);
            *used = Used(Some((rate, bucket)));
        });
    }

    /// What is taken of each limit at `now`, in thousandths.
    pub(super) fn taken(&self, now: Millis) -> Vec<(Key, Rate, u64)> {
        let taken = |(key, used): (&Key, &Used)| {
            let (rate, bucket) = used.0?;
            let taken = bucket.taken(rate, now);
            (taken > 0).then(|| (key.clone(), rate, taken))
        };
        self.used.iter().filter_map(taken).collect()
    }

    /// What is taken of the limit of `named` at `now`, in thousandths.
    pub(super) fn taken_of(&self, named: &Named, now: Millis) -> Option<(Rate, u64)> {
        let rate = self.limit_of(named)?;
        let used = self.used.get(&named.key).copied().unwrap_or_default();
        Some((rate, used.by(rate, now).taken(rate, now)))
    }

    /// Goes on from what [`Own::taken`] said at `at`.
    pub(super) fn go_on(&mut self, key: Key, rate: Rate, taken: u64, at: Millis) {
        self.used.change(key, |used| *used = Used(Some((rate, Bucket::of_taken(taken, rate, at)))));
    }

    fn give_back(&mut self, key: Key, rate: Rate) {
        self.used.change(key, |used| match used {
            Used(Some((now, bucket))) if *now == rate => bucket.give_back(rate),
            // It has another limit by now.
            _ => {}
        });
    }
}

impl Used {
    /// The bucket by `rate`, which may not be the one that it was filled by.
    fn by(self, rate: Rate, now: Millis) -> Bucket {
        match self.0 {
            Some((old, bucket)) if old != rate => {
                Bucket::of_taken(bucket.taken(old, now), rate, now)
            }
            Some((_, bucket)) => bucket,
            None => Bucket::default(),
        }
    }
}

impl TakenLimits {
    pub(super) fn new(rates: &Arc<Rates>, taken: Vec<(Key, Rate)>) -> Self {
        Self { rates: Arc::clone(rates), taken }
    }

    /// The message was taken: what it used is used up.
    pub(crate) fn spend(mut self) {
        self.taken.clear();
    }
}

impl Drop for TakenLimits {
    fn drop(&mut self) {
        if !self.taken.is_empty() {
            let tables = &mut *self.rates.tables.lock();
            for (key, rate) in self.taken.drain(..) {
                tables.own.give_back(key, rate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alias::{Alias, AliasAddress, Rules},
        config::{Config, Machine},
        metrics::Metrics,
        rate::parse_rate,
    };
    use std::{path::Path, time::Duration};

    fn named(limit: &str) -> Named {
        let alias = Alias::forward(AliasAddress::parse("a@x.test").unwrap(), ["p@y.test"]).unwrap();
        let rules = Rules { limit: parse_rate(limit).ok(), ..Rules::default() };
        Named::of(&alias.with_rules(rules).unwrap())
    }

    #[test]
    fn each_alias_has_its_bucket_by_the_limit_that_it_has_now() {
        let (mut own, now) = (Own::new(10), Millis::new(1_700_000_000_000));
        let take = |own: &mut Own, named: &Named| {
            own.check(named, now).map(|()| {
                own.take(named.key.clone(), named.rules.limit.unwrap(), now);
            })
        };
        let two = named("2/1h");
        assert!(take(&mut own, &two).is_ok() && take(&mut own, &two).is_ok());
        let full = take(&mut own, &two).unwrap_err();
        assert_eq!((full.rate, full.wait), (two.rules.limit.unwrap(), Duration::from_mins(30)));
        let three = named("3/1h");
        assert!(take(&mut own, &three).is_ok(), "what was used stays used");
        assert!(take(&mut own, &three).is_err() && take(&mut own, &two).is_err());
        assert!(own.check(&named("none"), now).is_ok());
        own.give_back(two.key.clone(), two.rules.limit.unwrap());
        assert!(take(&mut own, &three).is_err(), "that was by another limit");
        own.give_back(three.key.clone(), three.rules.limit.unwrap());
        assert!(take(&mut own, &three).is_ok());
    }

    #[test]
    fn what_the_last_daemon_kept_counts() {
        let now = Millis::new(1_700_000_000_000);
        let (mut last, mut next) = (Own::new(10), Own::new(10));
        let two = named("2/1h");
        let rate = two.rules.limit.unwrap();
        last.take(two.key.clone(), rate, now);
        last.take(two.key.clone(), rate, now);
        for (key, rate, taken) in last.taken(now) {
            next.go_on(key, rate, taken, now);
        }
        assert!(next.check(&two, now).is_err() && next.check(&two, now + rate.per() / 2).is_ok());
        assert_eq!(next.taken_of(&two, now), Some((rate, 2000)));
        assert_eq!(next.taken_of(&named("none"), now), None);
        assert_eq!(last.taken(now + rate.per()), [], "nothing is missing any more");
    }

    #[test]
    fn what_is_not_taken_is_given_back() {
        let text = "hostname = 'mx.x.test'\nstate_dir = '/state'\n[srs]\ndomain = 'x.test'\nsecret_file = '/secret'\n\
                    [[listen]]\nprotocol = 'smtp'\naddress = '127.0.0.1:0'\n";
        let config = Config::parse(text, Path::new("test"), &Machine::default()).unwrap();
        let rates = Arc::new(Rates::new(&config.limits, Arc::new(Metrics::new())));
        let named = named("1/1h");
        let (rate, now) = (named.rules.limit.unwrap(), Millis::new(1_700_000_000_000));
        let take = || {
            rates.tables.lock().own.take(named.key.clone(), rate, now);
            TakenLimits::new(&rates, vec![(named.key.clone(), rate)])
        };
        let is_left = || rates.tables.lock().own.check(&named, now).is_ok();
        let taken = take();
        assert!(!is_left());
        drop(taken);
        assert!(is_left());
        take().spend();
        assert!(!is_left());
    }
}
