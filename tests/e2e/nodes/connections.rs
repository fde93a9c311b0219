//! How many connections to its database a node has.

use super::{Nodes, now, send};
use crate::support::client::Client;
use crate::support::cluster::{Cluster, connect};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until_for;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// What NODES.md says: of the store, who listens, and the journal's.
const MOST: i64 = 23;
/// And of one with little to do.
const QUIET: i64 = 8;
const SENDERS: usize = 40;
const MESSAGES: usize = 400;
/// Longer than connections are kept that nobody uses.
const QUIET_WITHIN: Duration = Duration::from_secs(100);

#[test]
fn a_node_has_so_many_connections_under_load_and_few_when_it_is_quiet() {
    let Some(cluster) = Cluster::alone() else { return };
    let url = now(cluster.database());
    let mut nodes = Nodes::in_database(url.clone());
    nodes.a.change_config(|config| {
        for limit in ["messages_per_client", "messages_per_alias", "messages_per_domain"] {
            config.set_text(&format!("limits.{limit}"), "1000000/1s");
        }
        config.set("limits.connections_per_client", SENDERS * 2);
    });
    nodes.a.serve();
    let open = || -> i64 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'onward'";
        now(async { connect(&url).await.query_one(sql, &[]).await.unwrap().get(0) })
    };
    nodes.sink.on(Step::Rcpt, Action::reply(super::BUSY));
    let is_over = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::SeqCst) {
                most = most.max(open());
            }
            most
        });
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::session(nodes.a.address());
                    client.set_deadline(Duration::from_secs(60));
                    for _ in 0..MESSAGES / SENDERS {
                        client
                            .transaction(super::ALICE, &[super::ALIAS], super::MESSAGE)
                            .expect("250");
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        nodes.sink.accept_all();
        nodes.sink.wait_for_count(MESSAGES, QUIET_WITHIN);
        is_over.store(true, Ordering::SeqCst);
        looks.join().unwrap()
    });
    send(&nodes.a).expect("250 2.0.0");
    let quiet = wait_until_for(QUIET_WITHIN, "few connections", || {
        let open = open();
        (open <= QUIET).then_some(open)
    });
    println!("{most} connections under load, {quiet} when quiet");
    assert!(most <= MOST, "{most} connections under load");
}
