//! Whether a domain has a policy that others understand.

use super::facts::{Facts, tag};
use crate::{
    address::Domain,
    admin::doctor::{
        finding::{Finding, error, warning},
        record::{DomainRecord, Judged, Purpose, RecordState, quoted},
    },
};

/// What a domain that has no policy yet should say.
const WANTED: &str = "v=DMARC1; p=none";

/// Of the DMARC records for a domain, which may be those of one above.
pub(super) fn judge(facts: &Facts, domain: &Domain, records: &[String]) -> Judged {
    let finding = fault(facts, domain, records);
    let state = match (&finding, records) {
        (Some(_), []) => RecordState::Missing,
        (Some(_), _) => RecordState::Wrong,
        (None, []) => RecordState::Unanswered,
        (None, _) => RecordState::Right,
    };
    let right = records.first().filter(|_| finding.is_none());
    let record = DomainRecord {
        purpose: Purpose::Dmarc,
        name: format!("_dmarc.{domain}"),
        kind: "TXT",
        wanted: Some(quoted(right.map_or(WANTED, String::as_str))),
        found: records.to_vec(),
        state,
    };
    Judged { record, finding }
}

fn fault(facts: &Facts, domain: &Domain, records: &[String]) -> Option<Finding> {
    let record = format!("_dmarc.{domain}. TXT {}", quoted(WANTED));
    let has_policy = |text: &String| {
        tag(text, "p").is_some_and(|policy| {
            ["none", "quarantine", "reject"].iter().any(|known| policy.eq_ignore_ascii_case(known))
        })
    };
    match records {
        [one] if has_policy(one) => None,
        [] if facts.unanswered.iter().any(|name| name.starts_with("_dmarc.")) => None,
        [] => Some(warning(
            "dmarc",
            format!("{domain} has no DMARC record"),
            "Google and Yahoo want one of whoever sends much",
            [record],
        )),
        _ => Some(error(
            "dmarc",
            format!("the DMARC record for {domain} is invalid, or there are several"),
            "it counts as none",
            [record],
        )),
    }
}
