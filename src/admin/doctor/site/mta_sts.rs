//! What our domains have others demand of us (MTA-STS, RFC 8461).

use super::facts::{Facts, Sts};
use crate::{
    address::Domain,
    admin::doctor::finding::{Finding, Severity, error, finding},
    config::Config,
    mta_sts::Mode,
};

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
