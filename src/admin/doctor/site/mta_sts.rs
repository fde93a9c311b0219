//! What our domains have others demand of us (MTA-STS, RFC 8461).

use super::facts::{Facts, Sts};
use crate::{
    address::Domain,
    admin::doctor::{
        finding::{Finding, Severity, error, finding},
        record::{DomainRecord, Judged, Purpose, RecordState, quoted},
    },
    config::Config,
    mta_sts::{Mode, Policy},
};
use std::time::Duration;

pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    facts.sts.iter().filter_map(|sts| fault(config, facts, sts)).collect()
}

/// The record and the policy of a domain. It need not have them: where it has none, they are what it might begin with.
pub(super) fn judge(config: &Config, facts: &Facts, domain: &Domain) -> [Judged; 2] {
    let name = format!("_mta-sts.{}", domain.to_key());
    let sts = facts.sts.iter().find(|sts| sts.domain == *domain);
    let finding = sts.and_then(|sts| fault(config, facts, sts));
    let none = match facts.is_unanswered(&name) {
        true => RecordState::Unanswered,
        false => RecordState::NotNeeded,
    };
    let (of_record, of_policy) = match (sts, &finding) {
        (None, _) => (none, none),
        (Some(Sts { has_id: false, .. }), _) => (RecordState::Wrong, RecordState::Unanswered),
        (Some(Sts { policy: Err(_), .. }), _) => (RecordState::Right, RecordState::Missing),
        (Some(_), Some(_)) => (RecordState::Right, RecordState::Wrong),
        (Some(_), None) => (RecordState::Right, RecordState::Right),
    };
    let found = sts.map(|sts| sts.records.clone()).unwrap_or_default();
    let next = quoted(&format!("v=STSv1; id={}", facts.now.as_secs()));
    let right = found.first().filter(|_| of_record == RecordState::Right);
    let record = DomainRecord {
        purpose: Purpose::MtaSts,
        name,
        kind: "TXT",
        wanted: Some(right.map_or(next, |record| quoted(record))),
        found,
        state: of_record,
    };
    let policy = sts.and_then(|sts| sts.policy.as_ref().ok());
    let policy = DomainRecord {
        purpose: Purpose::MtaStsPolicy,
        name: place(domain),
        kind: "",
        wanted: Some(wanted(config, facts, domain, policy)),
        found: policy.map(text).into_iter().collect(),
        state: of_policy,
    };
    let is_of_record = of_record == RecordState::Wrong;
    [
        Judged { record, finding: finding.clone().filter(|_| is_of_record) },
        Judged { record: policy, finding: finding.filter(|_| !is_of_record) },
    ]
}

/// The policy that names whatever hosts the domain has, or us, as strict as it was.
fn wanted(config: &Config, facts: &Facts, domain: &Domain, policy: Option<&Policy>) -> String {
    let mx = facts.domains.iter().find(|mx| mx.domain == *domain);
    let mut hosts = mx.filter(|mx| mx.reaches_us).map(|mx| mx.hosts.clone()).unwrap_or_default();
    if let Some(policy) = policy {
        let is_left_out =
            |host: &String| !Domain::parse(host).is_ok_and(|host| policy.allows(&host));
        hosts.retain(is_left_out);
        hosts.splice(0..0, policy.hosts.iter().cloned());
    }
    if hosts.is_empty() {
        hosts.push(config.hostname.to_string());
    }
    let week = Duration::from_hours(7 * 24);
    let (mode, max_age) = policy.map_or((Mode::Testing, week), |had| (had.mode, had.max_age));
    text(&Policy { mode, max_age, hosts })
}

/// A policy as its page has it (RFC 8461 §3.2).
fn text(Policy { mode, max_age, hosts }: &Policy) -> String {
    let mode = match mode {
        Mode::Enforce => "enforce",
        Mode::Testing => "testing",
        Mode::None => "none",
    };
    let hosts: String = hosts.iter().map(|host| format!("mx: {host}\n")).collect();
    format!("version: STSv1\nmode: {mode}\n{hosts}max_age: {}\n", max_age.as_secs())
}

/// Where the policy of a domain is.
fn place(domain: &Domain) -> String {
    format!("https://mta-sts.{domain}/.well-known/mta-sts.txt")
}

/// The first there is: the others show when it is mended.
fn fault(config: &Config, facts: &Facts, sts: &Sts) -> Option<Finding> {
    const ID: &str = "mta-sts";
    let domain = &sts.domain;
    let place = place(domain);
    if !sts.has_id {
        let what = format!("the MTA-STS record of {domain} is malformed, or there are several");
        let why = "it counts as none, and nobody looks for a policy";
        let mend = format!("_mta-sts.{domain}. TXT \"v=STSv1; id={}\"", facts.now.as_secs());
        return Some(error(ID, what, why, [mend]));
    }
    let policy = match &sts.policy {
        Ok(policy) if policy.mode == Mode::None => return None,
        Ok(policy) => policy,
        Err(missing) => {
            let what = format!("{place}: {missing}");
            let why = "whoever has no older copy of the policy sends as if there were none";
            return Some(error(ID, what, why, None));
        }
    };
    let severity = match policy.mode {
        Mode::Enforce => Severity::Error,
        _ => Severity::Warning,
    };
    let mx = facts.domains.iter().find(|mx| mx.domain == *domain)?;
    let is_left_out = |host: &&String| !Domain::parse(host).is_ok_and(|host| policy.allows(&host));
    let left_out: Vec<&String> = mx.hosts.iter().filter(is_left_out).collect();
    if !left_out.is_empty() {
        let names: Vec<&str> = left_out.iter().map(|host| host.as_str()).collect();
        let what = format!("{place} does not name the MX {}", names.join(", "));
        let why = "servers that heed the policy send nothing there";
        let mut mend: Vec<String> = names.iter().map(|host| format!("mx: {host}")).collect();
        mend.push(format!("_mta-sts.{domain}. TXT \"v=STSv1; id={}\"", facts.now.as_secs()));
        return Some(finding(severity, ID, what, why, mend));
    }
    let is_bare = match &facts.certificate {
        None => !facts.is_issued,
        Some(Ok(life)) => life.is_self_signed,
        Some(Err(_)) => false,
    };
    is_bare.then(|| {
        let what =
            format!("{domain} has an MTA-STS policy, and we no certificate that others trust");
        let why = "servers that heed the policy send nothing";
        let mend = format!("certbot certonly --standalone -d {}", config.hostname);
        finding(severity, ID, what, why, [mend])
    })
}
