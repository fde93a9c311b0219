//! Whether the domains in whose name mail leaves let it leave here.

use super::facts::{Facts, SpfOf};
use crate::{
    admin::doctor::{
        finding::{Finding, error},
        record::{DomainRecord, Judged, Purpose, RecordState, quoted},
    },
    auth::spf::{Spf, is_valid_record},
    config::Config,
};
use std::net::IpAddr;

pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    facts.spf.iter().filter_map(|spf| judge(config, facts, spf).finding).collect()
}

pub(super) fn judge(config: &Config, facts: &Facts, spf: &SpfOf) -> Judged {
    let SpfOf { domain, records, results } = spf;
    let fault = fault(config, facts, spf);
    let is_unanswered = facts.is_unanswered(domain.as_str())
        || results.iter().any(|(_, result)| *result == Spf::TempError);
    let state = match (&fault, records.as_slice()) {
        (Some(_), []) => RecordState::Missing,
        (Some(_), _) => RecordState::Wrong,
        (None, _) if is_unanswered => RecordState::Unanswered,
        (None, _) => RecordState::Right,
    };
    let (wanted, finding) = match fault {
        Some((record, finding)) => (Some(quoted(&record)), Some(finding)),
        None => (records.first().map(|record| quoted(record)), None),
    };
    let record = DomainRecord {
        purpose: Purpose::Spf,
        name: domain.to_string(),
        kind: "TXT",
        wanted,
        found: records.clone(),
        state,
    };
    Judged { record, finding }
}

/// What the record should be, and why.
fn fault(config: &Config, facts: &Facts, spf: &SpfOf) -> Option<(String, Finding)> {
    let SpfOf { domain, records, results } = spf;
    let failed: Vec<_> = results
        .iter()
        .filter(|(_, result)| !matches!(result, Spf::Pass | Spf::TempError))
        .collect();
    let what = match (records.as_slice(), failed.first()) {
        ([], _) if facts.is_unanswered(domain.as_str()) => return None,
        ([], _) => format!("{domain} has no SPF record"),
        ([one], Some((_, Spf::PermError))) if !is_valid_record(one.as_bytes()) => {
            format!("the SPF record of {domain} is malformed")
        }
        ([_], Some((_, Spf::PermError))) => {
            format!("SPF of {domain} needs more than ten look-ups, or leads to what is no SPF")
        }
        ([_], Some((ip, _))) => format!("SPF of {domain} does not cover {ip}"),
        ([_], None) => return None,
        (several, _) => {
            format!("{domain} has {} SPF records: let this be the only one", several.len())
        }
    };
    let mut missing: Vec<_> = failed.iter().map(|(ip, _)| mechanism(config, facts, *ip)).collect();
    let record = match records.iter().find(|record| is_valid_record(record.as_bytes())) {
        Some(record) => with(record, missing),
        None => {
            let own = format!("a:{}", config.hostname);
            missing.retain(|mechanism| *mechanism != own);
            with(&format!("v=spf1 {own} ~all"), missing)
        }
    };
    let mend = format!("{domain}. TXT {}", quoted(&record));
    let carries = *domain == config.srs.settings.domain || config.srs.settings.per_domain;
    let why = match carries {
        true => "forwards fail SPF, and are refused or taken for spam",
        false => "what accounts send as it fails SPF",
    };
    Some((record, error("spf", what, why, [mend])))
}

/// By our name, if that leads to the address.
fn mechanism(config: &Config, facts: &Facts, ip: IpAddr) -> String {
    match ip {
        _ if facts.host.contains(&ip) => format!("a:{}", config.hostname),
        IpAddr::V4(v4) => format!("ip4:{v4}"),
        IpAddr::V6(v6) => format!("ip6:{v6}"),
    }
}

/// The record with these in front: there they count whatever else it says.
fn with(record: &str, mut mechanisms: Vec<String>) -> String {
    mechanisms.dedup();
    let is_other = |term: &&str| !term.is_empty() && mechanisms.iter().all(|known| known != term);
    let others = record.split(' ').skip(1).filter(is_other);
    let terms = mechanisms.iter().map(String::as_str).chain(others);
    std::iter::once("v=spf1").chain(terms).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_gets_more() {
        let with =
            |record, more: &[&str]| with(record, more.iter().map(ToString::to_string).collect());
        assert_eq!(with("V=spf1  mx -all", &["a:x", "a:x"]), "v=spf1 a:x mx -all");
        assert_eq!(
            with("v=spf1 redirect=y", &["ip4:192.0.2.1"]),
            "v=spf1 ip4:192.0.2.1 redirect=y"
        );
        assert_eq!(with("v=spf1 mx a:x ~all", &["a:x"]), "v=spf1 a:x mx ~all");
    }
}
