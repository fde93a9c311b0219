//! Whether mail whose From becomes the alias passes DMARC as the alias's.

use super::facts::{Facts, Key, tag};
use crate::{
    address::Domain,
    admin::doctor::finding::{Finding, warning},
    auth::dkim::KeyState,
    config::Config,
    verdict::{OwnFrom, is_one_owner},
};

/// What From of munged mail of a hosted domain hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// A key of the domain, or its own reverse-paths.
    Itself,
    /// The SRS domain, which is below it or beside it: unless its DMARC record wants the very same domain.
    SrsDomain,
    /// Nothing: From is an address at the SRS domain.
    Nobody,
}

pub(super) fn carried(config: &Config, keys: &[Key], domain: &Domain) -> Carried {
    let srs = &config.srs.settings;
    let has_key = keys.iter().any(|key| {
        key.state == KeyState::Active && key.domain.eq_ignore_ascii_case(domain.as_str())
    });
    if has_key || srs.per_domain || *domain == srs.domain {
        Carried::Itself
    } else if is_one_owner(domain.as_str(), srs.domain.as_str()) {
        Carried::SrsDomain
    } else {
        Carried::Nobody
    }
}

pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own_from = config.auth.own_from;
    if own_from != OwnFrom::Refuse {
        findings.push(warning(
            "own-from",
            format!(
                "auth.own_from lets through what claims to be from a domain of yours and does not prove it{}; set it to \"refuse\"",
                if own_from == OwnFrom::Mark { ", in that domain's name" } else { ", munged" }
            ),
            "a forger writes in your name, and this server brings it",
            None,
        ));
    }
    findings.extend(of_domains(config, facts));
    findings
}

/// What is to be said of each domain.
pub(super) fn of_domains(config: &Config, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mx in facts.domains.iter().filter(|mx| mx.exists && mx.reaches_us) {
        let domain = &mx.domain;
        let mend = [format!("onward dkim key add {domain}")];
        let (what, why) = match carried(config, &facts.keys, domain) {
            Carried::Nobody => (
                format!("no DKIM key signs for {domain}, and its mail leaves by another domain"),
                "where From must become the alias, it becomes an SRS address in its place",
            ),
            Carried::SrsDomain if is_strict(facts, config, domain) => (
                format!(
                    "the DMARC record of {domain} wants the very same domain, and no DKIM key signs for it"
                ),
                "mail whose From becomes the alias fails DMARC",
            ),
            Carried::SrsDomain | Carried::Itself => continue,
        };
        findings.push(warning("munged", what, why, mend));
    }
    findings
}

/// Neither the reverse-path at the SRS domain nor a signature of that counts for `domain`.
fn is_strict(facts: &Facts, config: &Config, domain: &Domain) -> bool {
    let record = facts.policies.iter().find(|(of, _)| of == domain).map(|(_, records)| records);
    let Some([record]) = record.map(Vec::as_slice) else { return false };
    let is_strict = |name| tag(record, name).is_some_and(|mode| mode.eq_ignore_ascii_case("s"));
    let srs_domain = config.srs.settings.domain.to_key();
    let is_signed =
        facts.keys.iter().any(|key| key.state == KeyState::Active && key.domain == srs_domain);
    is_strict("aspf") && (is_strict("adkim") || !is_signed)
}
