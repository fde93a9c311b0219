//! Mail that passes through, with each store in turns.

use crate::{
    chart::median,
    load::{self, Shape},
    receiver::Receiver,
    site::{ALIAS, Site},
    support::cluster::Cluster,
};
use serde::Serialize;
use std::time::Instant;
use tokio::runtime::Runtime;

const ROUNDS: usize = 9;
const SHAPE: Shape = Shape { sessions: 20, per_connection: 100, octets: 4096 };

/// Medians, and of the ratio of each turn.
#[derive(Debug, Serialize)]
pub struct Through {
    pub sqlite_per_second: f64,
    pub postgres_per_second: f64,
    pub ratio: f64,
    pub sqlite_cpu_ms: f64,
    pub postgres_cpu_ms: f64,
}

pub fn measure(runtime: &Runtime, cluster: &Cluster, messages: usize) -> Through {
    let url = runtime.block_on(cluster.database());
    let sink = Receiver::start();
    let sites = [Site::start(1, None, sink.address()), Site::start(1, Some(&url), sink.address())];
    let mut rounds: [Vec<[f64; 2]>; 2] = Default::default();
    for round in 0..=ROUNDS {
        // Who is first has the caches of whoever was before.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for which in order {
            let measured = round_of(&sites[which], &sink, messages);
            // The first round only warms up.
            if round > 0 {
                rounds[which].push(measured);
            }
        }
    }
    let of =
        |which: usize, what: usize| median(rounds[which].iter().map(|round| round[what])).unwrap();
    let ratios = rounds[0].iter().zip(&rounds[1]).map(|(sqlite, postgres)| postgres[0] / sqlite[0]);
    let through = Through {
        sqlite_per_second: of(0, 0),
        postgres_per_second: of(1, 0),
        ratio: median(ratios).unwrap(),
        sqlite_cpu_ms: of(0, 1),
        postgres_cpu_ms: of(1, 1),
    };
    println!(
        "through, {messages} messages a round, medians of {ROUNDS}: SQLite {:.0}/s, {:.3} ms CPU; PostgreSQL {:.0}/s, {:.3} ms CPU; ratio {:.3}",
        through.sqlite_per_second,
        through.sqlite_cpu_ms,
        through.postgres_per_second,
        through.postgres_cpu_ms,
        through.ratio
    );
    through
}

/// Messages a second, and milliseconds of a processor for each.
fn round_of(site: &Site, sink: &Receiver, messages: usize) -> [f64; 2] {
    sink.clear();
    let (cpu, began) = (site.cpu(), Instant::now());
    load::send(site.nodes[0].address(), ALIAS, SHAPE, messages);
    let last = sink.wait_for(messages).into_iter().max().unwrap();
    let cpu = site.cpu().saturating_sub(cpu).as_secs_f64() * 1000.0;
    [messages as f64 / (last - began).as_secs_f64(), cpu / messages as f64]
}
