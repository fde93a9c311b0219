//! A queue of so many: how long a node takes to claim some of it, and what it has in memory of it.

use crate::{
    chart::median,
    site::Site,
    support::cluster::{Cluster, connect},
};
use onward::{
    retry::{Left, Line},
    store::{
        Options, Store,
        postgres::{Database, Node},
        spool::{Claim, LineClaim, Which},
    },
    time::Millis,
};
use serde::Serialize;
use std::{
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// Messages that are claimed at once, as a node does, and how often.
const SOME: usize = 1_000;
const TIMES: usize = 20;
/// What a daemon does until its memory is looked at.
const SETTLES: Duration = Duration::from_secs(30);

/// Milliseconds, medians and the longest.
#[derive(Debug, Serialize)]
pub struct Claims {
    pub queue: usize,
    pub claim_ms: f64,
    pub longest_ms: f64,
    /// Where nothing is due.
    pub nothing_ms: f64,
    /// From a line that has all but what was claimed before.
    pub line_ms: f64,
    pub leave_ms: f64,
    pub plan: Vec<String>,
    /// Octets of a daemon that serves from it.
    pub memory: u64,
}

pub fn measure(runtime: &Runtime, cluster: &Cluster, most: usize) -> Vec<Claims> {
    let queues = [1_000, 100_000, 1_000_000].into_iter().filter(|queue| *queue <= most);
    queues.map(|queue| measure_queue(runtime, cluster, queue)).collect()
}

fn measure_queue(runtime: &Runtime, cluster: &Cluster, queue: usize) -> Claims {
    let url = runtime.block_on(cluster.database());
    let mut claims = runtime.block_on(claim(&url, queue));
    claims.memory = memory(&url);
    println!(
        "queue of {queue}: {SOME} claimed in {:.1} ms (longest {:.1}), nothing in {:.1}, {SOME} of a line in {:.1}, {SOME} left in {:.1}; a daemon has {:.0} MB",
        claims.claim_ms,
        claims.longest_ms,
        claims.nothing_ms,
        claims.line_ms,
        claims.leave_ms,
        claims.memory as f64 / 1e6
    );
    claims.plan.iter().for_each(|line| println!("    {line}"));
    claims
}

async fn claim(url: &str, queue: usize) -> Claims {
    drop(Store::connect(Database::parse(url).unwrap(), None, Options::default()).await.unwrap());
    let client = connect(url).await;
    client.batch_execute(&filled(queue)).await.unwrap();
    tidy(&client).await;
    let node = Node { hold: queue, ..Node::named("bench") };
    let store = Store::connect(Database::parse(url).unwrap(), Some(node), Options::default())
        .await
        .unwrap();
    let now = Millis::new(10_000_000);
    let due = || Claim { now, due: SOME, ..Claim::default() };
    let some = SOME.min(queue / 5);
    let (mut claimed, mut left, mut of_line) = (Vec::new(), Vec::new(), Vec::new());
    let line = Line::To("sink.test".into());
    for _ in 0..TIMES {
        let began = Instant::now();
        let taken = store.spool_claim(Claim { due: some, ..due() }).await.unwrap();
        claimed.push(milliseconds(began));
        if taken.open.is_empty() {
            break;
        }
        let leave = taken.open.iter().map(|open| Left {
            message: open.message,
            due: Millis::new(20_000_000),
            line: None,
        });
        let began = Instant::now();
        store.spool_leave(leave.collect()).await.unwrap();
        left.push(milliseconds(began));
    }
    let mut nothing = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        store.spool_claim(Claim { now: Millis::EPOCH, ..due() }).await.unwrap();
        nothing.push(milliseconds(began));
    }
    let plan = plan(&client).await;
    client.batch_execute("UPDATE spool SET line = 'to sink.test'").await.unwrap();
    tidy(&client).await;
    for _ in 0..TIMES {
        let lines = vec![LineClaim { line: line.clone(), most: some, which: Which::All }];
        let began = Instant::now();
        store.spool_claim(Claim { now, lines, ..Claim::default() }).await.unwrap();
        of_line.push(milliseconds(began));
    }
    store.close().await;
    let longest = claimed.iter().copied().fold(0.0, f64::max);
    Claims {
        queue,
        claim_ms: median(claimed.into_iter()).unwrap(),
        longest_ms: longest,
        nothing_ms: median(nothing.into_iter()).unwrap(),
        line_ms: median(of_line.into_iter()).unwrap(),
        leave_ms: median(left.into_iter()).unwrap(),
        plan,
        memory: 0,
    }
}

/// Messages of 1 KB that are due one after the other.
fn filled(queue: usize) -> String {
    format!(
        "INSERT INTO spool (id, arrived, helo, sender, eight_bit, smtputf8, has_delivered, has_failed, size, prefix, message, due)
         SELECT 'M' || n, (extract(epoch FROM now()) * 1000)::bigint, 'client.test', 'alice@sender.test', false, false, false, false, 1024, '',
             decode(repeat('78', 1024), 'hex'), n FROM generate_series(1, {queue}) n;
         INSERT INTO spool_legs (message, leg, recipient, mailbox, reverse_path, state, was_uncertain, attempts, next_attempt, code, status, text)
         SELECT seq, 0, 'u@fwd.test', 'u' || seq % 1000 || '@sink.test', 'srs0@fwd.test', 'queued', false, 1, due, 450, '4.2.0', 'busy' FROM spool"
    )
}

/// As the server does by itself, at a time of its own.
async fn tidy(client: &tokio_postgres::Client) {
    for table in ["spool", "spool_legs"] {
        client.batch_execute(&format!("VACUUM ANALYZE {table}")).await.unwrap();
    }
}

async fn plan(client: &tokio_postgres::Client) -> Vec<String> {
    let sql = format!(
        "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF)
         SELECT s.seq FROM spool s WHERE s.owner IS NULL AND s.line IS NULL AND s.due <= 10000000
         ORDER BY s.due, s.seq LIMIT {SOME} FOR UPDATE OF s SKIP LOCKED"
    );
    client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Of a daemon whose destination is away.
fn memory(url: &str) -> u64 {
    let site = Site::start(1, Some(url), "127.0.0.1:9".parse().unwrap());
    thread::sleep(SETTLES);
    site.nodes[0].memory()
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}
