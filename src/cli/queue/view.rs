//! What a message is as a whole, told from its legs.

use crate::{
    address::ReversePath,
    store::spool::{Leg, LegState, Spooled},
    time::Millis,
};

pub(super) fn from(message: &Spooled) -> String {
    match &message.head.sender {
        ReversePath::Null => "<>".to_owned(),
        ReversePath::Mailbox(mailbox) => mailbox.to_string(),
    }
}

/// The recipients that wait.
pub(super) fn to(message: &Spooled) -> Vec<String> {
    let mut to: Vec<String> = open(message).map(|leg| leg.recipient.bare()).collect();
    to.dedup();
    to
}

/// The state of the leg that got furthest of those that wait.
pub(super) fn state(message: &Spooled) -> &'static str {
    let state = [LegState::Sending, LegState::Uncertain, LegState::Queued]
        .into_iter()
        .find(|state| open(message).any(|leg| leg.state == *state))
        .or_else(|| message.legs.first().map(|leg| leg.state));
    state.map_or("", LegState::as_str)
}

pub(super) fn attempts(message: &Spooled) -> u32 {
    open(message).map(|leg| leg.attempts).max().unwrap_or(0)
}

/// When the first leg is due; `None`: nothing is left to do.
pub(super) fn next_attempt(message: &Spooled) -> Option<Millis> {
    message.legs.iter().filter_map(|leg| due(leg, message)).min()
}

/// When a leg is due. What is to be tried at once is due since it came.
pub(super) fn due(leg: &Leg, message: &Spooled) -> Option<Millis> {
    leg.state.is_open().then_some(leg.next_attempt.max(message.head.arrived))
}

pub(super) fn open(message: &Spooled) -> impl Iterator<Item = &Leg> {
    message.legs.iter().filter(|leg| leg.state.is_open())
}
