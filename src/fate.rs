//! Outcomes of all recipients of a transaction → the one reply that covers them, what is taken on, and
//! who is told.
//!
//! SMTP answers a message once, however many recipients it has. Here stands how the verdicts of the
//! destinations become that answer, so that no sender is told less than the truth and no bounce goes
//! to somebody who did not write:
//!
//! | recipients | safe to bounce | never bounced | unsafe |
//! |---|---|---|---|
//! | all delivered | 250 | 250 | 250 |
//! | all refused | the first refusal | the first refusal | the first refusal |
//! | some deferred, none refused | 250, spooled | 250, spooled | the first deferral |
//! | some refused, not all | 250, a DSN for those; deferred ones are spooled | 4xx | 4xx |
//!
//! "Never bounced" is the null reverse-path and nothing else: whoever was answered 250 is told, lists and
//! programs too (RFC 5321 §6.1). "Safe" is a reverse-path that is proven ([`Doubt`] says by what it is not) and
//! that may be told about this message now. Where a DSN could not leave, because its address was told of this
//! very message or too often lately ([`Silence`]), nothing is answered for: 250 would be a promise that nobody
//! keeps, so the sender keeps the message. Of what was answered 250 before, only what is over the limit by the
//! time it fails stays untold; the journal has it.
//!
//! With a 4xx it is remembered who has the message and who refused, so that the sender's next try
//! reaches only the others, and a refused recipient, asked again, is answered by itself.
//!
//! One recipient (an alias) with several destinations cannot be split by the sender. There a
//! deferral of one defers the recipient, and a refusal beside a delivery is a loss that the journal
//! shows to the owner.

use crate::{address::ReversePath, dsn::Silence, reply::Reply};
use std::fmt;

/// What became of a message at one destination mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The destination has the message.
    Delivered,
    /// The destination said no for good.
    Refused,
    /// Not now: the destination said so, or nobody answered.
    Deferred,
}

/// A verdict, and the reply that tells the client of it.
#[derive(Debug, Clone)]
pub struct DestinationOutcome {
    /// What became of the message at the destination.
    pub verdict: Verdict,
    /// The reply for the client, of the class that `verdict` has.
    pub reply: Reply,
}

/// Where a later bounce of a message would go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bounce {
    /// To whoever wrote: the reverse-path is authenticated.
    Safe,
    /// Nowhere: the reverse-path is null.
    Never,
    /// Perhaps to a stranger, or not at all though somebody would have to be told.
    Unsafe(Doubt),
}

/// Why no bounce is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Nothing shows that the reverse-path is that of whoever wrote.
    Unproven,
    /// SPF passes for the reverse-path, as it would for everybody.
    PassesEverybody,
    /// SPF passes for the reverse-path, and DNS does not tell whether it would for everybody.
    PassUnknown,
    /// There is no spool that a message could wait in.
    NoSpool,
    /// No DSN could leave.
    Untold(Silence),
}

/// What one recipient's destinations come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientFate {
    /// At least one destination has it, none is left to try. `lost`: another one refused.
    Delivered {
        /// The owner of the alias should hear of it.
        lost: bool,
    },
    /// No destination took it.
    Refused(Reply),
    /// At least one destination is to be tried again.
    Deferred(Reply),
}

/// What the transaction comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// 250: everything is delivered.
    Delivered,
    /// Nothing is delivered, and never will be.
    Refused(Reply),
    /// 250 once it is on disk: we see to the rest. Recipients that are deferred are tried again; about those
    /// that are refused the sender gets a DSN.
    Taken,
    /// 4xx: the sender will come again. Recipients that are refused are then to be refused by themselves,
    /// because this reply does not say so.
    Returned(Reply),
}

impl Bounce {
    /// Where a bounce to this reverse-path would go. `doubt`: why the reverse-path is not proven; `silence`: why
    /// its owner could not be told now.
    pub fn of(reverse_path: &ReversePath, doubt: Option<Doubt>, silence: Option<Silence>) -> Self {
        match (reverse_path, doubt.or(silence.map(Doubt::Untold))) {
            (_, Some(Doubt::NoSpool)) => Self::Unsafe(Doubt::NoSpool),
            (ReversePath::Null, _) => Self::Never,
            (ReversePath::Mailbox(_), Some(doubt)) => Self::Unsafe(doubt),
            (ReversePath::Mailbox(_), None) => Self::Safe,
        }
    }
}

impl Doubt {
    /// For the journal: what the owner should know, where it is not the usual.
    pub fn note(self) -> Option<String> {
        match self {
            Self::Unproven | Self::NoSpool => None,
            doubt => Some(format!("not answered for: {doubt}")),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unproven => f.write_str("nothing shows who wrote"),
            Self::PassesEverybody => f.write_str("SPF of the reverse-path passes everybody"),
            Self::PassUnknown => {
                f.write_str("DNS does not tell whether SPF of the reverse-path passes everybody")
            }
            Self::NoSpool => f.write_str("there is no spool"),
            Self::Untold(silence) => silence.fmt(f),
        }
    }
}

impl RecipientFate {
    /// The fate of a recipient with these destinations; without any it was discarded as the alias
    /// says.
    pub fn of(outcomes: impl IntoIterator<Item = DestinationOutcome>) -> Self {
        let (mut deferral, mut refusal, mut has_delivered) = (None, None, false);
        for DestinationOutcome { verdict, reply } in outcomes {
            match verdict {
                Verdict::Delivered => has_delivered = true,
                Verdict::Refused => _ = refusal.get_or_insert(reply),
                Verdict::Deferred => _ = deferral.get_or_insert(reply),
            }
        }
        match (deferral, refusal) {
            (Some(deferral), _) => Self::Deferred(deferral),
            (None, Some(refusal)) if !has_delivered => Self::Refused(refusal),
            (None, refusal) => Self::Delivered { lost: refusal.is_some() },
        }
    }
}

impl Fate {
    /// The fate of a transaction with these recipients.
    pub fn of<'a>(recipients: impl IntoIterator<Item = &'a RecipientFate>, bounce: Bounce) -> Self {
        let (mut refusal, mut deferral, mut has_delivered) = (None, None, false);
        for recipient in recipients {
            match recipient {
                RecipientFate::Delivered { .. } => has_delivered = true,
                RecipientFate::Refused(reply) => _ = refusal.get_or_insert(reply),
                RecipientFate::Deferred(reply) => _ = deferral.get_or_insert(reply),
            }
        }
        match (refusal, deferral) {
            (None, None) => return Self::Delivered,
            (Some(reply), None) if !has_delivered => return Self::Refused(reply.clone()),
            _ => {}
        }
        match bounce {
            Bounce::Safe => Self::Taken,
            Bounce::Never if refusal.is_none() => Self::Taken,
            Bounce::Never | Bounce::Unsafe(_) => {
                Self::Returned(deferral.cloned().unwrap_or_else(Reply::mixed_verdicts))
            }
        }
    }

    /// True when it matters where a bounce would go.
    pub fn hangs_on_bounce<'a>(
        recipients: impl IntoIterator<Item = &'a RecipientFate> + Clone,
    ) -> bool {
        Self::of(recipients.clone(), Bounce::Safe)
            != Self::of(recipients, Bounce::Unsafe(Doubt::Unproven))
    }
}

#[cfg(test)]
mod histories;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNSAFE: Bounce = Bounce::Unsafe(Doubt::Unproven);

    fn outcome(letter: char) -> DestinationOutcome {
        let (verdict, reply) = match letter {
            '2' => (Verdict::Delivered, Reply::ok()),
            '4' => (Verdict::Deferred, Reply::destination_unreachable()),
            _ => (Verdict::Refused, Reply::destination_null_mx()),
        };
        DestinationOutcome { verdict, reply }
    }

    /// `"25 4"`: one recipient with two destinations, one with one.
    fn fates(recipients: &str) -> Vec<RecipientFate> {
        let of = |r: &str| RecipientFate::of(r.chars().filter(|c| *c != '-').map(outcome));
        recipients.split(' ').map(of).collect()
    }

    /// The places of the recipients that are deferred, and of those that are refused.
    fn places(recipients: &[RecipientFate]) -> (Vec<usize>, Vec<usize>) {
        let all = |is: fn(&RecipientFate) -> bool| {
            let places = recipients.iter().enumerate().filter(move |(_, fate)| is(fate));
            places.map(|(at, _)| at).collect()
        };
        (
            all(|fate| matches!(fate, RecipientFate::Deferred(_))),
            all(|fate| matches!(fate, RecipientFate::Refused(_))),
        )
    }

    /// `spool 0 notify 1`, `451 next 1`, or just the code.
    fn told(recipients: &str, bounce: Bounce) -> String {
        let list = |what: &str, of: &[usize]| {
            let of: Vec<_> = of.iter().map(|at| format!(" {at}")).collect();
            if of.is_empty() { String::new() } else { format!(" {what}{}", of.concat()) }
        };
        let recipients = fates(recipients);
        let (deferred, refused) = places(&recipients);
        match Fate::of(&recipients, bounce) {
            Fate::Delivered => "250".into(),
            Fate::Refused(reply) => reply.code().to_string(),
            Fate::Taken => format!("250{}{}", list("spool", &deferred), list("notify", &refused)),
            Fate::Returned(reply) => format!("{}{}", reply.code(), list("next", &refused)),
        }
    }

    #[test]
    fn the_table() {
        for (recipients, safe, never, r#unsafe) in [
            ("2", "250", "250", "250"),
            ("22", "250", "250", "250"),
            ("-", "250", "250", "250"),
            ("5", "556", "556", "556"),
            ("55", "556", "556", "556"),
            ("4", "250 spool 0", "250 spool 0", "451"),
            ("25", "250", "250", "250"),
            ("24", "250 spool 0", "250 spool 0", "451"),
            ("45", "250 spool 0", "250 spool 0", "451"),
            ("2 2", "250", "250", "250"),
            ("5 5", "556", "556", "556"),
            ("4 4", "250 spool 0 1", "250 spool 0 1", "451"),
            ("2 4", "250 spool 1", "250 spool 1", "451"),
            ("2 5", "250 notify 1", "451 next 1", "451 next 1"),
            ("5 4 5", "250 spool 1 notify 0 2", "451 next 0 2", "451 next 0 2"),
            ("25 5", "250 notify 1", "451 next 1", "451 next 1"),
            ("25 2", "250", "250", "250"),
            ("- 5", "250 notify 1", "451 next 1", "451 next 1"),
        ] {
            assert_eq!(told(recipients, Bounce::Safe), safe, "{recipients}, safe");
            assert_eq!(told(recipients, Bounce::Never), never, "{recipients}, never");
            assert_eq!(told(recipients, UNSAFE), r#unsafe, "{recipients}, unsafe");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_forgotten(recipients in prop::collection::vec("[245]{1,3}", 1..5)) {
            let recipients = fates(&recipients.join(" "));
            for bounce in [Bounce::Safe, Bounce::Never, UNSAFE] {
                let (deferred, refused) = places(&recipients);
                match Fate::of(&recipients, bounce) {
                    Fate::Taken => {
                        prop_assert!(bounce != UNSAFE);
                        prop_assert!(refused.is_empty() || bounce == Bounce::Safe);
                        prop_assert!(!deferred.is_empty() || !refused.is_empty());
                    }
                    Fate::Returned(_) => {
                        prop_assert!(bounce != Bounce::Safe);
                        prop_assert!(refused.len() < recipients.len());
                    }
                    Fate::Refused(_) => prop_assert_eq!(refused.len(), recipients.len()),
                    Fate::Delivered => {
                        prop_assert!(deferred.is_empty() && refused.is_empty());
                    }
                }
            }
        }
    }
}
