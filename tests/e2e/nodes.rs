//! Several daemons that share a database of PostgreSQL.

mod acme;
mod away;
mod changes;
mod connections;
mod crash;
mod hangs;
mod limits;
mod migrate;
mod names;
mod queue;
mod sealed;
mod secrets;
mod spool;
mod standby;
mod through;
mod way;

use crate::support::client::Reply;
use crate::support::cluster::{Cluster, connect};
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A sender whose SPF lets us, on loopback, write in its name.
const ALICE: &str = "alice@spf.test";
const ALIAS: &str = "hello@example.org";
const MESSAGE: &[u8] = b"From: <alice@spf.test>\r\nSubject: greetings\r\n\r\n.hello\r\n";
const BUSY: &str = "450 4.2.1 busy now";

/// Two nodes, of which neither runs yet. `example.org` is hosted, and `hello@example.org` leads to `bob@sink.test`.
struct Nodes {
    a: Onward,
    b: Onward,
    sink: Receiver,
    url: String,
    dns: Dns,
}

/// As a future gives it.
fn now<T>(future: impl Future<Output = T>) -> T {
    Runtime::new().unwrap().block_on(future)
}

/// Does something behind the nodes' backs.
fn raw(url: &str, sql: &str) {
    now(async { connect(url).await.batch_execute(sql).await.unwrap() });
}

/// A node of that name, which reaches the database by `url`.
fn node(url: &str, name: &str, sink: &Receiver, dns: &Dns) -> Builder {
    Onward::builder()
        .hostname(&format!("{name}.example.org"))
        .config(&format!("store.postgres = \"{url}\""))
        .config(&format!("store.node = \"{name}\""))
        .config("store.lease = \"3s\"")
        .config("delivery.budget = \"2s\"")
        .config("spool.retry = [\"200ms\"]")
        .config("limits.unknown_recipients_per_client = \"1000000/1s\"")
        .config("limits.errors = 10000")
        .config("limits.dns_questions_per_client = \"1000000/1s\"")
        .route("sink.test", sink.name())
        .dns(dns)
}

impl Nodes {
    /// `None` where PostgreSQL is not installed.
    fn new() -> Option<Self> {
        let cluster = Cluster::get()?;
        Some(Self::in_database(now(cluster.database())))
    }

    fn in_database(url: String) -> Self {
        let (dns, sink) = (Dns::start(), Receiver::smtp().start());
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
        let a = node(&url, "a", &sink, &dns).domain("example.org").alias(ALIAS, &["bob@sink.test"]);
        let b = node(&url, "b", &sink, &dns).build();
        Self { a: a.build(), b, sink, url, dns }
    }

    fn serving() -> Option<Self> {
        let mut nodes = Self::new()?;
        nodes.a.serve();
        nodes.b.serve();
        Some(nodes)
    }
}

#[track_caller]
fn send(node: &Onward) -> Reply {
    node.session().transaction(ALICE, &[ALIAS], MESSAGE)
}

/// What `onward queue list --json` says.
fn queue(node: &Onward) -> Vec<Value> {
    let lines = node.run(&["queue", "list", "--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn status(node: &Onward) -> Value {
    serde_json::from_str(&node.cli(&["status", "--json"]).stdout).unwrap()
}
