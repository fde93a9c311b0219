use parking_lot::Mutex;
use std::{collections::HashMap, hash::Hash, time::Duration};
use tokio::time::Instant;

/// For how long one that failed is tried behind the others.
const MEMORY: Duration = Duration::from_mins(5);
/// Failures remembered at once.
const MAX_REMEMBERED: usize = 10_000;

/// What could not be reached lately.
#[derive(Debug)]
pub(super) struct Health<K: Eq + Hash + Clone> {
    failed: Mutex<HashMap<K, Failed>>,
}

#[derive(Debug)]
struct Failed {
    since: Instant,
    /// It took our time before it failed.
    hung: bool,
    /// Somebody is finding out whether it still hangs.
    is_asked: bool,
}

/// The right to ask one that hung, until this is dropped: it is asked by one at a time.
#[derive(Debug)]
pub(super) struct Turn<'a, K: Eq + Hash + Clone> {
    health: &'a Health<K>,
    hung: Option<K>,
}

impl<K: Eq + Hash + Clone> Default for Health<K> {
    fn default() -> Self {
        Self { failed: Mutex::default() }
    }
}

impl Failed {
    fn is_remembered(&self) -> bool {
        self.since.elapsed() < MEMORY
    }
}

impl<K: Eq + Hash + Clone> Health<K> {
    /// `key` failed, or even `hung`.
    pub(super) fn failed(&self, key: &K, hung: bool) {
        let mut failed = self.failed.lock();
        if failed.len() >= MAX_REMEMBERED {
            failed.retain(|_, failed| failed.is_remembered());
        }
        if failed.len() < MAX_REMEMBERED || failed.contains_key(key) {
            let is_asked = failed.get(key).is_some_and(|before| before.is_asked);
            failed.insert(key.clone(), Failed { since: Instant::now(), hung, is_asked });
        }
    }

    /// `None` where `key` hung lately and is being asked already: whoever else asks would only wait as well.
    pub(super) fn turn(&self, key: Option<&K>) -> Option<Turn<'_, K>> {
        let mut all = self.failed.lock();
        let known = key.filter(|_| !all.is_empty()).and_then(|key| all.get_mut(key));
        let hung = match known {
            Some(failed) if failed.hung && failed.is_remembered() => {
                if std::mem::replace(&mut failed.is_asked, true) {
                    return None;
                }
                key.cloned()
            }
            _ => None,
        };
        Some(Turn { health: self, hung })
    }

    /// Those that failed lately, the latest first and at most `limit`: for how long, and whether one hung.
    pub(super) fn list(&self, limit: usize) -> Vec<(K, Duration, bool)> {
        let failed = self.failed.lock();
        let remembered = failed.iter().filter(|(_, failed)| failed.is_remembered());
        let mut all: Vec<_> = remembered
            .map(|(key, failed)| (key.clone(), failed.since.elapsed(), failed.hung))
            .collect();
        all.sort_by_key(|(_, ago, _)| *ago);
        all.truncate(limit);
        all
    }

    pub(super) fn worked(&self, key: &K) {
        let mut failed = self.failed.lock();
        // Mostly there is nothing to forget.
        if !failed.is_empty() {
            failed.remove(key);
        }
    }

    /// Puts those that failed lately behind the others, and leaves the order as it is otherwise.
    pub(super) fn sort<T>(&self, items: &mut [T], key: impl Fn(&T) -> Option<K>) {
        let failed = self.failed.lock();
        if failed.is_empty() {
            return;
        }
        items.sort_by_key(|item| {
            let since = key(item).and_then(|key| failed.get(&key));
            since.is_some_and(Failed::is_remembered)
        });
    }
}

impl<K: Eq + Hash + Clone> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        if let Some(key) = &self.hung
            && let Some(failed) = self.health.failed.lock().get_mut(key)
        {
            failed.is_asked = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_failed_come_last() {
        let health = Health::default();
        let sorted = |health: &Health<u8>| {
            let mut items = [1, 2, 3];
            health.sort(&mut items, |item| Some(*item));
            items
        };
        assert_eq!(sorted(&health), [1, 2, 3]);
        health.failed(&1, false);
        assert_eq!(sorted(&health), [2, 3, 1]);
        health.failed(&2, true);
        assert_eq!(sorted(&health), [3, 1, 2]);
        let listed: Vec<_> = health.list(9).iter().map(|(key, _, hung)| (*key, *hung)).collect();
        assert_eq!(listed, [(2, true), (1, false)]);
        assert_eq!(health.list(1).len(), 1);
        health.worked(&1);
        assert_eq!(sorted(&health), [1, 3, 2]);
    }
    #[test]
    fn one_that_hung_is_asked_by_one_at_a_time_until_it_works() {
        let health = Health::default();
        let all_may = |key: u8| {
            let turns = [health.turn(Some(&key)), health.turn(Some(&key))];
            turns.iter().all(Option::is_some)
        };
        health.failed(&1, false);
        assert!(all_may(1) && all_may(2));
        health.failed(&1, true);
        let turn = health.turn(Some(&1)).unwrap();
        assert!(health.turn(Some(&1)).is_none());
        health.failed(&1, true);
        assert!(health.turn(Some(&1)).is_none(), "the one who asks is not done");
        drop(turn);
        assert!(!all_may(1), "one at a time");
        let turn = health.turn(Some(&1)).unwrap();
        health.worked(&1);
        assert!(all_may(1));
        drop(turn);
        assert!(all_may(1) && health.turn(None).is_some());
    }
}
