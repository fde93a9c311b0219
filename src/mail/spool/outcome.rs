//! What a spooled message comes to, for the journal.

use crate::{
    address::{ForwardPath, ReversePath},
    mail::parts::Services,
    next_hop::NextHop,
    reply::Reply,
    store::{
        journal::{AttemptLine, Outcome, Record},
        spool::{Head, Leg, LegState, NewMessage, Spooled},
    },
    time::Millis,
};
use std::collections::BTreeMap;

/// Where open legs are to go, and when the first of them is due there.
pub(super) fn waits(services: &Services, legs: &[Leg]) -> Vec<(NextHop, Millis)> {
    let mut waits = BTreeMap::new();
    for leg in legs.iter().filter(|leg| leg.state.is_open()) {
        let hop = services.destination(leg.mailbox.clone()).next_hop;
        let due = waits.entry(hop).or_insert(leg.next_attempt);
        *due = leg.next_attempt.min(*due);
    }
    waits.into_iter().collect()
}

/// The outcome of a message with these legs; [`Outcome::Spooled`] while one is open. A recipient has the
/// message when one of its mailboxes has.
pub(super) fn outcome(legs: &[Leg], head: &Head) -> Outcome {
    if legs.iter().any(|leg| leg.state.is_open()) {
        return Outcome::Spooled;
    }
    let any = |state| legs.iter().any(|leg| leg.state == state);
    let delivered = head.has_delivered || any(LegState::Delivered);
    let failed = head.has_failed || any(LegState::Failed);
    match (delivered, failed, any(LegState::Dropped)) {
        (true, false, false) => Outcome::Forwarded,
        (true, ..) => Outcome::Partial,
        (false, true, _) => Outcome::Failed,
        (false, false, _) => Outcome::Dropped,
    }
}

/// What the journal is told of a message: `attempts` are new, `detail` is what the owner should know.
pub(super) fn record(message: &Spooled, attempts: Vec<AttemptLine>, detail: String) -> Record {
    let head = &message.head;
    let mut to: Vec<String> = message.legs.iter().map(|leg| leg.recipient.bare()).collect();
    to.dedup();
    let srs_from = message.legs.iter().find_map(|leg| leg.reverse_path.mailbox());
    Record {
        id: head.id.clone(),
        time: head.arrived,
        client: head.client,
        helo: head.helo.clone(),
        from: head.sender.clone(),
        srs_from: srs_from.map(ToString::to_string),
        to,
        outcome: outcome(&message.legs, head),
        // A notice of our own was brought by nobody, who was told nothing.
        reply: match (&head.sender, head.client, head.helo.as_str()) {
            (ReversePath::Null, None, "") => String::new(),
            _ => Reply::spooled(&head.id).to_string(),
        },
        size: message.size,
        ms: 0,
        auth: String::new(),
        tls: String::new(),
        detail,
        attempts,
    }
}

/// What the owner should know of legs at their end that no attempt tells.
pub(super) fn detail(legs: &[Leg]) -> Vec<String> {
    let twice = |leg: &&Leg| leg.was_uncertain && leg.state == LegState::Delivered;
    let twice = legs.iter().filter(twice);
    let mut detail: Vec<_> =
        twice.map(|leg| format!("{} may have got it twice", leg.mailbox)).collect();
    for path in lost(legs) {
        let failed = |leg: &&Leg| leg.recipient == *path && leg.state == LegState::Failed;
        if let Some(leg) = legs.iter().find(failed) {
            let (to, reply) = (path.bare(), leg.reply.as_kept());
            detail.push(format!("nobody has what was sent to {to}: {reply}"));
        }
    }
    detail
}

/// Records a message that has no record of its own yet: it was spooled as number `seq`.
pub(super) async fn journal(services: &Services, seq: i64, new: NewMessage, detail: String) {
    let size = new.size();
    let message = Spooled { seq, head: new.head, size, legs: new.legs };
    services.journal.record(record(&message, Vec::new(), detail)).await;
}

/// The recipients of a message that nobody has and nobody will get.
pub(super) fn lost(legs: &[Leg]) -> Vec<&ForwardPath> {
    let mut lost: Vec<&ForwardPath> = Vec::new();
    for leg in legs {
        let of_it = || legs.iter().filter(|other| other.recipient == leg.recipient);
        let is_lost = of_it().all(|leg| !leg.state.is_open() && leg.state != LegState::Delivered);
        if is_lost && !lost.contains(&&leg.recipient) {
            lost.push(&leg.recipient);
        }
    }
    lost
}
