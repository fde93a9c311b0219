//! Whether a domain has a policy that others understand.

use super::facts::{Facts, tag};
use crate::{
    address::Domain,
    admin::doctor::finding::{Finding, error, warning},
};

/// Of the DMARC records for a domain.
pub(super) fn fault(facts: &Facts, domain: &Domain, records: &[String]) -> Option<Finding> {
    let record = format!("_dmarc.{domain}. TXT \"v=DMARC1; p=none\"");
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
