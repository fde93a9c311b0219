use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// Values of a bounded number of keys; beyond, the one that was changed least recently is forgotten.
#[derive(Debug)]
pub struct Recent<K, V> {
    capacity: usize,
    values: HashMap<K, (u64, V)>,
    /// Keys by the turn in which they were changed last.
    by_turn: BTreeMap<u64, K>,
    turn: u64,
}

impl<K: Clone + Eq + Hash, V: Default> Recent<K, V> {
    /// Nothing is kept yet.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, values: HashMap::new(), by_turn: BTreeMap::new(), turn: 0 }
    }

    /// The value of `key`, if there is one.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|(_, value)| value)
    }

    /// Changes the value of `key`, which is the default if there was none.
    pub fn change<T>(&mut self, key: K, change: impl FnOnce(&mut V) -> T) -> T {
        self.turn = self.turn.saturating_add(1);
        let (turn, value) = self.values.entry(key.clone()).or_default();
        self.by_turn.remove(turn);
        *turn = self.turn;
        let result = change(value);
        self.by_turn.insert(self.turn, key);
        if self.values.len() > self.capacity
            && let Some((_, oldest)) = self.by_turn.pop_first()
        {
            self.values.remove(&oldest);
        }
        result
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.values.iter().map(|(key, (_, value))| (key, value))
    }

    /// Changes all values.
    pub fn change_all(&mut self, mut change: impl FnMut(&mut V)) {
        self.values.values_mut().for_each(|(_, value)| change(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_least_recently_is_forgotten() {
        let mut recent = Recent::<u8, u8>::new(2);
        for key in [1, 2, 1, 3] {
            recent.change(key, |value| *value += 1);
        }
        assert_eq!([1, 2, 3].map(|key| recent.get(&key).copied()), [Some(2), None, Some(1)]);
        assert_eq!((recent.values.len(), recent.by_turn.len()), (2, 2));
    }
}
