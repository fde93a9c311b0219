use super::Fingerprint;
use crate::time::UnixTime;
use std::collections::{BTreeSet, HashMap};

/// Values by fingerprint until they expire, a bounded number of them.
#[derive(Debug)]
pub(super) struct Expiring<V> {
    capacity: usize,
    values: HashMap<Fingerprint, (UnixTime, V)>,
    by_expiry: BTreeSet<(UnixTime, Fingerprint)>,
}

impl<V> Expiring<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, values: HashMap::new(), by_expiry: BTreeSet::new() }
    }

    /// Adds or replaces; gives what had to go for it, the one that would have expired first.
    pub(super) fn insert(
        &mut self,
        fingerprint: Fingerprint,
        expires: UnixTime,
        value: V,
    ) -> Option<Fingerprint> {
        if let Some((before, _)) = self.values.insert(fingerprint, (expires, value)) {
            self.by_expiry.remove(&(before, fingerprint));
        }
        self.by_expiry.insert((expires, fingerprint));
        if self.values.len() <= self.capacity {
            return None;
        }
        let (_, first) = self.by_expiry.pop_first()?;
        self.values.remove(&first);
        Some(first)
    }

    pub(super) fn get(&self, fingerprint: &Fingerprint, now: UnixTime) -> Option<&V> {
        let (expires, value) = self.values.get(fingerprint)?;
        (*expires > now).then_some(value)
    }

    /// Removes; gives what was there, unless it has expired.
    pub(super) fn take(&mut self, fingerprint: &Fingerprint, now: UnixTime) -> Option<V> {
        let (expires, value) = self.values.remove(fingerprint)?;
        self.by_expiry.remove(&(expires, *fingerprint));
        (expires > now).then_some(value)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn purge(&mut self, now: UnixTime) {
        while let Some((expires, fingerprint)) = self.by_expiry.first().copied()
            && expires <= now
        {
            self.by_expiry.pop_first();
            self.values.remove(&fingerprint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expires_and_keeps_the_longest_lived() {
        let mut memory = Expiring::new(2);
        assert_eq!(memory.insert([1; 32], UnixTime::new(10), 'a'), None);
        assert_eq!(memory.insert([2; 32], UnixTime::new(30), 'b'), None);
        assert_eq!(memory.get(&[1; 32], UnixTime::new(9)), Some(&'a'));
        assert_eq!(memory.get(&[1; 32], UnixTime::new(10)), None);
        assert_eq!(memory.insert([1; 32], UnixTime::new(40), 'c'), None, "renewed, not added");
        assert_eq!(memory.insert([3; 32], UnixTime::new(50), 'd'), Some([2; 32]));
        assert_eq!(memory.get(&[1; 32], UnixTime::new(10)), Some(&'c'));
        assert_eq!(memory.take(&[3; 32], UnixTime::new(10)), Some('d'));
        assert_eq!(memory.take(&[3; 32], UnixTime::new(10)), None, "taken already");
        memory.purge(UnixTime::new(40));
        assert!(memory.is_empty() && memory.by_expiry.is_empty());
    }
}
