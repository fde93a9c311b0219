//! Whom others tell how TLS with our domains goes (TLS-RPT, RFC 8460).

use super::facts::Facts;
use crate::{
    address::Domain,
    admin::doctor::{
        finding::{Finding, warning},
        record::{DomainRecord, Judged, Purpose, RecordState, quoted},
    },
    tls_rpt::is_record,
};

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let judged = facts.tls_rpt.iter().map(|(domain, records)| judge(facts, domain, records));
    judged.filter_map(|judged| judged.finding).collect()
}

/// Of the records at `_smtp._tls.`. A domain need not have one.
pub(super) fn judge(facts: &Facts, domain: &Domain, records: &[String]) -> Judged {
    let name = name(domain);
    let wanted = quoted(&format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}"));
    let state = match records {
        [] if facts.is_unanswered(&name) => RecordState::Unanswered,
        [] => RecordState::NotNeeded,
        [one] if is_record(one) => RecordState::Right,
        _ => RecordState::Wrong,
    };
    let finding = (state == RecordState::Wrong).then(|| {
        warning(
            "tls-rpt",
            format!("the TLS-RPT record of {domain} is malformed, or there are several"),
            "it counts as none, and nobody tells you where TLS fails",
            [format!("{name}. TXT {wanted}")],
        )
    });
    let right = records.first().filter(|_| state == RecordState::Right);
    let record = DomainRecord {
        purpose: Purpose::TlsRpt,
        name,
        kind: "TXT",
        wanted: Some(right.map_or(wanted, |record| quoted(record))),
        found: records.to_vec(),
        state,
    };
    Judged { record, finding }
}

/// Where the record of a domain is.
pub(super) fn name(domain: &Domain) -> String {
    format!("_smtp._tls.{}", domain.to_key())
}
