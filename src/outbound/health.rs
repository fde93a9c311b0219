use parking_lot::Mutex;
use std::{collections::HashMap, hash::Hash, time::Duration};
use tokio::time::Instant;

/// For how long one that failed is tried behind the others.
const MEMORY: Duration = Duration::from_mins(5);
/// Failures remembered at once.
const MAX_REMEMBERED: usize = 10_000;

/// What could not be reached lately.
#[derive(Debug)]
pub(super) struct Health<K> {
    failed: Mutex<HashMap<K, Instant>>,
}

impl<K> Default for Health<K> {
    fn default() -> Self {
        Self { failed: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone> Health<K> {
    pub(super) fn failed(&self, key: &K) {
        let mut failed = self.failed.lock();
        if failed.len() >= MAX_REMEMBERED {
            failed.retain(|_, since| since.elapsed() < MEMORY);
        }
        if failed.len() < MAX_REMEMBERED {
            failed.insert(key.clone(), Instant::now());
        }
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
            since.is_some_and(|since| since.elapsed() < MEMORY)
        });
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
        health.failed(&1);
        assert_eq!(sorted(&health), [2, 3, 1]);
        health.failed(&2);
        assert_eq!(sorted(&health), [3, 1, 2]);
        health.worked(&1);
        assert_eq!(sorted(&health), [1, 3, 2]);
    }
}
