//! How often SRS addresses are used.

use std::collections::HashMap;

/// Most SRS addresses whose uses are counted at once.
const MAX_COUNTED: usize = 100_000;

/// Uses per SRS address on one day.
#[derive(Debug, Default)]
pub(super) struct Uses {
    day: u64,
    counts: HashMap<String, u32>,
}

impl Uses {
    /// Counts a use; false when there were `max` already.
    pub(super) fn count(&mut self, key: String, day: u64, max: u32) -> bool {
        if day != self.day {
            self.day = day;
            self.counts = HashMap::new();
        }
        if self.counts.len() >= MAX_COUNTED && !self.counts.contains_key(&key) {
            // Those who are near the limit are those it is for.
            self.counts.retain(|_, uses| *uses > max / 2);
            if self.counts.len() >= MAX_COUNTED {
                return false;
            }
        }
        let uses = self.counts.entry(key).or_default();
        *uses = uses.saturating_add(1);
        *uses <= max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_counted_per_address_and_day() {
        let mut uses = Uses::default();
        let mut used = |key: &str, day| uses.count(key.to_owned(), day, 2);
        assert!(used("a", 1) && used("a", 1) && !used("a", 1));
        assert!(used("b", 1));
        assert!(used("a", 2));
    }

    #[test]
    fn the_number_of_counters_is_bounded_and_heavy_users_stay() {
        let mut uses = Uses::default();
        for _ in 0..3 {
            uses.count("heavy".into(), 1, 2);
        }
        for n in 0..MAX_COUNTED * 2 {
            assert!(uses.count(format!("k{n}"), 1, 2));
        }
        assert!(uses.counts.len() <= MAX_COUNTED);
        assert!(!uses.count("heavy".into(), 1, 2));
    }
}
