//! The database is away, or slow.

use super::{ALIAS, ALICE, BUSY, Nodes, node, now, way::Way};
use crate::support::client::Reply;
use crate::support::cluster::Cluster;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;
use std::time::{Duration, Instant};

/// An alias that nobody has asked for before.
const OTHER: &str = "other@example.org";

fn send(node: &Onward, to: &str, subject: &str) -> Reply {
    let message = format!("From: <{ALICE}>\r\nSubject: {subject}\r\n\r\n.hello\r\n");
    node.session().transaction(ALICE, &[to], message.as_bytes())
}

fn rcpt(node: &Onward, to: &str) -> Reply {
    let mut session = node.session();
    session.mail(ALICE).expect("250");
    session.rcpt(to)
}

/// Mail goes through by the directory as it was, also behind a restart; what would be kept is put off; and all joins in when the
/// database is back.
#[test]
fn without_its_database_a_node_forwards_and_spools_nothing() {
    let Some(cluster) = Cluster::alone() else { return };
    let Nodes { mut a, sink, dns: _dns, .. } = Nodes::in_database(now(cluster.database()));
    a.run(&["alias", "add", OTHER, "carol@sink.test"]);
    a.serve();
    send(&a, ALIAS, "before").expect("250 2.0.0");
    cluster.break_down();
    a.wait_for_log("cannot use the database");
    send(&a, ALIAS, "known").expect("250 2.0.0");
    send(&a, OTHER, "not asked for before").expect("250 2.0.0");
    assert_eq!(a.cli(&["status"]).code, Some(1));

    a.kill_9();
    a.serve();
    a.wait_for_log("as it was known last");
    send(&a, OTHER, "behind a restart").expect("250 2.0.0");
    rcpt(&a, "nobody@example.org").expect("550 5.1.1");
    sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&a, ALIAS, "put off").expect("451 4.3.0");

    cluster.start_again();
    let mut n = 0;
    wait_until("what waits is kept again", || {
        n += 1;
        (send(&a, ALIAS, &format!("kept {n}")).code == 250).then_some(())
    });
    sink.accept_all();
    sink.wait_for_messages(5);
    a.wait_for_trace(&["--to", OTHER], 1);
    a.run(&["alias", "disable", OTHER]);
    wait_until("a change is in force", || (rcpt(&a, OTHER).code == 550).then_some(()));
}

/// Nobody who sends waits for it.
#[test]
fn a_slow_database_holds_up_nothing_that_goes_through() {
    let Some(nodes) = Nodes::new() else { return };
    nodes.a.run(&["alias", "add", OTHER, "carol@sink.test"]);
    let way = Way::to(&nodes.url);
    let mut slow = node(&way.url(), "slow", &nodes.sink, &nodes.dns).build();
    slow.serve();
    way.set_late(Duration::from_secs(20));
    let began = Instant::now();
    send(&slow, OTHER, "in time").expect("250 2.0.0");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    way.set_late(Duration::ZERO);
}
