//! A million histories of one small world: who is answered what, who is told, and whether that is true in the end.
//!
//! A history has two senders with three messages each, brought and replayed by whoever likes, to recipients that
//! deliver, defer and refuse as they please, over days and restarts. It goes by [`Bounce::of`], [`Fate::of`] and
//! the [`Ledger`], as mail does, and keeps its own books of what is promised and told.

use super::*;
use crate::{
    dsn::{Claim, Ledger, Print, Subject},
    rate::Rate,
    time::{DAY, Millis},
};
use std::{num::NonZeroU32, time::Duration};

/// So many in each of the two tests.
const HISTORIES: u64 = 500_000;
/// Told within it, a recipient of a message is not told of again.
const MEMORY: Duration = Duration::from_hours(7 * 24);

/// Xorshift: the same histories each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % sides
    }
}

/// What all histories share: every fate of a recipient, and both kinds of sender.
struct Table {
    fates: Vec<RecipientFate>,
    mailbox: ReversePath,
}

impl Table {
    fn new() -> Self {
        let outcomes = [
            (Verdict::Delivered, Reply::ok()),
            (Verdict::Refused, Reply::destination_null_mx()),
            (Verdict::Deferred, Reply::destination_unreachable()),
        ]
        .map(|(verdict, reply)| DestinationOutcome { verdict, reply });
        let one = outcomes.iter().map(|a| vec![a.clone()]);
        let two =
            outcomes.iter().flat_map(|a| outcomes.each_ref().map(|b| vec![a.clone(), b.clone()]));
        let fates = one.chain(two).map(RecipientFate::of).collect();
        Self { fates, mailbox: ReversePath::Mailbox("a@b.test".parse().unwrap()) }
    }
}

/// A recipient that was answered 250 and waits.
struct Waiting {
    subject: Subject,
    recipient: Print,
    /// `None`: nobody is to be told.
    is_proven: Option<bool>,
}

struct World<'t> {
    table: &'t Table,
    dice: Dice,
    now: Millis,
    most: u64,
    ledger: Ledger,
    /// What the store remembers: what was told, and when.
    told: Vec<(Print, Millis)>,
    /// DSNs that left: to whom and when, since the last restart.
    sent: Vec<(Print, Millis)>,
    waiting: Vec<Waiting>,
}

impl<'t> World<'t> {
    fn new(table: &'t Table, seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let most = 1 + dice.roll(3);
        Self {
            table,
            dice,
            now: Millis::new(1_700_000_000_000),
            most,
            ledger: Ledger::new(rate(most)),
            told: Vec::new(),
            sent: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn run(&mut self) {
        for _ in 0..3 + self.dice.roll(4) {
            match self.dice.roll(8) {
                0..=3 => self.transaction(),
                4..=6 => self.attempt(),
                _ => self.restart(),
            }
            // Mostly minutes, at times days.
            let pause = if self.dice.roll(4) == 0 { DAY * 3 } else { Duration::from_mins(7) };
            self.now = self.now + pause;
        }
        while !self.waiting.is_empty() {
            self.attempt();
        }
    }

    /// A limit that is forgiven; what is being told is begun anew.
    fn restart(&mut self) {
        self.ledger = Ledger::new(rate(self.most));
        self.sent.clear();
    }

    fn was_told(told: &[(Print, Millis)], print: &Print, now: Millis) -> bool {
        told.iter().any(|(known, at)| known == print && now.since(*at) < MEMORY)
    }

    /// A message that is new, sent again, or replayed by somebody, to up to three recipients.
    fn transaction(&mut self) {
        let (sender, message) = (self.dice.roll(2) as u8, self.dice.roll(3) as u8);
        let subject = Subject { address: [sender; 32], message: [16 + 4 * sender + message; 32] };
        // Null; nothing proven; proven, but SPF of the one is not that of the other.
        let (is_null, doubt) = match self.dice.roll(6) {
            0 => (true, Some(Doubt::Unproven)),
            1 => (false, Some(Doubt::Unproven)),
            2 => (false, Some(Doubt::PassesEverybody)),
            _ => (false, None),
        };
        let path = if is_null { &ReversePath::Null } else { &self.table.mailbox };
        let silence = match (is_null, doubt) {
            (false, None) => {
                let (told, now) = (&self.told, self.now);
                self.ledger.silence(&subject, now, |print| Self::was_told(told, print, now))
            }
            _ => None,
        };
        let count = 1 + self.dice.roll(3);
        let mut recipients = Vec::with_capacity(3);
        for at in 0..count {
            let fate = self.dice.roll(self.table.fates.len() as u64) as usize;
            let recipient = recipient(&subject, at as u8);
            recipients.push((recipient, &self.table.fates[fate]));
        }
        let bounce = Bounce::of(path, doubt, silence);
        let fates = recipients.iter().map(|(_, fate)| *fate);
        match Fate::of(fates, bounce) {
            Fate::Delivered => {
                let has_it = |fate: &RecipientFate| matches!(fate, RecipientFate::Delivered { .. });
                assert!(recipients.iter().all(|(_, fate)| has_it(fate)));
            }
            // The client keeps it, and is told so.
            Fate::Refused(reply) | Fate::Returned(reply) => assert!(reply.code() >= 400),
            Fate::Taken => {
                assert!(silence.is_none(), "250 though nobody could be told");
                let is_proven = (!is_null).then_some(doubt.is_none());
                let mut failed = Vec::new();
                for (recipient, fate) in recipients {
                    match fate {
                        RecipientFate::Delivered { .. } => {}
                        RecipientFate::Refused(_) => failed.push(recipient),
                        RecipientFate::Deferred(_) => {
                            self.waiting.push(Waiting { subject, recipient, is_proven });
                        }
                    }
                }
                if !failed.is_empty() {
                    assert!(is_proven.is_some(), "250 though nobody is to be told");
                    let untold = self.tell(&subject, &failed, is_proven);
                    assert!(untold.is_none(), "250 and silence: {untold:?}");
                }
            }
        }
    }

    /// The spool tries one of those that wait.
    fn attempt(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let at = self.dice.roll(self.waiting.len() as u64) as usize;
        let end = self.dice.roll(4);
        if end == 0 {
            self.now = self.now + Duration::from_hours(1);
            return;
        }
        let Waiting { subject, recipient, is_proven } = self.waiting.swap_remove(at);
        if end == 1 || is_proven.is_none() {
            return;
        }
        match self.tell(&subject, &[recipient], is_proven) {
            None => {}
            // A copy of the message was told of: the sender knows of this very recipient.
            Some(Silence::Replayed) => {
                assert!(Self::was_told(&self.told, &recipient, self.now), "250 and silence");
            }
            // The one silence there is: the address has had all of it.
            Some(Silence::OverLimit) => {
                let lately = self.sent.iter().filter(|(to, _)| *to == subject.address);
                assert!(lately.count() as u64 >= self.most, "250 and silence");
            }
            Some(Silence::Nowhere) => panic!("the ledger knows of no mailboxes"),
        }
    }

    /// One DSN, if the ledger lets it leave and the disk takes it.
    fn tell(
        &mut self,
        subject: &Subject,
        failed: &[Print],
        is_proven: Option<bool>,
    ) -> Option<Silence> {
        loop {
            let (told, now) = (&self.told, self.now);
            let claim =
                self.ledger.claim(subject, failed, now, |print| Self::was_told(told, print, now));
            let claim = match claim {
                Ok(claim) => claim,
                Err(silence) => return Some(silence),
            };
            match self.dice.roll(8) {
                // It could not be kept, and is tried again.
                0 => self.ledger.give_back(&claim),
                _ => {
                    self.leaves(subject, &claim, is_proven);
                    self.ledger.settle(&claim);
                    return None;
                }
            }
        }
    }

    fn leaves(&mut self, subject: &Subject, claim: &Claim, is_proven: Option<bool>) {
        assert_eq!(is_proven, Some(true), "a DSN to an address that nothing proves");
        for print in claim.prints.iter().filter(|print| **print != subject.message) {
            assert!(!Self::was_told(&self.told, print, self.now), "told twice of one recipient");
        }
        self.told.extend(claim.prints.iter().map(|print| (*print, self.now)));
        self.sent.push((subject.address, self.now));
        let window = self.now - (DAY - Duration::from_secs(1));
        let lately = self.sent.iter().filter(|(to, at)| *to == subject.address && *at > window);
        // A full bucket, and what fills in meanwhile.
        assert!(lately.count() as u64 <= 2 * self.most, "more DSNs a day than the limit");
    }
}

fn rate(count: u64) -> Rate {
    Rate::new(NonZeroU32::new(count as u32).unwrap(), DAY).unwrap()
}

fn recipient(subject: &Subject, at: u8) -> Print {
    let mut print = subject.message;
    print[0] = at;
    print
}

fn run(seeds: std::ops::Range<u64>) {
    let table = Table::new();
    for seed in seeds {
        World::new(&table, seed).run();
    }
}

#[test]
fn no_dsn_to_whom_nothing_proves_and_no_250_that_is_left_untold() {
    run(0..HISTORIES);
}

#[test]
fn nor_in_as_many_histories_more() {
    run(HISTORIES..2 * HISTORIES);
}
