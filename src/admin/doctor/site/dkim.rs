//! Whether keys sign, and the world has their records.

use super::facts::{Facts, Key};
use crate::{
    address::Domain,
    admin::doctor::{
        finding::{Finding, Severity, finding, warning},
        record::{DomainRecord, Judged, Purpose, RecordState, quoted},
    },
    auth::dkim::KeyState,
    config::Config,
};

pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    let of_keys = facts.keys.iter().filter_map(|key| judge(facts, key).finding);
    of_keys.chain(unsigned_bounces(config, facts)).collect()
}

/// Of the domain of SRS, where no key signs for it.
pub(super) fn unsigned_bounces(config: &Config, facts: &Facts) -> Option<Finding> {
    let domain = &config.srs.settings.domain;
    if facts.sending.is_sent_as(domain) {
        return None;
    }
    let mend = unsigned(facts, domain)?;
    let why = "Google wants DKIM of a forwarder that sends much, and bounces of ours are signed by nobody";
    Some(warning("no-dkim", format!("no DKIM key signs for {domain}"), why, [mend]))
}

pub(super) fn judge(facts: &Facts, key: &Key) -> Judged {
    let Key { name, zone_line, text, found, .. } = key;
    let finding = fault(facts, key);
    let state = match (&finding, found.as_slice()) {
        _ if facts.is_unanswered(name) => RecordState::Unanswered,
        _ if key.is_published => RecordState::Right,
        (None, _) => RecordState::NotNeeded,
        (Some(_), []) => RecordState::Missing,
        (Some(_), _) => RecordState::Wrong,
    };
    let value = zone_line.split_once(" TXT ").map(|(_, value)| value.to_owned());
    let record = DomainRecord {
        purpose: Purpose::Dkim,
        name: name.clone(),
        kind: "TXT",
        wanted: Some(value.unwrap_or_else(|| quoted(text))),
        found: found.clone(),
        state,
    };
    Judged { record, finding }
}

fn fault(facts: &Facts, key: &Key) -> Option<Finding> {
    let Key { name, zone_line, state, is_published, .. } = key;
    if *is_published || facts.is_unanswered(name) {
        return None;
    }
    let (severity, why) = match state {
        KeyState::Active => (Severity::Error, "what it signs does not verify"),
        KeyState::Staged => (Severity::Warning, "it must not sign before its record is there"),
        KeyState::Retired => return None,
    };
    let what = format!("the DKIM key at {name} is not in DNS, or another one is");
    Some(finding(severity, "dkim", what, why, [zone_line.clone()]))
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
