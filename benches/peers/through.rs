//! Mail that passes through, as its destination takes all.

use super::{
    forwarder::Forwarder,
    kind::ALL,
    load::{self, Shape},
    receiver::Receiver,
    report::{Case, Measured, Report},
};
use std::time::{Duration, Instant};

const OCTETS: usize = 4096;

/// How the load is sent; one at a time tells the time that a message takes, the others how many get through.
const CASES: [(&str, Shape); 4] = [
    ("one at a time", Shape { sessions: 1, per_connection: 1, octets: OCTETS }),
    ("20 sessions", Shape { sessions: 20, per_connection: 1, octets: OCTETS }),
    ("100 sessions", Shape { sessions: 100, per_connection: 1, octets: OCTETS }),
    ("20 sessions, 100 a connection", Shape { sessions: 20, per_connection: 100, octets: OCTETS }),
];

pub fn measure(report: &mut Report, rounds: usize, messages: usize) {
    let sink = Receiver::start();
    let forwarders = Forwarder::start_all(&ALL, sink.address());
    for (name, shape) in CASES {
        let mut case = Case::new(name);
        for round in 0..=rounds {
            for forwarder in &forwarders {
                // The first round only warms up.
                let count = if round == 0 { messages.div_ceil(10) } else { messages };
                let count = if shape.sessions == 1 { count.div_ceil(4) } else { count };
                let measured = round_of(forwarder, &sink, shape, count);
                if round > 0 {
                    case.add(forwarder.kind(), measured);
                }
            }
        }
        report.add(case);
    }
    for forwarder in &forwarders {
        report.set_memory(forwarder.kind(), forwarder.memory());
    }
}

/// Until the last message has arrived, which may be behind the reply to it.
fn round_of(forwarder: &Forwarder, sink: &Receiver, shape: Shape, count: usize) -> Measured {
    sink.clear();
    let (cpu, began) = (forwarder.cpu(), Instant::now());
    let (waits, arrivals) = if shape.sessions == 1 {
        one_at_a_time(sink, count, |_number| {
            load::send(forwarder.address(), forwarder.recipient(), shape, 1);
        })
    } else {
        let waits = load::send(forwarder.address(), forwarder.recipient(), shape, count);
        (waits, sink.wait_for(count))
    };
    let last = arrivals.iter().max().copied().unwrap_or(began);
    Measured {
        messages: count,
        time: last - began,
        cpu: forwarder.cpu().saturating_sub(cpu),
        waits,
    }
}

/// The next is sent when the one before has arrived; each takes from its connection to its arrival.
pub fn one_at_a_time(
    sink: &Receiver,
    count: usize,
    send: impl Fn(usize),
) -> (Vec<Duration>, Vec<Instant>) {
    let mut waits = Vec::with_capacity(count);
    let mut arrivals = Vec::new();
    for number in 1..=count {
        let began = Instant::now();
        send(number);
        arrivals = sink.wait_for(number);
        waits.push(arrivals[number - 1].saturating_duration_since(began));
    }
    (waits, arrivals)
}
