//! How much an account sends, to whom it has written, and who of them refused: kept over restarts, or whoever has its
//! password would begin anew with each.

use super::correspondents::{Correspondents, print_of};
use crate::{
    address::ForwardPath,
    rate::{Bucket, Burst, Heard, Rate, Refusals},
    time::Millis,
};
use std::{fmt, time::Duration};

/// How much an account may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages.
    pub messages: Rate,
    /// Their recipients.
    pub recipients: Rate,
    /// Those of them to whom the account has not written before.
    pub new_recipients: Rate,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Messages.
    Messages,
    /// Recipients.
    Recipients,
    /// Recipients to whom the account has not written before.
    NewRecipients,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// What is limited.
    pub what: Counted,
    /// To how much.
    pub rate: Rate,
    /// How long until one more is allowed.
    pub wait: Duration,
}

/// What one account has used of its limits, and what became of its mail.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    messages: Bucket,
    recipients: Bucket,
    new_recipients: Bucket,
    known: Correspondents,
    refusals: Refusals,
    is_changed: bool,
    /// As it was kept last, by whomever: what is there beyond that, others have used.
    kept: Amounts,
}

/// What is used of each limit, in thousandths, at a time.
#[derive(Debug, Clone, Copy, Default)]
struct Amounts {
    at: Millis,
    messages: u64,
    recipients: u64,
    new_recipients: u64,
}

/// What a transaction has used. It ends in [`Usage::spend`] or [`Usage::give_back`].
#[derive(Debug, Default)]
pub struct Claim {
    to: Vec<u64>,
    new: usize,
}

/// What is kept of a [`Usage`]. Amounts are thousandths of a message or recipient, at `at`: they mean something under any
/// limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptUsage {
    /// When it was so.
    pub at: Millis,
    /// Messages that count against the limit.
    pub messages: u64,
    /// Recipients that do.
    pub recipients: u64,
    /// New recipients that do.
    pub new_recipients: u64,
    /// What was heard of recipients lately.
    pub heard: Vec<Heard>,
    /// Prints of recipients, and the day when they were written to last. To be written down: of those that changed.
    pub known: Vec<(u64, u64)>,
    /// Prints of recipients that are forgotten.
    pub forgotten: Vec<u64>,
}

impl Usage {
    /// Goes on from what was kept, under these limits.
    pub fn of(kept: KeptUsage, limits: &Limits) -> Self {
        let amounts = kept.amounts();
        let KeptUsage { at, messages, recipients, new_recipients, heard, known, .. } = kept;
        Self {
            kept: amounts,
            messages: Bucket::of_taken(messages, limits.messages, at),
            recipients: Bucket::of_taken(recipients, limits.recipients, at),
            new_recipients: Bucket::of_taken(new_recipients, limits.new_recipients, at),
            known: Correspondents::of(known),
            refusals: Refusals::of(heard),
            is_changed: false,
        }
    }

    /// Adds what others who share the store have used since it was kept last: `kept` is what is there at `now`.
    pub fn hear_of_others(&mut self, kept: &KeptUsage, limits: &Limits, now: Millis) {
        let (before, after) = (self.kept, kept.amounts());
        for (bucket, rate, was, is) in [
            (&mut self.messages, limits.messages, before.messages, after.messages),
            (&mut self.recipients, limits.recipients, before.recipients, after.recipients),
            (
                &mut self.new_recipients,
                limits.new_recipients,
                before.new_recipients,
                after.new_recipients,
            ),
        ] {
            let was = Bucket::of_taken(was, rate, before.at).taken(rate, now);
            let is = Bucket::of_taken(is, rate, after.at).taken(rate, now);
            if is > was {
                let taken = bucket.taken(rate, now).saturating_add(is - was);
                *bucket = Bucket::of_taken(taken, rate, now);
            }
        }
        self.kept = after;
    }

    /// Goes by other limits from `now` on: what was used stays used.
    pub fn change_limits(&mut self, before: &Limits, after: &Limits, now: Millis) {
        for (bucket, before, after) in [
            (&mut self.messages, before.messages, after.messages),
            (&mut self.recipients, before.recipients, after.recipients),
            (&mut self.new_recipients, before.new_recipients, after.new_recipients),
        ] {
            *bucket = Bucket::of_taken(bucket.taken(before, now), after, now);
        }
    }

    /// A message to nobody yet.
    ///
    /// # Errors
    /// When there are too many.
    pub fn claim(&mut self, limits: &Limits, now: Millis) -> Result<Claim, Over> {
        take(&mut self.messages, Counted::Messages, limits.messages, now)?;
        self.is_changed = true;
        Ok(Claim::default())
    }

    /// One more recipient of the message.
    ///
    /// # Errors
    /// When there are too many.
    pub fn add(
        &mut self,
        claim: &mut Claim,
        path: &ForwardPath,
        limits: &Limits,
        now: Millis,
    ) -> Result<(), Over> {
        let print = print_of(path);
        take(&mut self.recipients, Counted::Recipients, limits.recipients, now)?;
        if !self.known.contains(print) && !claim.to.contains(&print) {
            let new = &mut self.new_recipients;
            if let Err(over) = take(new, Counted::NewRecipients, limits.new_recipients, now) {
                self.recipients.give_back(limits.recipients);
                return Err(over);
            }
            claim.new += 1;
        }
        claim.to.push(print);
        self.is_changed = true;
        Ok(())
    }

    /// The message was taken: what it used is used up, and its recipients are known.
    pub fn spend(&mut self, claim: Claim, now: Millis) {
        let day = now.unix_time().day();
        claim.to.into_iter().for_each(|print| self.known.note(print, day));
        self.is_changed = true;
    }

    /// The message was not taken.
    pub fn give_back(&mut self, claim: Claim, limits: &Limits) {
        self.messages.give_back(limits.messages);
        claim.to.iter().for_each(|_| self.recipients.give_back(limits.recipients));
        (0..claim.new).for_each(|_| self.new_recipients.give_back(limits.new_recipients));
        self.is_changed = true;
    }

    /// Notes what the server of a recipient said; gives the burst of refusals that it is part of.
    pub fn heard(&mut self, is_refusal: bool, now: Millis) -> Option<Burst> {
        self.is_changed = true;
        let burst = self.refusals.note(is_refusal, now);
        if burst.is_some() {
            // Whoever is let go on begins anew.
            self.refusals = Refusals::default();
        }
        burst
    }

    /// True when something is to be written down.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// What is to be written down, once.
    pub fn changes(&mut self, limits: &Limits, now: Millis) -> Option<KeptUsage> {
        if !std::mem::take(&mut self.is_changed) {
            return None;
        }
        let (known, forgotten) = self.known.changes();
        let changes = KeptUsage {
            at: now,
            messages: self.messages.taken(limits.messages, now),
            recipients: self.recipients.taken(limits.recipients, now),
            new_recipients: self.new_recipients.taken(limits.new_recipients, now),
            heard: self.refusals.heard().collect(),
            known,
            forgotten,
        };
        self.kept = changes.amounts();
        Some(changes)
    }

    /// These changes could not be written down: they will be again.
    pub fn not_written(&mut self, changes: &KeptUsage) {
        self.is_changed = true;
        let known = changes.known.iter().map(|(print, _)| *print);
        self.known.not_written(known.chain(changes.forgotten.iter().copied()));
    }
}

impl KeptUsage {
    fn amounts(&self) -> Amounts {
        let Self { at, messages, recipients, new_recipients, .. } = *self;
        Amounts { at, messages, recipients, new_recipients }
    }

    /// How many count against a limit at `now`, those that do in part too.
    pub fn used(&self, what: Counted, limits: &Limits, now: Millis) -> u64 {
        let (taken, rate) = match what {
            Counted::Messages => (self.messages, limits.messages),
            Counted::Recipients => (self.recipients, limits.recipients),
            Counted::NewRecipients => (self.new_recipients, limits.new_recipients),
        };
        Bucket::of_taken(taken, rate, self.at).taken(rate, now).div_ceil(1000)
    }
}

/// As replies have it.
impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Messages => "messages",
            Self::Recipients => "recipients",
            Self::NewRecipients => "new recipients",
        })
    }
}

fn take(bucket: &mut Bucket, what: Counted, rate: Rate, now: Millis) -> Result<(), Over> {
    match bucket.take(rate, now) {
        true => Ok(()),
        false => Err(Over { what, rate, wait: bucket.wait(rate, now) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn rate(count: u32, hours: u64) -> Rate {
        Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_hours(hours)).unwrap()
    }

    fn limits(messages: u32, recipients: u32, new_recipients: u32) -> Limits {
        Limits {
            messages: rate(messages, 1),
            recipients: rate(recipients, 24),
            new_recipients: rate(new_recipients, 24),
        }
    }

    fn path(number: u32) -> ForwardPath {
        ForwardPath::from_bare(&format!("{number}@sink.test")).unwrap()
    }

    fn hour(hours: u64) -> Millis {
        Millis::new(1_700_000_000_000 + hours * 3_600_000)
    }

    /// A message to these that is taken; over what it is, otherwise.
    fn send(usage: &mut Usage, limits: &Limits, to: &[u32], now: Millis) -> Option<Counted> {
        let mut claim = match usage.claim(limits, now) {
            Ok(claim) => claim,
            Err(over) => return Some(over.what),
        };
        for number in to {
            if let Err(over) = usage.add(&mut claim, &path(*number), limits, now) {
                usage.give_back(claim, limits);
                return Some(over.what);
            }
        }
        usage.spend(claim, now);
        None
    }

    #[test]
    fn what_is_not_taken_is_given_back() {
        let (mut usage, limits) = (Usage::default(), limits(2, 3, 2));
        for _ in 0..9 {
            let refused = send(&mut usage, &limits, &[1, 2, 3], hour(0));
            assert_eq!(refused, Some(Counted::NewRecipients));
            let refused = send(&mut usage, &limits, &[1, 1, 2, 2], hour(0));
            assert_eq!(refused, Some(Counted::Recipients), "new once");
        }
        assert_eq!(send(&mut usage, &limits, &[1, 2], hour(0)), None);
        assert_eq!(send(&mut usage, &limits, &[3], hour(0)), Some(Counted::NewRecipients));
        assert_eq!(send(&mut usage, &limits, &[2], hour(0)), None, "known");
        assert_eq!(send(&mut usage, &limits, &[2], hour(0)), Some(Counted::Messages));
    }

    #[test]
    fn what_was_used_stays_used_over_a_restart_and_under_other_limits() {
        let (mut usage, before) = (Usage::default(), limits(4, 9, 4));
        assert_eq!(send(&mut usage, &before, &[1, 2, 3], hour(0)), None);
        let kept = usage.changes(&before, hour(0)).unwrap();
        assert_eq!((kept.messages, kept.recipients, kept.new_recipients), (1_000, 3_000, 3_000));
        assert_eq!(usage.changes(&before, hour(0)), None, "once");
        usage.not_written(&kept);
        assert_eq!(usage.changes(&before, hour(0)), Some(kept.clone()));
        assert_eq!(kept.used(Counted::Recipients, &before, hour(0)), 3);
        assert_eq!(kept.used(Counted::Messages, &before, hour(1)), 0);

        let mut again = Usage::of(kept, &before);
        assert_eq!(send(&mut again, &before, &[4, 5], hour(0)), Some(Counted::NewRecipients));
        assert_eq!(send(&mut again, &before, &[1, 4], hour(0)), None);
        let after = limits(4, 4, 9);
        again.change_limits(&before, &after, hour(0));
        assert_eq!(send(&mut again, &after, &[1], hour(0)), Some(Counted::Recipients), "of 5");
        assert_eq!(send(&mut again, &after, &[1], hour(24)), None);
    }

    #[test]
    fn what_others_use_is_used() {
        let limits = limits(4, 9, 9);
        let (mut one, mut other) = (Usage::default(), Usage::default());
        assert_eq!(send(&mut one, &limits, &[1], hour(0)), None);
        let kept = one.changes(&limits, hour(0)).unwrap();
        assert_eq!(send(&mut other, &limits, &[2], hour(0)), None);
        other.hear_of_others(&kept, &limits, hour(0));
        let kept = other.changes(&limits, hour(0)).unwrap();
        assert_eq!((kept.messages, kept.recipients), (2_000, 2_000));
        for _ in 0..2 {
            one.hear_of_others(&kept, &limits, hour(0));
            assert_eq!(one.messages.taken(limits.messages, hour(0)), 2_000, "each once");
        }
        // Also where it has become less in the meantime.
        one.hear_of_others(&kept, &limits, hour(2));
        assert_eq!(one.messages.taken(limits.messages, hour(2)), 0);
    }

    #[test]
    fn a_burst_is_told_once_and_outlives_a_restart() {
        let (mut usage, limits) = (Usage::default(), limits(9, 9, 9));
        let before = (0..19).filter_map(|_| usage.heard(true, hour(0))).count();
        let mut usage = Usage::of(usage.changes(&limits, hour(0)).unwrap(), &limits);
        let after = (0..20).filter_map(|_| usage.heard(true, hour(0))).count();
        assert_eq!((before, after), (0, 1));
    }
}
