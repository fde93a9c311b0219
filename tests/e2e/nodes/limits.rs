//! Limits of all nodes together.

use super::{ALIAS, Nodes, node, now, send};
use crate::submission::{log_in, password_of, submit};
use crate::support::certificates::Authority;
use crate::support::cluster::Cluster;
use crate::support::dns::Dns;
use crate::support::receiver::Receiver;
use crate::support::{poll, wait_until};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

#[test]
fn a_limit_is_divided_between_the_nodes_that_serve() {
    let Some(mut nodes) = Nodes::new() else { return };
    for node in [&mut nodes.a, &mut nodes.b] {
        node.change_config(|config| config.set_text("limits.messages_per_alias", "4/1h"));
        node.serve();
    }
    for node in [&nodes.a, &nodes.b] {
        node.wait_for_log("each node takes its part of the limits nodes=2");
        send(node).expect("250 2.0.0");
        send(node).expect("250 2.0.0");
        let mut third = node.session();
        third.command("MAIL FROM:<alice@spf.test>").expect_code(250);
        third.command("RCPT TO:<hello@example.org>").expect("450 4.2.1");
    }
    assert!(nodes.b.terminate().success());
    nodes.a.wait_for_log("each node takes its part of the limits nodes=1");
    send(&nodes.a).expect("250 2.0.0");
}

#[test]
fn an_aliass_own_limit_is_divided_too() {
    let Some(mut nodes) = Nodes::new() else { return };
    nodes.a.run(&["alias", "set", ALIAS, "--limit", "4/1h"]);
    nodes.a.serve();
    nodes.b.serve();
    for node in [&nodes.a, &nodes.b] {
        node.wait_for_log("each node takes its part of the limits nodes=2");
        send(node).expect("250 2.0.0");
        send(node).expect("250 2.0.0");
        let mut third = node.session();
        third.command("MAIL FROM:<alice@spf.test>").expect_code(250);
        third.command("RCPT TO:<hello@example.org>").expect("450 4.2.1");
    }
}

#[test]
fn what_an_account_sends_by_one_node_counts_at_the_others() {
    const ACCOUNT: &str = "me@example.org";
    let Some(cluster) = Cluster::get() else { return };
    let url = now(cluster.database());
    let (dns, sink, authority) = (Dns::start(), Receiver::smtp().start(), Authority::new());
    let listening = |name: &str| {
        node(&url, name, &sink, &dns)
            .toml(&authority.issue("mx.example.org", name).toml())
            .config("submission.messages_per_account = \"6/1h\"")
            .listen("submission", &["tls = \"implicit\""])
    };
    let ((a, at_a), (b, at_b)) = (listening("a"), listening("b"));
    let mut a = a
        .domain("example.org")
        .alias(ALIAS, &["bob@sink.test"])
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
        .run_first(&["account", "add", ACCOUNT, "--as", ALIAS])
        .build();
    let mut b = b.build();
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(a.state_dir().join("dkim")).arg(b.state_dir());
    assert!(copy.status().unwrap().success());
    let password = password_of(&a, ACCOUNT, "phone");
    a.serve();
    b.serve();
    let send = |at| {
        let mut client = log_in("127.0.0.1", at, ACCOUNT, &password).unwrap();
        submit(&mut client, ALIAS, "carol@sink.test", "")
    };
    let is_written = |messages: u64| {
        wait_until(format!("{messages} messages to be written down"), || {
            let shown = a.run(&["account", "show", ACCOUNT, "--json"]);
            let shown: Value = serde_json::from_str(&shown).unwrap();
            (shown["used"]["messages"] == messages).then_some(())
        });
    };
    for (at, messages) in [(at_a, 2), (at_b, 4), (at_a, 6)] {
        for _ in 0..2 {
            let reply = send(at);
            assert!(reply.starts_with("250"), "{reply}");
        }
        is_written(messages);
    }
    // What others wrote is looked at once a second.
    poll(Duration::from_secs(2), || None::<()>);
    for at in [at_b, at_a] {
        let reply = send(at);
        assert!(reply.starts_with("450 4.7.1 Too many messages"), "{reply}");
    }
    is_written(6);
}
