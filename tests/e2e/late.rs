//! Destinations that take their time behind the end of data: one copy, and the sender is told the truth at last,
//! whether its client waits, goes, or is answered before.

use crate::support::client::{Client, stuffed};
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Action, Gate, Receiver, Step};
use crate::support::wait_until;
use serde_json::Value;
use std::thread;

/// Of a domain whose SPF passes.
const ALICE: &str = "alice@spf.test";
/// Of one whose SPF says nothing.
const BOB: &str = "bob@nospf.test";
const ALIAS: &str = "hello@example.org";
/// Told a second behind the beginning of a delivery: not before the budget of this file is over.
const BEHIND_THE_BUDGET: &str = "takes its time";
const MESSAGE: &[u8] = b"From: <x@elsewhere.test>\r\nMessage-ID: <1@x.test>\r\n\r\nslow\r\n";

/// A destination that holds the reply to the end of data back.
struct Slow {
    gate: Gate,
    receiver: Receiver,
    onward: Onward,
    _dns: Dns,
}

impl Slow {
    fn start(change: impl FnOnce(Builder) -> Builder) -> Self {
        let dns = Dns::start();
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
        let gate = Gate::new();
        let receiver = Receiver::smtp().on(Step::FinalDot, Action::hold(&gate)).start();
        let onward = Onward::forwarding_to(receiver.name()).dns(&dns);
        let onward = change(onward.config("delivery.budget = \"1s\"")).start();
        Self { gate, receiver, onward, _dns: dns }
    }

    /// A client whose message is with the destination, which does not answer.
    fn waiting(&self, from: &str) -> Client {
        let mut client = self.onward.session();
        client.mail(from).expect_code(250);
        client.rcpt(ALIAS).expect_code(250);
        client.command("DATA").expect_code(354);
        client.send(&stuffed(MESSAGE));
        self.gate.wait_for_arrivals(1);
        client
    }

    fn send(&self, from: &str) -> String {
        self.onward.session().transaction(from, &[ALIAS], MESSAGE).text().to_owned()
    }

    /// From now on the destination answers at once, and has answered what it held.
    fn answer(&self) {
        self.receiver.accept_all();
        self.gate.open();
    }

    #[track_caller]
    fn has_one_copy(&self) {
        assert_eq!(self.receiver.wait_for_messages(1).len(), 1);
        let queue = || self.onward.run(&["queue", "list", "--json"]).is_empty().then_some(());
        wait_until("an empty spool", queue);
        assert_eq!(self.receiver.count(), 1);
    }
}

#[test]
fn a_verdict_behind_the_budget_is_waited_for() {
    for from in [ALICE, BOB] {
        let slow = Slow::start(|onward| onward);
        let mut client = slow.waiting(from);
        slow.onward.wait_for_log(BEHIND_THE_BUDGET);
        slow.answer();
        client.reply().expect("250 2.0.0");
        slow.has_one_copy();
    }
}

#[test]
fn a_refusal_behind_the_budget_is_the_senders_to_know() {
    let slow = Slow::start(|onward| onward);
    let then = Action::hold(&slow.gate).then(Action::reply("550 5.7.1 spam"));
    slow.receiver.on(Step::FinalDot, then);
    let mut client = slow.waiting(ALICE);
    slow.onward.wait_for_log(BEHIND_THE_BUDGET);
    slow.gate.open();
    client.reply().expect("550 5.7.1");
    assert_eq!(slow.receiver.count(), 0);
}

#[test]
fn a_client_that_gave_up_comes_again_and_no_second_copy_leaves() {
    for from in [ALICE, BOB] {
        let slow = Slow::start(|onward| onward);
        drop(slow.waiting(from));
        slow.onward.wait_for_log(BEHIND_THE_BUDGET);
        thread::scope(|scope| {
            let again = scope.spawn(|| slow.send(from));
            slow.onward.wait_for_log("brought again: waits for the verdict");
            assert!(!again.is_finished() && slow.gate.arrivals() == 1);
            slow.answer();
            assert!(again.join().unwrap().starts_with("250 2.0.0"));
        });
        // And a third time, long behind.
        assert!(slow.send(from).starts_with("250 2.0.0"));
        slow.has_one_copy();
    }
}

#[test]
fn a_verdict_behind_all_patience_is_remembered() {
    let slow = Slow::start(|onward| onward.config("delivery.final_patience = \"1s\""));
    slow.waiting(BOB).reply().expect("451 4.4.7");
    slow.answer();
    slow.onward.wait_for_log("a verdict that came late");
    assert!(slow.send(BOB).starts_with("250 2.0.0"));
    slow.has_one_copy();
}

#[test]
fn a_spooled_message_is_not_tried_again_while_its_verdict_is_waited_for() {
    let slow = Slow::start(|onward| {
        let onward = onward.config("delivery.final_patience = \"1s\"");
        onward.config("spool.retry = [\"100ms\"]")
    });
    slow.waiting(ALICE).reply().expect("250 2.0.0");
    retry(&slow);
    slow.onward.wait_for_log("not tried: its verdict is to come");
    assert_eq!(slow.gate.arrivals(), 1, "no further attempt");
    slow.answer();
    slow.onward.wait_for_log("a verdict that came late");
    slow.has_one_copy();
    wait_until("the outcome in the journal", || {
        let record = slow.onward.wait_for_trace(&["--to", ALIAS], 1).remove(0);
        (record["outcome"] == "forwarded").then_some(())
    });
}

#[test]
fn a_stop_in_the_middle_leaves_one_copy() {
    for (from, reply) in [(BOB, "451 4.4.7"), (ALICE, "250 2.0.0")] {
        let mut slow = Slow::start(|onward| onward);
        let mut client = slow.waiting(from);
        slow.onward.signal("TERM");
        client.reply().expect(reply);
        // Its client is answered, and the destination has not been heard yet.
        slow.answer();
        assert!(slow.onward.wait_exit().success());
        slow.onward.serve();
        match from {
            BOB => assert!(slow.send(from).starts_with("250 2.0.0")),
            _ => retry(&slow),
        }
        slow.has_one_copy();
    }
}

/// A session that goes on is nothing to wait for: the verdict is there.
#[test]
fn what_was_put_off_slowly_is_tried_again_though_its_client_stays() {
    let slow = Slow::start(|onward| onward.config("spool.retry = [\"100ms\"]"));
    let later = Action::hold(&slow.gate).then(Action::reply("450 4.2.0 greylisted"));
    slow.receiver.on(Step::FinalDot, later);
    let mut client = slow.waiting(ALICE);
    slow.onward.wait_for_log(BEHIND_THE_BUDGET);
    slow.answer();
    client.reply().expect("250 2.0.0");
    slow.has_one_copy();
    client.command("NOOP").expect("250");
}

/// Lets what is spooled be tried now.
fn retry(slow: &Slow) {
    let queue = slow.onward.run(&["queue", "list", "--json"]);
    let spooled: Value = serde_json::from_str(queue.lines().next().unwrap()).unwrap();
    slow.onward.run(&["queue", "retry", spooled["id"].as_str().unwrap()]);
}
