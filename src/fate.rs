//! Outcomes of all recipients of a transaction → the one reply that covers them.
//!
//! SMTP answers a message once, however many recipients it has. Here stands how the verdicts of the
//! destinations become that answer, so that no sender is told less than the truth:
//!
//! | recipients | reply | remembered |
//! |---|---|---|
//! | all delivered | 250 | – |
//! | all refused | the first refusal | – |
//! | some deferred | the first deferral | who has it; who refused |
//! | some delivered, some refused | 451, asked again each is answered by itself | who has it; who refused |
//!
//! One recipient (an alias) with several destinations cannot be split by the sender. There a
//! deferral of one defers the recipient, and a refusal beside a delivery is a loss that the journal
//! shows to the owner.

use crate::reply::Reply;

/// What became of a message at one destination mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The destination has it.
    Delivered,
    /// The destination said no for good.
    Refused,
    /// Not now: it said so, or nobody answered.
    Deferred,
}

/// A verdict, and the reply that tells the client of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What became of it.
    pub verdict: Verdict,
    /// For the client; of the class that `verdict` has.
    pub reply: Reply,
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
pub struct Fate {
    /// `None`: everything is delivered, answer 250.
    pub refusal: Option<Reply>,
    /// The sender will come again: remember which destinations have the message.
    pub remember_delivered: bool,
    /// Recipients (by index) to refuse with this reply when the sender comes again, because the
    /// reply of this transaction does not say that they were refused.
    pub refuse_next_time: Vec<(usize, Reply)>,
}

impl RecipientFate {
    /// The fate of a recipient with these destinations; without any it was discarded as the alias
    /// says.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let first = |verdict| outcomes.iter().find(move |outcome| outcome.verdict == verdict);
        let refused = first(Verdict::Refused);
        match (first(Verdict::Deferred), first(Verdict::Delivered), refused) {
            (Some(deferred), _, _) => Self::Deferred(deferred.reply.clone()),
            (None, None, Some(refused)) => Self::Refused(refused.reply.clone()),
            (None, _, refused) => Self::Delivered { lost: refused.is_some() },
        }
    }
}

impl Fate {
    /// The fate of a transaction with these recipients.
    pub fn of(recipients: &[RecipientFate]) -> Self {
        let mut refused = Vec::new();
        let (mut deferred, mut delivered) = (None, false);
        for (at, recipient) in recipients.iter().enumerate() {
            match recipient {
                RecipientFate::Delivered { .. } => delivered = true,
                RecipientFate::Refused(reply) => refused.push((at, reply.clone())),
                RecipientFate::Deferred(reply) => {
                    deferred.get_or_insert_with(|| reply.clone());
                }
            }
        }
        let split =
            deferred.or_else(|| (delivered && !refused.is_empty()).then(Reply::mixed_verdicts));
        match split {
            Some(reply) => {
                Self { refusal: Some(reply), remember_delivered: true, refuse_next_time: refused }
            }
            None => Self {
                refusal: refused.into_iter().next().map(|(_, reply)| reply),
                remember_delivered: false,
                refuse_next_time: Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcome(letter: char) -> Outcome {
        let (verdict, reply) = match letter {
            '2' => (Verdict::Delivered, Reply::ok()),
            '4' => (Verdict::Deferred, Reply::destination_unreachable()),
            _ => (Verdict::Refused, Reply::destination_null_mx()),
        };
        Outcome { verdict, reply }
    }

    /// `"25 4"`: one recipient with two destinations, one with one.
    fn fate(recipients: &str) -> (u16, bool, Vec<usize>) {
        let recipients: Vec<_> = recipients
            .split(' ')
            .map(|r| {
                RecipientFate::of(&r.chars().filter(|c| *c != '-').map(outcome).collect::<Vec<_>>())
            })
            .collect();
        let fate = Fate::of(&recipients);
        let code = fate.refusal.map_or(250, |reply| reply.code());
        (
            code,
            fate.remember_delivered,
            fate.refuse_next_time.into_iter().map(|(at, _)| at).collect(),
        )
    }

    #[test]
    fn the_table() {
        for (recipients, code, remember, refuse) in [
            ("2", 250, false, vec![]),
            ("22", 250, false, vec![]),
            ("-", 250, false, vec![]),
            ("5", 556, false, vec![]),
            ("55", 556, false, vec![]),
            ("4", 451, true, vec![]),
            ("25", 250, false, vec![]),
            ("24", 451, true, vec![]),
            ("45", 451, true, vec![]),
            ("2 2", 250, false, vec![]),
            ("5 5", 556, false, vec![]),
            ("4 4", 451, true, vec![]),
            ("2 4", 451, true, vec![]),
            ("2 5", 451, true, vec![1]),
            ("5 4 5", 451, true, vec![0, 2]),
            ("25 5", 451, true, vec![1]),
            ("25 2", 250, false, vec![]),
            ("- 5", 451, true, vec![1]),
        ] {
            assert_eq!(fate(recipients), (code, remember, refuse), "{recipients}");
        }
    }

    proptest! {
        #[test]
        fn never_250_while_something_is_open(recipients in prop::collection::vec("[245]{1,3}", 1..5)) {
            let (code, remember, _) = fate(&recipients.join(" "));
            let open = recipients.iter().any(|r| r.contains('4') || !r.contains('2'));
            prop_assert_eq!(code == 250, !open);
            prop_assert_eq!(remember, (400..500).contains(&code));
        }
    }
}
