//! Onward beside its peers, in one run on one machine and in turns: Postfix with PostSRSd and Exim, of Debian's packages.
//!
//! `cargo bench --bench peers -- [ROUNDS] [MESSAGES]` (as root) sends MESSAGES of 4 KB through each, ROUNDS times in each of
//! the cases, and waits until the last has arrived. It prints medians and ratios, writes `target/peers/peers.json` and draws
//! `target/peers/peers.svg`. Quote the ratios: the figures are of the machine, whose processors load, forwarder and receiver
//! share.
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

mod exim;
mod forwarder;
mod load;
mod receiver;
mod report;
mod usage;

use forwarder::{ALL, Forwarder, Kind};
use load::Shape;
use receiver::Receiver;
use report::{Case, Measured, Report};
use std::time::Instant;

const OCTETS: usize = 4096;

/// How the load is sent; one at a time tells the time that a message takes, the others how many get through.
const CASES: [(&str, Shape); 4] = [
    ("one at a time", Shape { sessions: 1, per_connection: 1, octets: OCTETS }),
    ("20 sessions", Shape { sessions: 20, per_connection: 1, octets: OCTETS }),
    ("100 sessions", Shape { sessions: 100, per_connection: 1, octets: OCTETS }),
    ("20 sessions, 100 a connection", Shape { sessions: 20, per_connection: 100, octets: OCTETS }),
];

fn main() {
    // What cargo itself adds begins with dashes.
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .map(|argument| argument.parse().expect("ROUNDS and MESSAGES are numbers"))
        .collect();
    let rounds = numbers.first().copied().unwrap_or(4);
    let messages = numbers.get(1).copied().unwrap_or(2000);
    let sink = Receiver::start();
    let forwarders = start_all(&sink);
    let mut report = Report::new(rounds, messages, OCTETS);
    for (name, shape) in CASES {
        let mut case = Case::new(name);
        for round in 0..=rounds {
            for forwarder in &forwarders {
                // The first round only warms up.
                let count = if round == 0 { messages.div_ceil(10) } else { messages };
                let count = if shape.sessions == 1 { count.div_ceil(4) } else { count };
                let measured = measure(forwarder, &sink, shape, count);
                if round > 0 {
                    case.add(forwarder.kind(), measured);
                }
            }
        }
        println!("{}", case.table());
        report.add(case);
    }
    for forwarder in &forwarders {
        report.set_memory(forwarder.kind(), forwarder.memory());
    }
    println!("{}", report.summary());
    report.write();
}

fn start_all(sink: &Receiver) -> Vec<Forwarder> {
    let start = |kind: Kind| match Forwarder::start(kind, sink.address()) {
        Ok(forwarder) => Some(forwarder),
        Err(why) => {
            println!("left out: {} {why}", kind.name());
            None
        }
    };
    ALL.into_iter().filter_map(start).collect()
}

/// Until the last message has arrived, which may be behind the reply to it.
fn measure(forwarder: &Forwarder, sink: &Receiver, shape: Shape, count: usize) -> Measured {
    sink.clear();
    let (cpu, began) = (forwarder.cpu(), Instant::now());
    let (taken, arrivals) = if shape.sessions == 1 {
        one_at_a_time(forwarder, sink, shape, count)
    } else {
        let waits = load::send(forwarder.address(), forwarder.recipient(), shape, count);
        (waits, sink.wait_for(count))
    };
    let last = arrivals.iter().max().copied().unwrap_or(began);
    Measured {
        messages: count,
        time: last - began,
        cpu: forwarder.cpu().saturating_sub(cpu),
        waits: taken,
    }
}

/// The next is sent when the one before has arrived; each takes from its connection to its arrival.
fn one_at_a_time(
    forwarder: &Forwarder,
    sink: &Receiver,
    shape: Shape,
    count: usize,
) -> (Vec<std::time::Duration>, Vec<Instant>) {
    let mut waits = Vec::with_capacity(count);
    let mut arrivals = Vec::new();
    for number in 1..=count {
        let began = Instant::now();
        load::send(forwarder.address(), forwarder.recipient(), shape, 1);
        arrivals = sink.wait_for(number);
        waits.push(arrivals[number - 1].saturating_duration_since(began));
    }
    (waits, arrivals)
}
