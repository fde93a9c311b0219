use crate::address::ForwardPath;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// Most recipients that are remembered of one account.
const MOST: usize = 20_000;

/// To whom an account has written, and the day when it did last: as prints, as nobody has to read it.
#[derive(Debug, Clone, Default)]
pub(super) struct Correspondents {
    days: HashMap<u64, u64>,
    /// Those that are not written down as they are.
    changed: BTreeSet<u64>,
}

impl Correspondents {
    pub(super) fn of(known: Vec<(u64, u64)>) -> Self {
        Self { days: known.into_iter().collect(), changed: BTreeSet::new() }
    }

    pub(super) fn contains(&self, print: u64) -> bool {
        self.days.contains_key(&print)
    }

    /// The account wrote to this one. Where there are too many, those who heard longest ago are forgotten.
    pub(super) fn note(&mut self, print: u64, day: u64) {
        if self.days.insert(print, day) != Some(day) {
            self.changed.insert(print);
        }
        if self.days.len() > MOST {
            let mut by_day: Vec<(u64, u64)> =
                self.days.iter().map(|(print, day)| (*day, *print)).collect();
            by_day.sort_unstable();
            for (_, print) in by_day.into_iter().take(MOST / 10) {
                self.days.remove(&print);
                self.changed.insert(print);
            }
        }
    }

    /// Those that are to be written down, with their days, and those that are to be forgotten.
    pub(super) fn changes(&mut self) -> (Vec<(u64, u64)>, Vec<u64>) {
        let (mut known, mut forgotten) = (Vec::new(), Vec::new());
        for print in std::mem::take(&mut self.changed) {
            match self.days.get(&print) {
                Some(day) => known.push((print, *day)),
                None => forgotten.push(print),
            }
        }
        (known, forgotten)
    }

    pub(super) fn not_written(&mut self, prints: impl Iterator<Item = u64>) {
        self.changed.extend(prints);
    }
}

/// Names a recipient in 63 bits: nothing comes of finding another of the same name, and by chance there is none.
pub(super) fn print_of(path: &ForwardPath) -> u64 {
    let hash: [u8; 32] = Sha256::digest(path.key()).into();
    let first = hash.first_chunk().copied().unwrap_or_default();
    u64::from_be_bytes(first) >> 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_heard_longest_ago_is_forgotten() {
        let mut known = Correspondents::default();
        (0..MOST as u64).for_each(|print| known.note(print, print / 1_000));
        assert_eq!(known.changes().0.len(), MOST);
        known.note(0, 99);
        assert_eq!(known.changes(), (vec![(0, 99)], vec![]), "what changed");
        known.note(0, 99);
        assert_eq!(known.changes(), (vec![], vec![]));
        known.note(u64::MAX, 99);
        assert_eq!(known.days.len(), MOST + 1 - MOST / 10);
        assert!(known.contains(0) && known.contains(u64::MAX) && !known.contains(1));
        let (written, mut forgotten) = known.changes();
        forgotten.sort_unstable();
        assert_eq!(written, [(u64::MAX, 99)]);
        assert_eq!(forgotten, (1..=MOST as u64 / 10).collect::<Vec<_>>());
        known.not_written(forgotten.into_iter());
        assert_eq!(known.changes().1.len(), MOST / 10);
    }

    #[test]
    fn a_recipient_is_the_same_in_any_case() {
        let print = |text| print_of(&ForwardPath::from_bare(text).unwrap());
        assert_eq!(print("Bob@Sink.test"), print("bob@sink.TEST"));
        assert_ne!(print("bob@sink.test"), print("bobs@ink.test"));
    }
}
