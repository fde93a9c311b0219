//! One domain: its records, and what is wrong with them.

use super::{
    dkim, dmarc,
    examine::{dns, mail_comes},
    facts::Facts,
    mta_sts, munge, sending, spf, tls_rpt,
};
use crate::{
    address::Domain,
    admin::doctor::{
        finding::Finding,
        record::{DomainRecord, Judged, Purpose, RecordState},
    },
    config::Config,
};
use serde::Serialize;

/// What DNS says of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainReport {
    /// Its records.
    pub records: Vec<DomainRecord>,
    /// What is wrong with them, the worst first.
    pub findings: Vec<Finding>,
}

impl DomainReport {
    fn add(&mut self, judged: Judged) {
        self.records.push(judged.record);
        self.findings.extend(judged.finding);
    }
}

/// By the rules that [`super::examine::examine`] has for all.
pub(super) fn examine(config: &Config, facts: &Facts, domain: &Domain) -> DomainReport {
    let mut report = DomainReport { records: Vec::new(), findings: Vec::from_iter(dns(facts)) };
    for mx in facts.domains.iter().filter(|mx| mx.domain == *domain) {
        report.add(mail_comes(config, facts, mx));
    }
    match facts.spf.iter().find(|spf| spf.domain == *domain) {
        Some(of_domain) => report.add(spf::judge(config, facts, of_domain)),
        // No mail leaves in its name.
        None => report.records.push(DomainRecord {
            purpose: Purpose::Spf,
            name: domain.to_string(),
            kind: "TXT",
            wanted: None,
            found: Vec::new(),
            state: RecordState::NotNeeded,
        }),
    }
    for key in facts.keys.iter().filter(|key| key.domain == domain.to_key()) {
        report.add(dkim::judge(facts, key));
    }
    let is_srs = *domain == config.srs.settings.domain;
    if is_srs {
        report.findings.extend(dkim::unsigned_bounces(config, facts));
    }
    let sent = facts.sending.domains.iter().find(|sent| sent.domain == *domain);
    let mut of_dmarc = dmarc::judge(facts, domain, &facts.dmarc);
    if !is_srs && sent.is_none() {
        // Nobody wants one of who does not send; what is there must be valid all the same.
        of_dmarc.finding = None;
        if of_dmarc.record.state == RecordState::Missing {
            of_dmarc.record.state = RecordState::NotNeeded;
        }
    }
    if sent.is_some() && !is_srs {
        // Told with what else is said of the domains that accounts send as.
        of_dmarc.finding = None;
    }
    report.add(of_dmarc);
    for judged in mta_sts::judge(config, facts, domain) {
        report.add(judged);
    }
    for (of, records) in facts.tls_rpt.iter().filter(|(of, _)| of == domain) {
        report.add(tls_rpt::judge(facts, of, records));
    }
    if let Some(sent) = sent {
        let outgoing = config.outgoing();
        if let Some(outgoing) = &outgoing {
            report.records.extend(sending::services(facts, sent, outgoing));
        }
        report.findings.extend(sending::of_domain(config, facts, sent, outgoing.as_ref()));
    }
    report.findings.extend(munge::of_domains(config, facts));
    report.findings.sort_by_key(|finding| finding.severity);
    report
}
