//! `budget`: a destination that does not answer holds the sender no longer than that.

use super::MESSAGE;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Gate, Receiver, Step};
use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

const BUDGET: Duration = Duration::from_secs(2);

#[test]
fn a_destination_that_does_not_answer_is_given_up_within_the_budget() {
    const STEPS: [Step; 7] = [
        Step::Connect,
        Step::Greeting,
        Step::Ehlo,
        Step::Mail,
        Step::Rcpt,
        Step::Data,
        Step::FinalDot,
    ];
    let silent = STEPS.map(|step| Receiver::smtp().on(step, Action::Hang).start());
    let mut builder = Onward::builder()
        .domain("example.org")
        .config("delivery.budget = \"2s\"")
        .config("delivery.final_patience = \"2s\"");
    for (number, receiver) in silent.iter().enumerate() {
        let domain = format!("silent{number}.test");
        builder = builder
            .alias(&format!("to{number}@example.org"), &[&format!("box@{domain}")])
            .route(&domain, &receiver.route());
    }
    let onward = builder.start();
    thread::scope(|threads| {
        for (number, step) in STEPS.iter().enumerate() {
            let mut client = onward.session();
            threads.spawn(move || {
                let began = Instant::now();
                let to = format!("to{number}@example.org");
                let reply = client.transaction("a@client.test", &[&to], MESSAGE);
                let took = began.elapsed();
                assert!(reply.text().starts_with("451 4.4."), "{step:?}: {reply}");
                assert!(took >= BUDGET && took < 3 * BUDGET, "{step:?}: {took:?}");
            });
        }
    });
}

#[test]
fn one_that_answers_too_late_may_have_the_message_but_nobody_is_told_so() {
    let gate = Gate::new();
    let late = Receiver::smtp().on(Step::FinalDot, Action::hold(&gate)).start();
    let onward = Onward::forwarding_to(&late.route())
        .config("delivery.budget = \"1s\"")
        .config("delivery.final_patience = \"1s\"")
        .start();
    let mut client = onward.session();
    super::send(&mut client, MESSAGE).expect("451 4.4.");
    gate.open();
    late.wait_for_all_closed();
    late.accept_all();
    super::send(&mut client, MESSAGE).expect_code(250);
}

/// Servers need not take more than 100 recipients, and seldom do.
#[test]
fn a_hundred_mailboxes_a_transaction() {
    const ALIASES: usize = 15;
    let sink = Receiver::smtp().start();
    let mut builder = Onward::builder().domain("example.org").route("sink.test", &sink.route());
    for alias in 0..ALIASES {
        let mailboxes: Vec<_> = (0..100).map(|n| format!("box{alias}-{n}@sink.test")).collect();
        let mailboxes: Vec<_> = mailboxes.iter().map(String::as_str).collect();
        builder = builder.alias(&format!("to{alias}@example.org"), &mailboxes);
    }
    let onward = builder.start();
    let to: Vec<_> = (0..ALIASES).map(|alias| format!("to{alias}@example.org")).collect();
    let to: Vec<_> = to.iter().map(String::as_str).collect();
    onward.session().transaction("a@client.test", &to, MESSAGE).expect_code(250);

    let messages = sink.messages();
    let reached: HashSet<_> = messages.iter().flat_map(|message| message.to.clone()).collect();
    assert_eq!(reached.len(), ALIASES * 100);
    assert!(messages.iter().all(|message| message.to.len() <= 100));
    assert_eq!(messages.len(), ALIASES, "each mailbox once");
}
