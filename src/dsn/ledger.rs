use crate::{
    address::{ForwardPath, Mailbox},
    rate::{Buckets, Rate},
    time::Millis,
};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, fmt};

/// A hash that is remembered: of an address, a message, or a recipient of a message.
pub type Print = [u8; 32];

/// Addresses of which it is known how often they were told lately.
const MAX_ADDRESSES: usize = 100_000;

/// Which DSNs leave: one about each recipient of a message, however often that is replayed, and so many to an
/// address.
///
/// Whoever has an old message with a signature that still verifies, or may send for an address, could else have
/// us write to that address as often as they like. What was told is remembered by the caller, who is asked by
/// `was_told`; here stands who is being told now, and how often an address was told lately.
#[derive(Debug)]
pub struct Ledger {
    claimed: HashSet<Print>,
    budget: Buckets<Print>,
}

/// A message whose sender might have to be told, whoever brings it and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Names the address, without regard to case.
    pub address: Print,
    /// Names the message: all its octets, and the address.
    pub message: Print,
}

/// The right to tell the sender of a message about some of its recipients. It ends in [`Ledger::settle`] or
/// [`Ledger::give_back`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose budget it uses.
    address: Option<Print>,
    /// What is to be remembered when the DSN is kept: the message, and those of its recipients that the DSN
    /// tells of.
    pub prints: Vec<Print>,
}

/// Why a sender is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// The sender was told of this message already: it is a replay.
    Replayed,
    /// The address was told as often as `spool.max_notices` allows.
    OverLimit,
    /// The address is hosted here, and leads to no mailbox.
    Nowhere,
}

impl Ledger {
    /// Nobody was told yet.
    pub fn new(max_notices: Rate) -> Self {
        Self { claimed: HashSet::new(), budget: Buckets::new(max_notices, MAX_ADDRESSES) }
    }

    /// Changes how often an address is told.
    pub fn set_rate(&mut self, max_notices: Rate) {
        self.budget.set_rate(max_notices);
    }

    /// Why the sender of a message could not be told if it failed now. To be asked before somebody is answered
    /// 250 for it: where there is a silence, whoever brings the message keeps it.
    pub fn silence(
        &self,
        subject: &Subject,
        now: Millis,
        was_told: impl Fn(&Print) -> bool,
    ) -> Option<Silence> {
        if self.is_known(&subject.message, was_told) {
            Some(Silence::Replayed)
        } else if !self.budget.has(&subject.address, now) {
            Some(Silence::OverLimit)
        } else {
            None
        }
    }

    /// Claims one DSN about those of `recipients` of which the sender was not told yet.
    ///
    /// # Errors
    /// When there is none of these, or the address was told too often.
    pub fn claim(
        &mut self,
        subject: &Subject,
        recipients: &[Print],
        now: Millis,
        was_told: impl Fn(&Print) -> bool,
    ) -> Result<Claim, Silence> {
        let prints = self.untold(subject, recipients, was_told)?;
        if !self.budget.take(&subject.address, now) {
            return Err(Silence::OverLimit);
        }
        self.claimed.extend(&prints);
        Ok(Claim { address: Some(subject.address), prints })
    }

    /// As [`Ledger::claim`] for what an account sent, whose limits bound how often it is told: it uses nobody's budget,
    /// and needs none.
    ///
    /// # Errors
    /// When the account was told of all of these.
    pub fn claim_for_account(
        &mut self,
        subject: &Subject,
        recipients: &[Print],
        was_told: impl Fn(&Print) -> bool,
    ) -> Result<Claim, Silence> {
        let prints = self.untold(subject, recipients, was_told)?;
        self.claimed.extend(&prints);
        Ok(Claim { address: None, prints })
    }

    /// Those of `recipients` that the sender was not told of, and the message.
    fn untold(
        &self,
        subject: &Subject,
        recipients: &[Print],
        was_told: impl Fn(&Print) -> bool,
    ) -> Result<Vec<Print>, Silence> {
        let new = recipients.iter().filter(|print| !self.is_known(print, &was_told));
        let mut prints: Vec<Print> = new.copied().collect();
        if prints.is_empty() {
            return Err(Silence::Replayed);
        }
        prints.push(subject.message);
        Ok(prints)
    }

    /// The DSN of the claim is kept, and what it tells of is remembered.
    pub fn settle(&mut self, claim: &Claim) {
        for print in &claim.prints {
            self.claimed.remove(print);
        }
    }

    /// The DSN of the claim could not be kept: nobody was told.
    pub fn give_back(&mut self, claim: &Claim) {
        self.settle(claim);
        if let Some(address) = &claim.address {
            self.budget.give_back(address);
        }
    }

    fn is_known(&self, print: &Print, was_told: impl Fn(&Print) -> bool) -> bool {
        self.claimed.contains(print) || was_told(print)
    }
}

impl Subject {
    /// A message of `sender` with these bytes, as it came.
    pub fn of(sender: &Mailbox, message: &[u8]) -> Self {
        Self::printed(sender, print(&[sender.to_key().as_bytes(), message]))
    }

    /// A message of `sender` whose print is known.
    pub fn printed(sender: &Mailbox, message: Print) -> Self {
        Self { address: print(&[sender.to_key().as_bytes()]), message }
    }

    /// Names a recipient of the message.
    pub fn recipient(&self, path: &ForwardPath) -> Print {
        print(&[&self.message, path.bare().to_lowercase().as_bytes()])
    }
}

/// No border between the parts can move.
fn print(parts: &[&[u8]]) -> Print {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

impl Silence {
    /// The label of the metric.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::OverLimit => "over_limit",
            Self::Nowhere => "nowhere",
        }
    }
}

/// For the journal.
impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replayed => "its sender was told of this very message already",
            Self::OverLimit => "its sender was told as often as spool.max_notices allows",
            Self::Nowhere => "its sender has no mailbox that could be told",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{num::NonZeroU32, time::Duration};

    fn ledger(count: u32) -> Ledger {
        let count = NonZeroU32::new(count).unwrap();
        Ledger::new(Rate::new(count, Duration::from_hours(24)).unwrap())
    }

    fn at(seconds: u64) -> Millis {
        Millis::new(1_700_000_000_000 + seconds * 1000)
    }

    fn alice() -> Mailbox {
        Mailbox::parse("alice@spf.test").unwrap()
    }

    fn path(text: &str) -> ForwardPath {
        ForwardPath::from_bare(text).unwrap()
    }

    #[test]
    fn a_message_is_the_same_whoever_brings_it_in_whatever_case_of_the_address() {
        let subject = Subject::of(&alice(), b"x");
        assert_eq!(subject, Subject::of(&Mailbox::parse("ALICE@SPF.test").unwrap(), b"x"));
        assert_ne!(subject.message, Subject::of(&alice(), b"y").message);
        assert_ne!(subject, Subject::of(&Mailbox::parse("bob@spf.test").unwrap(), b"x"));
        assert_eq!(subject, Subject::printed(&alice(), subject.message));
        let recipient = subject.recipient(&path("a@x.test"));
        assert_eq!(recipient, subject.recipient(&path("A@X.test")));
        assert_ne!(recipient, subject.recipient(&path("b@x.test")));
    }

    #[test]
    fn each_recipient_of_a_message_is_told_of_once() {
        let (mut ledger, subject) = (ledger(9), Subject::of(&alice(), b"x"));
        let [a, b] = ["a@x.test", "b@x.test"].map(|to| subject.recipient(&path(to)));
        let nobody = |_: &Print| false;
        assert_eq!(ledger.silence(&subject, at(0), nobody), None);
        let claim = ledger.claim(&subject, &[a], at(0), nobody).unwrap();
        assert_eq!(claim.prints, [a, subject.message]);
        // While the first one is being told, and when it has been.
        assert_eq!(ledger.silence(&subject, at(0), nobody), Some(Silence::Replayed));
        assert_eq!(ledger.claim(&subject, &[a], at(0), nobody), Err(Silence::Replayed));
        let remembered = claim.prints.clone();
        let told = |print: &Print| remembered.contains(print);
        ledger.settle(&claim);
        assert_eq!(ledger.silence(&subject, at(0), told), Some(Silence::Replayed));
        let other = ledger.claim(&subject, &[a, b], at(0), told).unwrap();
        assert_eq!(other.prints, [b, subject.message]);
    }

    #[test]
    fn an_address_is_told_so_often_a_day() {
        let mut ledger = ledger(2);
        let nobody = |_: &Print| false;
        let subject = |text: &str| Subject::of(&alice(), text.as_bytes());
        for (text, told) in [("1", true), ("2", true), ("3", false)] {
            let subject = subject(text);
            let silence = (!told).then_some(Silence::OverLimit);
            assert_eq!(ledger.silence(&subject, at(0), nobody), silence);
            let claim = ledger.claim(&subject, &[[1; 32]], at(0), |_| false);
            assert_eq!(claim.as_ref().err().copied(), silence);
            if let Ok(claim) = claim {
                ledger.settle(&claim);
            }
        }
        assert_eq!(ledger.silence(&subject("3"), at(12 * 3600), nobody), None);
        let claim = ledger.claim(&subject("3"), &[[1; 32]], at(12 * 3600), nobody).unwrap();
        assert_eq!(ledger.silence(&subject("4"), at(12 * 3600), nobody), Some(Silence::OverLimit));
        ledger.give_back(&claim);
        assert_eq!(ledger.silence(&subject("3"), at(12 * 3600), nobody), None, "nobody was told");
        for number in 0..9 {
            let of_account = subject(&format!("account {number}"));
            let claim = ledger.claim_for_account(&of_account, &[[number; 32]], nobody).unwrap();
            let again = ledger.claim_for_account(&of_account, &[[number; 32]], nobody);
            assert_eq!(again, Err(Silence::Replayed));
            ledger.give_back(&claim);
        }
        assert_eq!(ledger.silence(&subject("3"), at(12 * 3600), nobody), None, "nobody's budget");
        ledger.set_rate(Rate::new(NonZeroU32::MIN, Duration::from_hours(1)).unwrap());
        assert_eq!(ledger.silence(&subject("4"), at(12 * 3600), nobody), None);
    }
}
