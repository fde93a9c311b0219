//! What of a delivery is one recipient's.

use super::{dress::Form, late, recipient::Recipient};
use crate::{
    address::ReversePath,
    fate::{DestinationOutcome, RecipientFate, Verdict},
    next_hop::{Destination, NextHop},
    reply::Reply,
    store::spool::{self, LegState},
    time::Millis,
};
use std::{sync::Arc, time::Duration};

/// A recipient's share in a delivery: what leaves for it, and where to.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) recipient: Recipient,
    pub(crate) reverse_path: ReversePath,
    pub(crate) form: Arc<Form>,
    pub(super) legs: Vec<Leg>,
}

/// One copy: a destination mailbox of a recipient. Recipients that share a mailbox, a reverse-path and a form
/// have legs that go in one transaction, and as one copy.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) to: Destination,
    pub(super) outcome: Option<DestinationOutcome>,
    /// The end of data of this copy was sent and never answered.
    pub(super) is_uncertain: bool,
    /// The verdict on this copy is still waited for.
    pub(super) is_waited_for: bool,
}

/// What goes in one transaction: a next hop, and the reverse-path and number of the form.
pub(super) type Group = (NextHop, ReversePath, usize);

impl Share {
    /// What the recipient comes to.
    pub(crate) fn fate(&self) -> RecipientFate {
        RecipientFate::of(self.legs.iter().map(Leg::outcome))
    }

    /// The legs of the share for the spool; what is deferred is due at `due`.
    pub(crate) fn to_spool(&self, due: Millis) -> impl Iterator<Item = spool::Leg> {
        self.legs.iter().map(move |leg| {
            let DestinationOutcome { verdict, reply } = leg.outcome();
            let (path, mailbox) = (self.recipient.path.clone(), leg.to.mailbox.clone());
            spool::Leg {
                state: match verdict {
                    Verdict::Delivered => LegState::Delivered,
                    Verdict::Refused => LegState::Failed,
                    Verdict::Deferred if leg.is_uncertain => LegState::Uncertain,
                    Verdict::Deferred => LegState::Queued,
                },
                attempts: 1,
                // What is waited for is not sent again meanwhile.
                next_attempt: due + if leg.is_waited_for { late::BESIDE } else { Duration::ZERO },
                reply: reply.to_keep(),
                ways: Some(self.recipient.ways.to(&leg.to.mailbox)),
                ..spool::Leg::new(path, mailbox, self.reverse_path.clone(), due)
            }
        })
    }

    /// With what else a leg goes in one transaction.
    pub(super) fn group(&self, leg: &Leg) -> Group {
        (leg.to.next_hop.clone(), self.reverse_path.clone(), self.form.number)
    }
}

impl Leg {
    /// A leg without outcome counts as deferred: nothing says that anybody has it.
    fn outcome(&self) -> DestinationOutcome {
        self.outcome.clone().unwrap_or_else(|| DestinationOutcome {
            verdict: Verdict::Deferred,
            reply: Reply::destination_lost(),
        })
    }
}
