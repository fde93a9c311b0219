//! Mail that is spooled, as its destination is away, and delivered when that is back.

use crate::{
    load::{self, Shape},
    receiver::Receiver,
    site::{ALIAS, Site, Used},
    support::cluster::Cluster,
};
use serde::Serialize;
use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// Until statistics of the server are written down.
const WRITTEN: Duration = Duration::from_secs(2);

/// What a phase came to.
#[derive(Debug, Serialize)]
pub struct Spooled {
    pub nodes: usize,
    pub phase: &'static str,
    pub per_second: f64,
    pub node_cpu_ms: f64,
    pub database_cpu_ms: f64,
    pub commits: f64,
    pub syncs: f64,
}

pub fn measure(runtime: &Runtime, cluster: &Cluster, messages: usize) -> Vec<Spooled> {
    let mut all = Vec::new();
    println!(
        "spool, {messages} messages\n{:<6} {:<8} {:>11} {:>12} {:>12} {:>10} {:>10}",
        "nodes", "phase", "messages/s", "CPU ms node", "CPU ms db", "commits", "syncs"
    );
    for count in [1, 2, 4] {
        for spooled in measure_nodes(runtime, cluster, count, messages) {
            println!(
                "{:<6} {:<8} {:>11.0} {:>12.3} {:>12.3} {:>10.2} {:>10.2}",
                spooled.nodes,
                spooled.phase,
                spooled.per_second,
                spooled.node_cpu_ms,
                spooled.database_cpu_ms,
                spooled.commits,
                spooled.syncs
            );
            all.push(spooled);
        }
    }
    all
}

fn measure_nodes(
    runtime: &Runtime,
    cluster: &Cluster,
    count: usize,
    messages: usize,
) -> [Spooled; 2] {
    let url = runtime.block_on(cluster.database());
    // Nobody listens there until the mail is to be taken.
    let sink = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = Site::start(count, Some(&url), sink);
    let used = || {
        thread::sleep(WRITTEN);
        site.used(runtime, cluster, &url)
    };
    let shape = Shape { sessions: 40 / count, per_connection: 100, octets: 4096 };
    let send = |messages: usize| {
        thread::scope(|scope| {
            for node in &site.nodes {
                scope.spawn(|| load::send(node.address(), ALIAS, shape, messages / count));
            }
        });
    };
    // Connections and statements are made by the first.
    send(messages / 10);
    let before = used();
    let began = Instant::now();
    send(messages);
    let taken = began.elapsed();
    let between = used();
    let waiting = messages / count * count + messages / 10 / count * count;
    let receiver = Receiver::start_at(sink);
    let arrivals = receiver.wait_for(waiting);
    let first = *arrivals.iter().min().unwrap();
    let drained = *arrivals.iter().max().unwrap() - first;
    let behind = used();
    [
        phase(count, "accept", messages, taken, before, between),
        phase(count, "drain", waiting, drained, between, behind),
    ]
}

fn phase(
    nodes: usize,
    phase: &'static str,
    messages: usize,
    time: Duration,
    before: Used,
    behind: Used,
) -> Spooled {
    let each = |all: f64| all / messages as f64;
    let cpu = |before: Duration, behind: Duration| {
        each(behind.saturating_sub(before).as_secs_f64() * 1000.0)
    };
    Spooled {
        nodes,
        phase,
        per_second: messages as f64 / time.as_secs_f64(),
        node_cpu_ms: cpu(before.nodes, behind.nodes),
        database_cpu_ms: cpu(before.database, behind.database),
        commits: each((behind.commits - before.commits) as f64),
        syncs: each((behind.syncs - before.syncs) as f64),
    }
}
