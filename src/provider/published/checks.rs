//! What rules look at; `None` where it is not known.

use super::{Facts, Form};
use crate::verdict::{Arc, DmarcPolicy, DmarcResult, Spf};

/// All of them; `None` where one is not known, unless another is broken.
pub(super) fn all<const N: usize>(known: [Option<bool>; N]) -> Option<bool> {
    if known.contains(&Some(false)) {
        return Some(false);
    }
    known.iter().all(Option::is_some).then_some(true)
}

pub(super) fn passes(result: DmarcResult) -> bool {
    matches!(result, DmarcResult::Pass { .. })
}

pub(super) fn form(facts: &Facts, is: impl Fn(&Form) -> bool) -> Option<bool> {
    facts.form.as_ref().map(is)
}

pub(super) fn spf(facts: &Facts) -> Option<bool> {
    facts.spf.map(|spf| spf == Spf::Pass)
}

pub(super) fn spf_or_dkim(facts: &Facts) -> Option<bool> {
    match (spf(facts), facts.dkim) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

pub(super) fn dmarc_policy(facts: &Facts) -> Option<bool> {
    let (result, policy) = facts.dmarc?;
    let is_asked = matches!(policy, DmarcPolicy::Quarantine | DmarcPolicy::Reject);
    Some(result != DmarcResult::Fail || !is_asked)
}

pub(super) fn dmarc_reject(facts: &Facts) -> Option<bool> {
    let (result, policy) = facts.dmarc?;
    Some(result != DmarcResult::Fail || policy != DmarcPolicy::Reject)
}

pub(super) fn alignment(facts: &Facts) -> Option<bool> {
    if facts.is_forward { Some(true) } else { facts.dmarc.map(|(result, _)| passes(result)) }
}

pub(super) fn name_leads_back(facts: &Facts) -> Option<bool> {
    facts.name_leads_back
}

pub(super) fn tls(facts: &Facts) -> Option<bool> {
    facts.tls
}

pub(super) fn one_from(facts: &Facts) -> Option<bool> {
    form(facts, |form| form.has_one_from)
}

pub(super) fn message_id(facts: &Facts) -> Option<bool> {
    form(facts, |form| form.has_message_id)
}

pub(super) fn single_fields(facts: &Facts) -> Option<bool> {
    form(facts, |form| form.doubled.is_none())
}

pub(super) fn key_bits(facts: &Facts) -> Option<bool> {
    facts.key_bits.map(|bits| bits >= 1024)
}

pub(super) fn reverse_path(facts: &Facts) -> Option<bool> {
    all([facts.reverse_path_is_ours, spf(facts)])
}

pub(super) fn arc(facts: &Facts) -> Option<bool> {
    facts.arc.map(|arc| arc == Arc::Pass)
}
