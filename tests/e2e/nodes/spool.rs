//! Messages in the spool of a node that dies or stands still.

use super::{ALICE, BUSY, Nodes, queue, send};
use crate::support::receiver::{Action, Gate, Receiver, Step};
use crate::support::wait_until;

/// What a node was answering for is delivered by the other, once.
#[test]
fn what_a_killed_node_had_is_delivered_once_by_the_other() {
    let Some(mut nodes) = Nodes::serving() else { return };
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    let waiting = queue(&nodes.b);
    assert_eq!(waiting[0]["node"], "a", "{waiting:?}");
    assert!(nodes.b.run(&["queue", "list"]).contains("a: alice@spf.test -> "));
    nodes.a.kill_9();
    nodes.sink.accept_all();
    assert_eq!(nodes.sink.wait_for_message().to, ["bob@sink.test"]);
    wait_until("an empty spool", || queue(&nodes.b).is_empty().then_some(()));
    nodes.a.serve();
    send(&nodes.a).expect("250 2.0.0");
    assert_eq!(nodes.sink.wait_for_messages(2).len(), 2, "not sent again by who comes back");
}

/// A node that stood still until others had its message does not send the end of it.
#[test]
fn a_node_that_stood_still_past_its_lease_sends_nothing_that_others_have() {
    let Some(nodes) = Nodes::serving() else { return };
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    let gate = Gate::new();
    nodes.sink.accept_all().on(Step::Data, Action::hold(&gate));
    gate.wait_for_arrivals(1);
    nodes.a.signal("STOP");
    nodes.sink.accept_all();
    nodes.sink.wait_for_message();
    wait_until("an empty spool", || queue(&nodes.b).is_empty().then_some(()));
    nodes.a.signal("CONT");
    gate.open();
    nodes.a.wait_for_log("taken over by another node");
    send(&nodes.a).expect("250 2.0.0");
    assert_eq!(nodes.sink.wait_for_messages(2).len(), 2);
    assert_eq!(nodes.sink.count(), 2, "one of each");
    for record in nodes.b.wait_for_trace(&[], 2) {
        assert_eq!(record["outcome"], "forwarded", "whoever lost it has the last word: {record}");
    }
}

/// Whoever lost a message tells nobody of it, and has nobody believe that it was told.
#[test]
fn a_sender_hears_of_a_failure_though_a_node_that_lost_the_message_met_it_first() {
    let Some(mut nodes) = Nodes::new() else { return };
    let notices = Receiver::smtp().start();
    for node in [&mut nodes.a, &mut nodes.b] {
        let lines = ["domain = \"spf.test\"".to_owned(), format!("to = \"{}\"", notices.name())];
        node.change_config(|config| config.push("route", &lines));
        node.serve();
    }
    let missing = || Action::reply("550 5.1.1 no such mailbox");
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    let gate = Gate::new();
    nodes.sink.on(Step::Rcpt, Action::hold(&gate).then(missing()));
    gate.wait_for_arrivals(1);
    nodes.a.signal("STOP");
    nodes.sink.accept_all().on(Step::Rcpt, Action::reply(BUSY));
    wait_until("the other has it", || (queue(&nodes.b)[0]["node"] == "b").then_some(()));
    nodes.a.signal("CONT");
    gate.open();
    nodes.a.wait_for_log("another node has the message by now");
    nodes.sink.accept_all().on(Step::Rcpt, missing());
    assert_eq!(notices.wait_for_message().to, [ALICE]);
    wait_until("an empty spool", || queue(&nodes.b).is_empty().then_some(()));
    assert_eq!(notices.count(), 1);
}

#[test]
fn what_a_node_leaves_when_it_ends_is_the_others_at_once() {
    let Some(mut nodes) = Nodes::serving() else { return };
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    assert!(nodes.a.terminate().success());
    wait_until("the other has it", || (queue(&nodes.b)[0]["node"] == "b").then_some(()));
    nodes.sink.accept_all();
    nodes.sink.wait_for_message();
}
