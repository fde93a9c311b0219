use crate::{address::Mailbox, alias::Expansion};
use std::{collections::HashMap, sync::Arc};

/// Entries of one generation, and octets they may take; there are two generations.
const ENTRIES: usize = 8_192;
const OCTETS: usize = 8 * 1024 * 1024;

/// Expansions that were asked for lately, a bounded number of them.
///
/// Two generations: what is asked for moves to the young one; when that is full, it becomes the old
/// one and the former old one is forgotten.
#[derive(Debug, Default)]
pub(super) struct Cache {
    epoch: u64,
    young: HashMap<String, Arc<Expansion>>,
    old: HashMap<String, Arc<Expansion>>,
    octets: usize,
}

impl Cache {
    pub(super) fn get(&mut self, key: &str) -> Option<Arc<Expansion>> {
        if let Some(expansion) = self.young.get(key) {
            return Some(Arc::clone(expansion));
        }
        let (key, expansion) = self.old.remove_entry(key)?;
        self.add(key, Arc::clone(&expansion));
        Some(expansion)
    }

    /// Which state of the aliases the entries are of.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Adds what was found while the epoch was `epoch`, unless something changed since.
    pub(super) fn insert(&mut self, epoch: u64, key: String, expansion: Arc<Expansion>) {
        if epoch == self.epoch {
            self.add(key, expansion);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self { epoch: self.epoch + 1, ..Self::default() };
    }

    fn add(&mut self, key: String, expansion: Arc<Expansion>) {
        let octets = key.len() + octets_of(&expansion);
        if self.young.len() >= ENTRIES || self.octets + octets > OCTETS {
            self.old = std::mem::take(&mut self.young);
            self.octets = 0;
        }
        self.octets += octets;
        self.young.insert(key, expansion);
    }
}

/// Roughly; what counts is that it grows with the entry.
fn octets_of(expansion: &Expansion) -> usize {
    const OVERHEAD: usize = 100;
    let of = |mailboxes: &[Mailbox]| -> usize {
        let octets = |m: &Mailbox| m.local().as_str().len() + m.domain().as_str().len() + OVERHEAD;
        mailboxes.iter().map(octets).sum()
    };
    let (mailboxes, dropped, rules) = match expansion {
        Expansion::Deliver { mailboxes, dropped, rules } => (mailboxes, dropped, rules),
        Expansion::Answer { mailboxes, .. } => return OVERHEAD * 2 + of(mailboxes),
        Expansion::Discard | Expansion::Refuse(_) => return OVERHEAD,
    };
    let dropped = dropped.iter().map(|d| d.address.len() + OVERHEAD);
    let rules = rules.allow.len() * OVERHEAD;
    OVERHEAD + of(mailboxes) + dropped.sum::<usize>() + rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(mailboxes: usize) -> Arc<Expansion> {
        let mailbox = Mailbox::parse("someone@example.org").unwrap();
        let (mailboxes, rules) = (vec![mailbox; mailboxes], Arc::default());
        Arc::new(Expansion::Deliver { mailboxes, dropped: Vec::new(), rules })
    }

    #[test]
    fn what_is_used_stays_and_the_size_is_bounded() {
        let mut cache = Cache::default();
        for n in 0..ENTRIES * 4 {
            cache.insert(0, format!("k{n}"), to(1));
            assert!(cache.get("k0").is_some(), "{n}");
        }
        assert!(cache.young.len() + cache.old.len() <= ENTRIES * 2);
        assert!(cache.get("k1").is_none());
    }

    #[test]
    fn large_entries_count_for_more() {
        let mut cache = Cache::default();
        for n in 0..ENTRIES {
            cache.insert(0, format!("k{n}"), to(100));
        }
        assert!(cache.young.len() + cache.old.len() < ENTRIES / 4);
    }

    #[test]
    fn a_look_up_that_a_change_overtook_is_not_kept() {
        let mut cache = Cache::default();
        let epoch = cache.epoch();
        cache.insert(epoch, "a".into(), to(1));
        cache.clear();
        assert!(cache.get("a").is_none());
        cache.insert(epoch, "a".into(), to(1));
        assert!(cache.get("a").is_none());
        cache.insert(cache.epoch(), "a".into(), to(1));
        assert!(cache.get("a").is_some());
    }
}
