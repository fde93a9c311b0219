//! Which buckets were found empty, for whoever asks how things are.

use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, time::Duration};

/// For how long a bucket that was found empty is told of.
const MEMORY: Duration = Duration::from_hours(1);
/// Most that are told of at once.
const CAPACITY: usize = 1_000;

/// A bucket that was found empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bite {
    /// The key of `[limits]`.
    pub limit: String,
    /// The client, network, address or domain.
    pub whose: String,
    /// The rate that it exceeds.
    pub rate: String,
    /// How often it was found empty.
    pub times: u64,
}

/// Those of the last hour.
#[derive(Debug, Default)]
pub(super) struct Bites(HashMap<(&'static str, String), (Bite, Millis)>);

impl Bites {
    /// Tells of one more; true when it is the first of an hour.
    pub(super) fn add(
        &mut self,
        limit: &'static str,
        whose: &str,
        rate: &str,
        now: Millis,
    ) -> bool {
        let key = (limit, whose.to_owned());
        if let Some((bite, last)) = self.0.get_mut(&key).filter(|(_, last)| is_recent(*last, now)) {
            bite.times = bite.times.saturating_add(1);
            *last = now;
            return false;
        }
        if self.0.len() >= CAPACITY {
            self.forget(now);
        }
        if self.0.len() >= CAPACITY {
            // A flood from everywhere: those that are kept say as much.
            return false;
        }
        let bite = Bite {
            limit: limit.to_owned(),
            whose: whose.to_owned(),
            rate: rate.to_owned(),
            times: 1,
        };
        self.0.insert(key, (bite, now));
        true
    }

    /// Those that are still told of, the most frequent first.
    pub(super) fn recent(&mut self, now: Millis) -> Vec<Bite> {
        self.forget(now);
        let mut bites: Vec<Bite> = self.0.values().map(|(bite, _)| bite.clone()).collect();
        bites.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.whose.cmp(&b.whose)));
        bites
    }

    fn forget(&mut self, now: Millis) {
        self.0.retain(|_, (_, last)| is_recent(*last, now));
    }
}

fn is_recent(last: Millis, now: Millis) -> bool {
    now.since(last) < MEMORY
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis::new(1_700_000_000_000);

    #[test]
    fn the_first_of_an_hour_is_news() {
        let mut bites = Bites::default();
        assert!(bites.add("a", "192.0.2.1", "1/1h", NOW));
        assert!(!bites.add("a", "192.0.2.1", "1/1h", NOW + MEMORY / 2));
        assert!(bites.add("a", "192.0.2.2", "1/1h", NOW + MEMORY / 2));
        let recent = bites.recent(NOW + MEMORY);
        let told: Vec<_> = recent.iter().map(|bite| (bite.whose.as_str(), bite.times)).collect();
        assert_eq!(told, [("192.0.2.1", 2), ("192.0.2.2", 1)]);
        assert!(bites.add("a", "192.0.2.1", "1/1h", NOW + 2 * MEMORY), "after an hour of quiet");
        assert_eq!(bites.recent(NOW + 2 * MEMORY).len(), 1);
    }

    #[test]
    fn a_flood_from_everywhere_takes_bounded_room() {
        let mut bites = Bites::default();
        for client in 0..2 * CAPACITY {
            bites.add("a", &client.to_string(), "1/1h", NOW);
        }
        assert_eq!(bites.recent(NOW).len(), CAPACITY);
        assert!(bites.add("a", "x", "1/1h", NOW + MEMORY));
    }
}
