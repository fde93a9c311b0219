//! A queue that is longer than what nodes have in hand.

use super::{ALICE, BUSY, Nodes, node, now, queue, send};
use crate::support::client::Reply;
use crate::support::cluster::Cluster;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::{wait_until, wait_until_for};
use std::collections::BTreeSet;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(90);

/// Nodes that have 100 messages in hand at most, and a second destination that is busy.
fn nodes() -> Option<(Nodes, Receiver)> {
    let url = now(Cluster::get()?.database());
    let (dns, sink, away) = (Dns::start(), Receiver::smtp().start(), Receiver::smtp().start());
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    away.on(Step::Rcpt, Action::reply(BUSY));
    let small = |name: &str| {
        node(&url, name, &sink, &dns)
            .config("store.hold = 100")
            .config("limits.recipients = 1000")
            .route("away.test", away.name())
    };
    let a = small("a").domain("example.org").alias(super::ALIAS, &["bob@sink.test"]);
    let mut nodes = Nodes {
        a: a.alias("away@example.org", &["bob@away.test"]).build(),
        b: small("b").build(),
        sink,
        url,
        dns,
    };
    nodes.a.serve();
    nodes.b.serve();
    Some((nodes, away))
}

#[track_caller]
fn send_away(node: &Onward, count: usize) {
    let mut session = node.session();
    for n in 0..count {
        let message =
            format!("From: <alice@spf.test>\r\nSubject: {n}\r\n\r\nhello\r\n").into_bytes();
        let reply: Reply = session.transaction(ALICE, &["away@example.org"], &message);
        reply.expect("250 2.0.0");
    }
}

/// By how many of each node, and nobody's.
fn in_hand(node: &Onward) -> [usize; 3] {
    let waiting = queue(node);
    [Some("a"), Some("b"), None]
        .map(|name| waiting.iter().filter(|message| message["node"].as_str() == name).count())
}

#[test]
fn a_long_queue_is_shared_and_keeps_nobody_waiting_who_is_not_in_it() {
    let Some((mut nodes, away)) = nodes() else { return };
    send_away(&nodes.a, 260);
    let all = |has: &[usize; 3]| has.iter().sum::<usize>() == 260;
    wait_until_for(WITHIN, "nobody has more than may be in hand", || {
        let has = in_hand(&nodes.b);
        (all(&has) && has[0] <= 100 && has[1] <= 100 && has[2] > 0).then_some(())
    });
    // Somebody else's is taken, put off and delivered meanwhile.
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    nodes.sink.accept_all();
    nodes.sink.wait_for_message();

    // Whoever has to give up what he has, the others go on with it.
    nodes.a.kill_9();
    away.accept_all();
    wait_until_for(WITHIN, "an empty spool", || queue(&nodes.b).is_empty().then_some(()));
    let subjects: Vec<String> =
        away.messages().iter().map(|message| message.header("Subject").unwrap()).collect();
    let each: BTreeSet<&String> = subjects.iter().collect();
    assert_eq!(each.len(), 260, "all of them");
    assert!(subjects.len() <= 260 + 5, "no more twice than were under way: {}", subjects.len());
}

#[test]
fn what_nobody_has_in_hand_is_seen_tried_and_dropped_by_the_operator() {
    let Some((mut nodes, away)) = nodes() else { return };
    send_away(&nodes.a, 200);
    assert!(nodes.a.terminate().success());
    let waiting = wait_until_for(WITHIN, "what is left to nobody", || {
        let has = in_hand(&nodes.b);
        (has[0] == 0 && has[1] <= 100 && has[2] > 0).then(|| queue(&nodes.b))
    });
    let of_nobody: Vec<&str> = waiting
        .iter()
        .filter(|message| message["node"].is_null())
        .map(|message| message["id"].as_str().unwrap())
        .collect();
    let [retried, dropped] = [of_nobody[0], of_nobody[1]];
    nodes.b.run(&["queue", "drop", dropped]);
    wait_until("it is struck out, and the journal has it", || {
        let told = nodes.b.run(&["trace", "--id", dropped, "--json"]);
        told.contains("\"outcome\":\"dropped\"").then_some(())
    });
    away.on(Step::Rcpt, Action::reply("550 5.1.1 no"));
    nodes.b.run(&["queue", "retry", retried]);
    wait_until_for(WITHIN, "it is tried before the others, and failed", || {
        let told = nodes.b.run(&["trace", "--id", retried, "--json"]);
        told.contains("\"outcome\":\"failed\"").then_some(())
    });
}
