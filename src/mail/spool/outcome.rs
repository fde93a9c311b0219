//! What a spooled message comes to, for the journal.

use crate::{
    address::{ForwardPath, ReversePath},
    alias::Ways,
    mail::parts::Parts,
    reply::Reply,
    store::{
        journal::{AttemptLine, Outcome, Record},
        spool::{Head, Leg, LegState, NewMessage},
    },
};

/// The outcome of a message with these legs; [`Outcome::Spooled`] while one is open. A recipient has the
/// message when one of its mailboxes has.
fn outcome(legs: &[Leg], head: &Head) -> Outcome {
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

/// What the journal is told of a message with these legs: `attempts` are new, `detail` is what the owner
/// should know.
pub(super) fn record(
    head: &Head,
    size: u64,
    legs: &[Leg],
    attempts: Vec<AttemptLine>,
    detail: String,
) -> Record {
    let mut to: Vec<String> = legs.iter().map(|leg| leg.recipient.bare()).collect();
    to.dedup();
    let mut ways = Some(Ways::default());
    for leg in legs {
        match (&mut ways, &leg.ways) {
            (Some(ways), Some(of_leg)) => ways.add_all(of_leg),
            _ => ways = None,
        }
    }
    let srs_from = legs.iter().find_map(|leg| leg.reverse_path.mailbox());
    Record {
        id: head.id.clone(),
        time: head.arrived,
        client: head.client,
        helo: head.helo.clone(),
        from: head.sender.clone(),
        srs_from: srs_from.map(ToString::to_string),
        to,
        outcome: outcome(legs, head),
        // A notice of our own was brought by nobody, who was told nothing.
        reply: match (&head.sender, head.client, head.helo.as_str()) {
            (ReversePath::Null, None, "") => String::new(),
            _ => Reply::spooled(&head.id).to_string(),
        },
        size,
        ms: 0,
        auth: String::new(),
        tls: String::new(),
        filter: None,
        detail,
        attempts,
        ways,
        node: None,
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

/// Records a spooled message that has no record of its own yet.
pub(crate) async fn record_new(parts: &Parts, new: NewMessage, detail: String) {
    let told = record(&new.head, new.size(), &new.legs, Vec::new(), detail);
    parts.journal.record(told).await;
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
