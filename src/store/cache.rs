use crate::{
    address::Mailbox,
    alias::{Expansion, Holds, Resolution},
    time::UnixTime,
};
use std::{collections::HashMap, sync::Arc};

/// Entries of one generation, and octets they may take; there are two generations.
const ENTRIES: usize = 8_192;
const OCTETS: usize = 8 * 1024 * 1024;

/// What recipients came to that were asked for lately, a bounded number of them. What ends by the clock is kept until then;
/// when an alias takes its last message, everything is forgotten.
///
/// Two generations: what is asked for moves to the young one; when that is full, it becomes the old
/// one and the former old one is forgotten.
#[derive(Debug, Default)]
pub(super) struct Cache {
    epoch: u64,
    young: HashMap<String, Arc<Resolution>>,
    old: HashMap<String, Arc<Resolution>>,
    octets: usize,
}

impl Cache {
    /// What holds at `now`.
    pub(super) fn get(&mut self, key: &str, now: UnixTime) -> Option<Arc<Resolution>> {
        if let Some(found) = self.young.get(key) {
            return holds(found, now).then(|| Arc::clone(found));
        }
        let (key, found) = self.old.remove_entry(key)?;
        if !holds(&found, now) {
            return None;
        }
        self.add(key, Arc::clone(&found));
        Some(found)
    }

    /// Which state of the aliases the entries are of.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Adds what was found while the epoch was `epoch`, unless something changed since.
    pub(super) fn insert(&mut self, epoch: u64, key: String, found: Arc<Resolution>) {
        if epoch == self.epoch {
            self.add(key, found);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self { epoch: self.epoch + 1, ..Self::default() };
    }

    fn add(&mut self, key: String, found: Arc<Resolution>) {
        let octets = key.len() + octets_of(&found);
        if self.young.len() >= ENTRIES || self.octets + octets > OCTETS {
            self.old = std::mem::take(&mut self.young);
            self.octets = 0;
        }
        self.octets += octets;
        self.young.insert(key, found);
    }
}

fn holds(found: &Resolution, now: UnixTime) -> bool {
    match found.holds {
        Holds::Always => true,
        Holds::Until(end) => now < end,
    }
}

/// Roughly; what counts is that it grows with the entry.
fn octets_of(found: &Resolution) -> usize {
    const OVERHEAD: usize = 100;
    let of = |mailboxes: &[Mailbox]| -> usize {
        let octets = |m: &Mailbox| m.local().as_str().len() + m.domain().as_str().len() + OVERHEAD;
        mailboxes.iter().map(octets).sum()
    };
    let expansion = match &found.expansion {
        Expansion::Deliver { mailboxes, dropped, ways } => {
            let dropped = dropped.iter().map(|d| d.address.len() + OVERHEAD);
            of(mailboxes) + dropped.sum::<usize>() + 2 * ways.octets()
        }
        Expansion::Answer { mailboxes, .. } => OVERHEAD + of(mailboxes),
        Expansion::Discard | Expansion::Refuse(_) => 0,
    };
    let named = found.named.as_ref().map_or(0, |named| {
        let note = named.rules.note.as_ref().map_or(0, String::len);
        let senders = named.rules.allow.len() + named.rules.block.len();
        2 * named.address.len() + note + (senders + 2) * OVERHEAD
    });
    OVERHEAD + expansion + named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::Ways;

    const NOW: UnixTime = UnixTime::new(1_700_000_000);

    fn to(mailboxes: usize) -> Arc<Resolution> {
        let mailbox = Mailbox::parse("someone@example.org").unwrap();
        let mailboxes = vec![mailbox; mailboxes];
        let expansion =
            Expansion::Deliver { mailboxes, dropped: Vec::new(), ways: Ways::default() };
        Arc::new(Resolution::without_alias(expansion))
    }

    #[test]
    fn what_ends_is_kept_until_then() {
        let mut cache = Cache::default();
        let holding = |holds| Arc::new(Resolution { holds, ..Resolution::clone(&to(1)) });
        let day = std::time::Duration::from_hours(24);
        cache.insert(0, "until".into(), holding(Holds::Until(NOW)));
        assert!(cache.get("until", NOW - day).is_some());
        assert!(cache.get("until", NOW).is_none());
        cache.old = std::mem::take(&mut cache.young);
        assert!(cache.get("until", NOW).is_none() && cache.get("until", NOW - day).is_none());
    }

    #[test]
    fn what_is_used_stays_and_the_size_is_bounded() {
        let mut cache = Cache::default();
        for n in 0..ENTRIES * 4 {
            cache.insert(0, format!("k{n}"), to(1));
            assert!(cache.get("k0", NOW).is_some(), "{n}");
        }
        assert!(cache.young.len() + cache.old.len() <= ENTRIES * 2);
        assert!(cache.get("k1", NOW).is_none());
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
        assert!(cache.get("a", NOW).is_none());
        cache.insert(epoch, "a".into(), to(1));
        assert!(cache.get("a", NOW).is_none());
        cache.insert(cache.epoch(), "a".into(), to(1));
        assert!(cache.get("a", NOW).is_some());
    }
}
