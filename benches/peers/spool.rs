//! Mail that waits, as its destination takes none, and is delivered when that takes it again: how much is taken meanwhile, and how
//! fast it arrives then. Each forwarder keeps it on the same disk, and on it before it answers.

use super::{
    forwarder::Forwarder,
    kind::Kind,
    load::{self, Shape},
    receiver::{Receiver, Refusal},
    report::{Case, Measured, Report},
};
use crate::support::port::free_address;
use std::time::Instant;

/// Onward keeps only what is vouched for, so it has its checks.
const KINDS: [Kind; 2] = [Kind::Checked, Kind::Postfix];
const SHAPE: Shape = Shape { sessions: 20, per_connection: 1, octets: 4096 };
/// What fills the queue is not measured.
const FILLING: Shape = Shape { sessions: 20, per_connection: 100, octets: 4096 };

pub fn measure(report: &mut Report, rounds: usize, messages: usize, queued: usize) {
    // A port that nobody is given while nobody listens there.
    let mut sink = Receiver::start_at(free_address());
    let forwarders = Forwarder::start_all(&KINDS, sink.address());
    let mut ways = vec![
        ("destination away".to_owned(), Refusal::Closed, 0, rounds),
        ("destination says 451".to_owned(), Refusal::PutOff, 0, rounds),
    ];
    if queued > 0 {
        // Once, as it takes long enough to be as good as many.
        let name = format!("destination away, behind {queued}");
        ways.push((name, Refusal::Closed, queued, 1));
    }
    for (name, refusal, queued, rounds) in ways {
        let mut taken = Case::new(format!("spooled, {name}"));
        let mut drained = Case::new(format!("drained, {name}"));
        for round in 0..=rounds {
            for forwarder in &forwarders {
                // The first round only warms up.
                let (count, before) =
                    if round == 0 { (messages.div_ceil(10), 0) } else { (messages, queued) };
                let [accept, drain] = round_of(forwarder, &mut sink, refusal, count, before);
                if round > 0 {
                    taken.add(forwarder.kind(), accept);
                    drained.add(forwarder.kind(), drain);
                }
            }
        }
        report.add(taken);
        report.add(drained);
    }
}

/// The same of Onward alone, behind fewer and behind more, as others take long to queue many: what it comes to depends on how much waits,
/// or does not.
pub fn measure_alone(report: &mut Report, messages: usize, queued: usize) {
    let mut sink = Receiver::start_at(free_address());
    let forwarders = Forwarder::start_all(&[Kind::Checked], sink.address());
    for forwarder in &forwarders {
        round_of(forwarder, &mut sink, Refusal::Closed, messages.div_ceil(10), 0);
        for before in [0, queued / 10, queued] {
            let mut taken = Case::new(format!("spooled behind {before}"));
            let mut drained = Case::new(format!("drained, {before} and {messages}"));
            let [accept, drain] = round_of(forwarder, &mut sink, Refusal::Closed, messages, before);
            taken.add(forwarder.kind(), accept);
            drained.add(forwarder.kind(), drain);
            report.add(taken);
            report.add(drained);
        }
    }
}

fn round_of(
    forwarder: &Forwarder,
    sink: &mut Receiver,
    refusal: Refusal,
    count: usize,
    queued: usize,
) -> [Measured; 2] {
    sink.clear();
    sink.refuse(refusal);
    if queued > 0 {
        load::send(forwarder.address(), forwarder.recipient(), FILLING, queued);
    }
    let (cpu, began) = (forwarder.cpu(), Instant::now());
    let waits = load::send(forwarder.address(), forwarder.recipient(), SHAPE, count);
    let taken = Measured {
        messages: count,
        time: began.elapsed(),
        cpu: forwarder.cpu().saturating_sub(cpu),
        waits,
    };
    forwarder.settle();
    let (cpu, began) = (forwarder.cpu(), Instant::now());
    sink.take();
    forwarder.retry();
    let arrivals = sink.wait_for(queued + count);
    let last = arrivals.iter().max().copied().unwrap_or(began);
    let drained = Measured {
        messages: queued + count,
        time: last - began,
        cpu: forwarder.cpu().saturating_sub(cpu),
        waits: Vec::new(),
    };
    [taken, drained]
}
