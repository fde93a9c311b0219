use super::reason::Refusal;
use std::collections::BTreeMap;

/// Senders that are told apart of one kind; whoever comes behind them is counted only.
const MAX_SENDERS: usize = 200;
/// Kinds of refusals that are told apart.
const MAX_REASONS: usize = 50;

/// What came to one alias. A message counts once, however many mailboxes it went to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that were passed on, and who wrote them.
    pub forwarded: Senders,
    /// Messages that an account or a mailbox sent as the alias.
    pub sent: u64,
    /// Messages that the alias threw away, as it says.
    pub discarded: u64,
    /// Messages whose senders were told that they are not taken, by why.
    pub refused: BTreeMap<Refusal, Senders>,
    /// Messages that were taken or passed on, and then did not arrive.
    pub failed: Senders,
    /// Messages that wait here for a destination that is not ready.
    pub held: Senders,
}

/// Who wrote messages of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Senders {
    /// How many messages there are.
    count: u64,
    by: BTreeMap<String, u64>,
}

impl Tally {
    /// True when there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Counts messages of `sender`, `None` where nobody knows whose, that were refused because of `why`.
    pub fn refuse(&mut self, why: Refusal, sender: Option<&str>, count: u64) {
        let is_room = self.refused.len() < MAX_REASONS || self.refused.contains_key(&why);
        let why = if is_room { why } else { Refusal::other(why.is_for_now) };
        let senders = self.refused.entry(why).or_default();
        match sender {
            Some(sender) => senders.add_some(sender, count),
            None => senders.count = senders.count.saturating_add(count),
        }
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        let Self { forwarded, sent, discarded, refused, failed, held } = other;
        self.forwarded.add_all(forwarded);
        self.failed.add_all(failed);
        self.held.add_all(held);
        self.sent = self.sent.saturating_add(*sent);
        self.discarded = self.discarded.saturating_add(*discarded);
        for (why, senders) in refused {
            self.refused.entry(why.clone()).or_default().add_all(senders);
        }
    }
}

impl Senders {
    /// Counts a message of `sender`.
    pub fn add(&mut self, sender: &str) {
        self.add_some(sender, 1);
    }

    /// How many messages there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The `most` who wrote most, and how many messages the others wrote. Those that are `shown` as one are one.
    pub(super) fn first(
        &self,
        most: usize,
        shown: impl Fn(&str) -> String,
    ) -> (Vec<(String, u64)>, u64) {
        let mut together: BTreeMap<String, u64> = BTreeMap::new();
        for (sender, count) in &self.by {
            let known = together.entry(shown(sender)).or_default();
            *known = known.saturating_add(*count);
        }
        let mut by: Vec<_> = together.into_iter().collect();
        by.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        by.truncate(most);
        let named: u64 = by.iter().map(|(_, count)| count).sum();
        (by, self.count.saturating_sub(named))
    }

    fn add_some(&mut self, sender: &str, count: u64) {
        self.count = self.count.saturating_add(count);
        let is_room = self.by.len() < MAX_SENDERS;
        match self.by.get_mut(sender) {
            Some(known) => *known = known.saturating_add(count),
            None if is_room => drop(self.by.insert(sender.to_owned(), count)),
            None => {}
        }
    }

    fn add_all(&mut self, other: &Self) {
        let named: u64 = other.by.values().sum();
        for (sender, count) in &other.by {
            self.add_some(sender, *count);
        }
        self.count = self.count.saturating_add(other.count.saturating_sub(named));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wrote_most_stands_first_and_all_are_counted() {
        let mut senders = Senders::default();
        for n in 0..1000 {
            senders.add(&format!("s{n}@x.test"));
        }
        senders.add("s7@x.test");
        let (first, others) = senders.first(2, str::to_owned);
        assert_eq!(first, [("s7@x.test".to_owned(), 2), ("s0@x.test".to_owned(), 1)]);
        assert_eq!((senders.count(), others), (1001, 998));
        assert_eq!(senders.by.len(), MAX_SENDERS);
        let mut sum = Senders::default();
        sum.add_all(&senders);
        assert_eq!(sum, senders);
    }

    #[test]
    fn kinds_of_refusals_are_bounded() {
        let mut tally = Tally::default();
        for n in 0..1000 {
            let sender = (n % 2 == 0).then_some("a@x.test");
            let refusal = Refusal { why: n.to_string(), ..Refusal::other(false) };
            tally.refuse(refusal, sender, 1);
        }
        assert_eq!(tally.refused.len(), MAX_REASONS + 1);
        assert_eq!(tally.refused.values().map(Senders::count).sum::<u64>(), 1000);
    }
}
