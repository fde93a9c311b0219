//! TLS with destinations: what is demanded, by whom, and what an attacker in between can do about it.

mod authority;
mod dane;
mod levels;
mod named;
mod server;
mod sts;
mod web;

use crate::{AMPLE, config, deliver, dns, dns::Zone, shown, simple_mail};
use authority::Authority;
use onward::{
    address::Domain,
    next_hop::NextHop,
    outbound::{Attempt, Outbound, OutboundConfig, OutboundLimits},
    tls::Connector,
    tls_rpt::{Counts, ResultType},
};
use std::{collections::BTreeMap, net::SocketAddr};

/// `sink.test`, whose only MX host is mx.sink.test on 127.0.0.1.
fn sink() -> Zone {
    Zone::default()
        .mx("sink.test", 10, "mx.sink.test")
        .a("mx.sink.test", "127.0.0.1")
        .a("mta-sts.sink.test", "127.0.0.1")
}

/// An outbound that trusts `authority` and finds its hosts on `port`.
fn trusting(authority: &Authority, dns: SocketAddr, port: u16) -> OutboundConfig {
    let connector = Connector::new(Some(&authority.file())).unwrap();
    OutboundConfig { connector, ..config(OutboundLimits::default(), &[dns], port) }
}

async fn send(outbound: &Outbound, domain: &str) -> Attempt {
    let hop = NextHop::of(&Domain::parse(domain).unwrap());
    deliver(outbound, &hop, &simple_mail(), AMPLE).await.remove(0)
}

/// How it went: the verdict and reply, and how it was encrypted where it was.
async fn sent(outbound: &Outbound, domain: &str) -> (String, String) {
    let attempt = send(outbound, domain).await;
    (shown(&attempt), attempt.tls)
}

/// `policy result: count`, sorted.
fn counted(counts: &Counts) -> Vec<String> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for (outcome, count) in counts {
        let result = outcome.result.map_or("success", ResultType::as_str);
        *sums.entry(format!("{} {result}", outcome.policy.as_str())).or_default() += count;
    }
    sums.into_iter().map(|(what, count)| format!("{what}: {count}")).collect()
}
