//! Whether keys sign, and the world has their records.

use super::facts::{Facts, Key};
use crate::{
    address::Domain,
    admin::doctor::finding::{Finding, Severity, finding, warning},
    auth::dkim::KeyState,
    config::Config,
};

pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    let domain = &config.srs.settings.domain;
    let is_missing = |key: &&Key| !key.is_published && !facts.is_unanswered(&key.name);
    let mut findings: Vec<Finding> = facts
        .keys
        .iter()
        .filter(is_missing)
        .filter_map(|Key { name, zone_line, state, .. }| {
            let (severity, why) = match state {
                KeyState::Active => (Severity::Error, "what it signs does not verify"),
                KeyState::Staged => {
                    (Severity::Warning, "it must not sign before its record is there")
                }
                KeyState::Retired => return None,
            };
            let what = format!("the DKIM key at {name} is not in DNS, or another one is");
            Some(finding(severity, "dkim", what, why, [zone_line.clone()]))
        })
        .collect();
    if let Some(mend) = unsigned(facts, domain)
        && !facts.sending.is_sent_as(domain)
    {
        findings.push(warning("no-dkim",
            format!("no DKIM key signs for {domain}"),
            "Google wants DKIM of a forwarder that sends much, and bounces of ours are signed by nobody",
            [mend],
        ));
    }
    findings
}

/// How a domain gets a key that signs, where none does.
pub(super) fn unsigned(facts: &Facts, domain: &Domain) -> Option<String> {
    let domain = domain.to_key();
    let of = |state| facts.keys.iter().find(|key| key.domain == domain && key.state == state);
    if of(KeyState::Active).is_some() {
        return None;
    }
    Some(match of(KeyState::Staged) {
        Some(key) => format!("onward dkim key activate {domain} {}", key.selector),
        None => format!("onward dkim key add {domain}"),
    })
}
