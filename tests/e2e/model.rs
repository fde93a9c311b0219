//! Every way a destination can behave, for every sender: what is seen from outside is what a model says.
//!
//! A case is a sender, what one destination does at which step, how the recipients hang together, and
//! what the destination does when it has come to itself. [`expected`] says what must be seen of it; it
//! knows the design and nothing of the code. All cases of a test run against one daemon, each with a
//! destination of its own, in three looks:
//!
//! 1. the sender's first try: its replies, who has the message, the spool, the journal, the DSNs;
//! 2. once more, while the destination is still bad: the spool's attempt, or the sender's;
//! 3. the destination accepts everything, or refuses everything: the end of all that was open.
//!
//! Invariants: no DSN leaves for an unauthenticated or null reverse-path, and no message answered 250
//! is without an outcome.

mod case;
mod destination;
mod expected;
mod lane;
mod reading;
mod stage;

use case::{Case, Fault, Shape, cases};
use std::sync::{Mutex, PoisonError};

static TURN: Mutex<()> = Mutex::new(());

/// Runs all cases of these shapes and faults, and says how many there were.
fn check(name: &str, shapes: &[Shape], faults: &[Fault]) {
    // Hundreds of destinations are open at once: where the tests share a process, they take turns.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let cases: Vec<Case> = cases(shapes, faults);
    let count = cases.len();
    let differences = stage::run(cases);
    let shown: Vec<&str> = differences.iter().take(30).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{} of {count} combinations differ from the model:\n{}",
        differences.len(),
        shown.join("\n")
    );
    #[allow(clippy::print_stderr)]
    {
        eprintln!("{name}: {count} combinations are as the model says");
    }
}

#[test]
fn one_recipient() {
    check("one recipient", &[Shape::OneRecipient], &Fault::all());
}

#[test]
fn two_recipients_of_one_destination_group() {
    check("two recipients", &[Shape::TwoRecipients], &Fault::all());
}

#[test]
fn one_of_two_recipients_at_rcpt() {
    check("one of two at RCPT", &Shape::one_of_two(false), &Fault::at_rcpt());
}

#[test]
fn one_of_two_recipients_over_lmtp() {
    check("one of two over LMTP", &Shape::one_of_two(true), &Fault::at_dot());
}

#[test]
fn one_alias_with_two_destinations_in_two_groups() {
    check("two destinations", &[Shape::TwoDestinations], &Fault::all());
}

#[test]
fn two_recipients_of_two_destination_groups() {
    check("two groups", &[Shape::TwoGroups], &Fault::all());
}
