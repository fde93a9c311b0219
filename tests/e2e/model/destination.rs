//! What a destination's behaviour comes to for each mailbox that it is asked about.

use super::case::{Back, Case, Fault, Kind, Mailbox, Shape};
use crate::support::receiver::Step;

/// How a reply begins.
pub(super) type Start = &'static str;

/// Unreachable, broken off, or too slow.
const LOST: Start = "451 4.4.";
/// This server is refused, which no sender can mend.
const REFUSES_US: Start = "451 4.7.0";
/// What a destination that refuses everything in the end says.
const REFUSED_AT_LAST: Start = "550 5.1.1";

/// What the destination does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Now {
    Faulty,
    /// As bad as before, see also [`Case::is_busy_again`].
    Again,
    Back,
}

/// What one mailbox comes to, and how a reply that tells of it begins.
#[derive(Clone, Copy)]
pub(super) enum Verdict {
    Delivered,
    Refused(Start),
    Deferred { reply: Start, is_uncertain: bool },
}

/// The word of the case's destination on each of these.
pub(super) fn destination(case: &Case, now: Now, asked: &[&Mailbox]) -> Vec<Verdict> {
    let all = |verdict| vec![verdict; asked.len()];
    let fault = match (now, case.fault, case.back) {
        (Now::Again, ..) if case.is_busy_again() => return all(verdict(Kind::Later)),
        (Now::Faulty | Now::Again, Some(fault), _) => fault,
        (Now::Faulty | Now::Again, None, _) | (Now::Back, _, Back::Accepts) => {
            return all(Verdict::Delivered);
        }
        (Now::Back, _, Back::Refuses) => return all(Verdict::Refused(REFUSED_AT_LAST)),
    };
    match fault {
        Fault { step: Step::Connect | Step::Greeting | Step::Ehlo, kind: Kind::No } => {
            all(deferred(REFUSES_US))
        }
        Fault { step: Step::Rcpt, .. } => at_rcpt(case, fault.kind, asked),
        Fault { step: Step::FinalDot, .. } if case.is_lmtp() => {
            at_lmtp_dot(case, fault.kind, asked)
        }
        Fault { step: Step::FinalDot, kind: Kind::Silence | Kind::Reset } => all(uncertain()),
        Fault { kind, .. } => all(verdict(kind)),
    }
}

/// The replies come one by one; where they end, nobody of this transaction has the message.
fn at_rcpt(case: &Case, kind: Kind, asked: &[&Mailbox]) -> Vec<Verdict> {
    let mut said: Vec<Option<Verdict>> = vec![None; asked.len()];
    for (at, mailbox) in asked.iter().enumerate() {
        let Some(kind) = kind_for(case, kind, mailbox) else { continue };
        if matches!(kind, Kind::Closing | Kind::Silence | Kind::Reset) {
            return said.into_iter().map(|it| it.unwrap_or(verdict(kind))).collect();
        }
        said[at] = Some(verdict(kind));
    }
    said.into_iter().map(|it| it.unwrap_or(Verdict::Delivered)).collect()
}

/// The replies come one by one; where they end, whoever is left may have the message.
fn at_lmtp_dot(case: &Case, kind: Kind, asked: &[&Mailbox]) -> Vec<Verdict> {
    let mut said = Vec::new();
    for mailbox in asked {
        match kind_for(case, kind, mailbox) {
            None => said.push(Verdict::Delivered),
            Some(Kind::Silence | Kind::Reset) => break,
            Some(Kind::Closing) => {
                said.push(verdict(Kind::Closing));
                break;
            }
            Some(kind) => said.push(verdict(kind)),
        }
    }
    said.resize_with(asked.len(), uncertain);
    said
}

fn kind_for(case: &Case, kind: Kind, mailbox: &Mailbox) -> Option<Kind> {
    match case.shape {
        Shape::OneOfTwo { other, .. } if !mailbox.is_affected => other,
        _ => Some(kind),
    }
}

fn verdict(kind: Kind) -> Verdict {
    match kind {
        Kind::Later => deferred("451 4.2.0"),
        Kind::Closing => deferred("451 4.3.2"),
        Kind::No => Verdict::Refused("554 5.7.9"),
        Kind::Login => deferred(REFUSES_US),
        Kind::Silence | Kind::Reset => deferred(LOST),
    }
}

fn deferred(reply: Start) -> Verdict {
    Verdict::Deferred { reply, is_uncertain: false }
}

fn uncertain() -> Verdict {
    Verdict::Deferred { reply: LOST, is_uncertain: true }
}
