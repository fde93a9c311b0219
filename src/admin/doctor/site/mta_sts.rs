//! What our domains have others demand of us (MTA-STS, RFC 8461).

use super::{dns::Dns, examine::found, facts::Facts};
use crate::{
    address::Domain,
    cli::doctor::finding::{Finding, Severity},
    config::Config,
    dns::Resolver,
    mta_sts::{Mode, Policy, policy_id},
    outbound::published_policy,
    tls::Connector,
};

const HTTPS_PORT: u16 = 443;

/// What a domain publishes.
#[derive(Debug, Clone)]
pub(super) struct Sts {
    pub(super) domain: Domain,
    /// The record at `_mta-sts.` is one that others understand.
    pub(super) has_id: bool,
    /// What its web server says, or why it says nothing.
    pub(super) policy: Result<Policy, String>,
}

/// `None` where there is no record: the domain demands nothing.
pub(super) async fn ask(
    dns: &mut Dns<'_>,
    resolver: &Resolver,
    connector: &Connector,
    domain: &Domain,
) -> Option<Sts> {
    let records = dns.texts(&format!("_mta-sts.{}", domain.to_key())).await;
    if !records.iter().any(|text| text.starts_with("v=STSv1")) {
        return None;
    }
    Some(Sts {
        domain: domain.clone(),
        has_id: policy_id(records.iter().map(String::as_str)).is_some(),
        policy: published_policy(resolver, connector, HTTPS_PORT, domain).await,
    })
}

pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    facts.sts.iter().filter_map(|sts| fault(config, facts, sts)).collect()
}

/// The first there is: the others show when it is mended.
fn fault(config: &Config, facts: &Facts, sts: &Sts) -> Option<Finding> {
    const ID: &str = "mta-sts";
    let domain = &sts.domain;
    let place = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    if !sts.has_id {
        let what = format!("the MTA-STS record of {domain} is malformed, or there are several");
        let why = "it counts as none, and nobody looks for a policy";
        let mend = format!("_mta-sts.{domain}. TXT \"v=STSv1; id={}\"", facts.now.as_secs());
        return Some(found(Severity::Error, ID, what, why, [mend]));
    }
    let policy = match &sts.policy {
        Ok(policy) if policy.mode == Mode::None => return None,
        Ok(policy) => policy,
        Err(error) => {
            let what = format!("{place}: {error}");
            let why = "whoever has no older copy of the policy sends as if there were none";
            return Some(found(Severity::Error, ID, what, why, None));
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
        return Some(found(severity, ID, what, why, mend));
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
        found(severity, ID, what, why, [mend])
    })
}
