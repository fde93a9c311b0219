//! What several nodes cost that share a database of PostgreSQL, on one machine.
//!
//! `cargo bench --bench nodes -- [PART]… [NUMBER]…` measures the parts that are named, all of them without a name:
//!
//! - `through`: NUMBER messages that pass through, with SQLite and with PostgreSQL in turns, medians of rounds;
//! - `spool`: NUMBER messages that are spooled, as their destination is away, and then delivered, on 1, 2 and 4 nodes;
//! - `claims`: how long a node takes to claim from a queue of 1,000, 100,000 and 1,000,000, and what it holds of it;
//! - `bodies`: messages of 25 MB in pieces, as the store has them, beside large objects.
//!
//! It prints tables, writes `target/nodes/nodes.json` and draws `target/nodes/nodes.svg`. The processors are shared by load, nodes,
//! database and receiver: quote ratios, and what a message costs.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[allow(unused_imports)]
#[path = "../../tests/support/mod.rs"]
mod support;

mod bodies;
#[path = "../peers/chart.rs"]
mod chart;
mod claims;
#[allow(dead_code)]
#[path = "../peers/load.rs"]
mod load;
#[allow(dead_code)]
#[path = "../peers/receiver.rs"]
mod receiver;
mod report;
mod site;
mod spool;
mod through;
#[allow(dead_code)]
#[path = "../peers/usage.rs"]
mod usage;

use support::cluster::Cluster;
use tokio::runtime::Runtime;

fn main() {
    // What cargo itself adds begins with dashes.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (numbers, parts): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.parse::<usize>().is_ok());
    let number = |at: usize, absent| numbers.get(at).map_or(absent, |n| n.parse().unwrap());
    let is_wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);
    let runtime = Runtime::new().unwrap();
    let cluster = Cluster::alone().expect("PostgreSQL is installed");
    let mut report = report::Report::default();
    if is_wanted("through") {
        report.through = Some(through::measure(&runtime, &cluster, number(0, 2_000)));
    }
    if is_wanted("spool") {
        report.spool = spool::measure(&runtime, &cluster, number(0, 2_000));
    }
    if is_wanted("claims") {
        report.claims = claims::measure(&runtime, &cluster, number(0, 1_000_000));
    }
    if is_wanted("bodies") {
        report.bodies = bodies::measure(&runtime, &cluster);
    }
    report.write();
}
