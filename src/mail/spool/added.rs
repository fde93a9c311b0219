use crate::{
    mail::parts::Parts,
    next_hop::NextHop,
    retry::Kind,
    slots::Cause,
    store::spool::{Leg, NewMessage},
    time::Millis,
};
use std::collections::BTreeMap;

/// A message in the spool, for whoever plans its attempts.
#[derive(Debug)]
pub(crate) struct Added {
    pub(super) message: i64,
    pub(super) arrived: Millis,
    pub(super) cause: Cause,
    pub(super) kind: Kind,
    /// Where the message is to go, and when it is due there.
    pub(super) waits: Vec<(NextHop, Millis)>,
}

impl Added {
    /// The message `new`, which was kept under this number.
    pub(crate) fn new(parts: &Parts, message: i64, new: &NewMessage) -> Self {
        let head = &new.head;
        let (cause, kind, waits) = (head.cause(), head.kind(), waits(parts, &new.legs));
        Self { message, arrived: head.arrived, cause, kind, waits }
    }
}

/// Where open legs are to go, and when the first of them is due there.
fn waits(parts: &Parts, legs: &[Leg]) -> Vec<(NextHop, Millis)> {
    let mut waits = BTreeMap::new();
    for leg in legs.iter().filter(|leg| leg.state.is_open()) {
        let hop = parts.aliases.destination(leg.mailbox.clone()).next_hop;
        let due = waits.entry(hop).or_insert(leg.next_attempt);
        *due = leg.next_attempt.min(*due);
    }
    waits.into_iter().collect()
}
