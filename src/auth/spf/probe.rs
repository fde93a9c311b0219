//! A record asked about clients that nobody has: see [`super::reach`].

use super::{Query, Reach, Spf, dns::Dns, evaluate::Evaluation};
use std::net::IpAddr;

/// Documentation networks (RFC 5737, RFC 3849, RFC 9637) with an address in each half of them: who lists a
/// half of such a network means to pass it.
const NETWORKS_V4: [[&str; 2]; 3] = [
    ["192.0.2.85", "192.0.2.170"],
    ["198.51.100.85", "198.51.100.170"],
    ["203.0.113.85", "203.0.113.170"],
];
const NETWORKS_V6: [[&str; 2]; 2] =
    [["2001:db8:5555::5", "2001:db8:aaaa::a"], ["3fff:555::5", "3fff:aaa::a"]];

/// Asks network by network, until one is not passed.
pub(super) async fn reach<D: Dns>(dns: &D, query: &Query<'_>) -> Reach {
    let networks: &[[&str; 2]] =
        if query.ip.to_canonical().is_ipv4() { &NETWORKS_V4 } else { &NETWORKS_V6 };
    for network in networks {
        match of_network(dns, query, network).await {
            Reach::Everybody => {}
            other => return other,
        }
    }
    Reach::Everybody
}

/// A network is passed where one of its addresses is.
async fn of_network<D: Dns>(dns: &D, query: &Query<'_>, addresses: &[&str; 2]) -> Reach {
    let mut reach = Reach::Some;
    for ip in addresses.iter().filter_map(|ip| ip.parse::<IpAddr>().ok()) {
        match Evaluation::of_anybody(dns, &Query { ip, ..*query }).check().await {
            Spf::Pass => return Reach::Everybody,
            Spf::TempError => reach = Reach::Unknown,
            _ => {}
        }
    }
    reach
}
