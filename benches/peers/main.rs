//! Onward beside its peers, in one run on one machine and in turns: Postfix with PostSRSd and Exim, of Debian's packages.
//!
//! `cargo bench --bench peers -- [PART]… [ROUNDS] [MESSAGES] [queued=N] [seconds=N]` (as root) measures the parts that are named,
//! all of them without a name:
//!
//! - `through`: MESSAGES of 4 KB through each, ROUNDS times in each of the cases, until the last has arrived;
//! - `spool`: MESSAGES that their destination does not take, and then does; also behind a queue of N (5,000);
//! - `queue`: the same with Onward alone, behind no queue, N / 10 and N messages;
//! - `maps`: look-ups of Postfix's tables;
//! - `sizes`: messages of 1 KB to 25 MB for N seconds (300), and the memory that they take;
//! - `new-domain`: how long a message takes whose sender DNS has to be asked about;
//! - `idle`: what connections cost that say nothing.
//!
//! It prints medians and ratios, writes `target/peers/peers.json` and draws `target/peers/peers.svg`. Quote the ratios: the
//! figures are of the machine, whose processors load, forwarder and receiver share.
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

// Its DNS server, and how peers are started.
#[allow(unused_imports)]
#[path = "../../tests/support/mod.rs"]
mod support;

mod chart;
mod daemon;
mod exim;
mod forwarder;
mod idle;
mod kind;
mod load;
mod maps;
mod new_domain;
mod receiver;
mod report;
mod sizes;
mod spool;
mod through;
mod usage;

use report::Report;

const PARTS: [&str; 7] = ["through", "spool", "queue", "maps", "sizes", "new-domain", "idle"];

/// What is asked for.
struct Wanted {
    parts: Vec<String>,
    rounds: usize,
    messages: usize,
    queued: usize,
    seconds: u64,
}

fn main() {
    let wanted = Wanted::of(std::env::args().skip(1));
    let Wanted { rounds, messages, .. } = wanted;
    let mut report = Report::new(rounds, messages);
    if wanted.has("through") {
        through::measure(&mut report, rounds, messages);
    }
    if wanted.has("spool") {
        spool::measure(&mut report, rounds, messages, wanted.queued);
    }
    if wanted.has("queue") {
        spool::measure_alone(&mut report, messages, wanted.queued);
    }
    if wanted.has("maps") {
        maps::measure(&mut report, rounds);
    }
    if wanted.has("sizes") {
        sizes::measure(&mut report, wanted.seconds);
    }
    if wanted.has("new-domain") {
        new_domain::measure(&mut report, messages.div_ceil(4));
    }
    if wanted.has("idle") {
        idle::measure(&mut report);
    }
    println!("{}", report.summary());
    report.write();
}

impl Wanted {
    fn of(arguments: impl Iterator<Item = String>) -> Self {
        let mut wanted =
            Self { parts: Vec::new(), rounds: 4, messages: 2000, queued: 5000, seconds: 300 };
        let mut numbers = Vec::new();
        // What cargo itself adds begins with dashes.
        for argument in arguments.filter(|argument| !argument.starts_with('-')) {
            match (argument.split_once('='), argument.parse()) {
                (Some(("queued", number)), _) => wanted.queued = number.parse().unwrap(),
                (Some(("seconds", number)), _) => wanted.seconds = number.parse().unwrap(),
                (None, Ok(number)) => numbers.push(number),
                _ if PARTS.contains(&argument.as_str()) => wanted.parts.push(argument),
                _ => panic!("{argument} is none of {PARTS:?}, no number, queued=N or seconds=N"),
            }
        }
        wanted.rounds = numbers.first().copied().unwrap_or(wanted.rounds);
        wanted.messages = numbers.get(1).copied().unwrap_or(wanted.messages);
        wanted
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}
