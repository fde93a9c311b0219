//! The records of one domain: wanted, found, and what is made of them.

use super::*;
use crate::admin::doctor::{
    record::{DomainRecord, Purpose, RecordState},
    site::domain::{self as of_domain, DomainReport},
};

fn report(facts: &Facts, name: &str) -> DomainReport {
    of_domain::examine(&config(), facts, &domain(name))
}

fn record(report: &DomainReport, purpose: Purpose) -> &DomainRecord {
    report.records.iter().find(|record| record.purpose == purpose).unwrap()
}

fn states(report: &DomainReport) -> Vec<(Purpose, RecordState)> {
    report.records.iter().map(|record| (record.purpose, record.state)).collect()
}

/// As [`healthy`], with what is asked of a domain alone.
fn healthy_domain() -> Facts {
    Facts { tls_rpt: vec![(domain("example.org"), Vec::new())], ..healthy() }
}

#[test]
fn all_is_right() {
    let report = report(&healthy_domain(), "example.org");
    assert_eq!(report.findings, []);
    let expected = [
        (Purpose::Mx, RecordState::Right),
        (Purpose::Spf, RecordState::Right),
        (Purpose::Dkim, RecordState::Right),
        (Purpose::Dmarc, RecordState::Right),
        (Purpose::MtaSts, RecordState::NotNeeded),
        (Purpose::MtaStsPolicy, RecordState::NotNeeded),
        (Purpose::TlsRpt, RecordState::NotNeeded),
    ];
    assert_eq!(states(&report), expected);
    let mx = record(&report, Purpose::Mx);
    assert_eq!(mx.wanted.as_deref(), Some("10 mx.example.org."));
    assert_eq!(mx.found, ["mx.example.org"]);
}

#[test]
fn what_is_wanted_is_what_mends_the_finding() {
    let cases: Vec<(Purpose, RecordState, Change)> = vec![
        (
            Purpose::Mx,
            RecordState::Missing,
            change(|facts| facts.domains = vec![mx("example.org", true, &[], false)]),
        ),
        (
            Purpose::Mx,
            RecordState::Wrong,
            change(|facts| facts.domains = vec![mx("example.org", true, &["x.test"], false)]),
        ),
        (
            Purpose::Spf,
            RecordState::Missing,
            change(|facts| facts.spf = vec![spf("example.org", &[], Spf::None)]),
        ),
        (
            Purpose::Spf,
            RecordState::Wrong,
            change(|facts| facts.spf = vec![spf("example.org", &["v=spf1 -all"], Spf::Fail)]),
        ),
        (Purpose::Dkim, RecordState::Missing, change(|facts| facts.keys = vec![key(false)])),
        (
            Purpose::Dkim,
            RecordState::Wrong,
            change(|facts| facts.keys = vec![Key { found: vec!["x".into()], ..key(false) }]),
        ),
        (Purpose::Dmarc, RecordState::Missing, change(|facts| facts.dmarc.clear())),
        (
            Purpose::Dmarc,
            RecordState::Wrong,
            change(|facts| facts.dmarc.push("v=DMARC1; p=none".to_owned())),
        ),
        (
            Purpose::MtaSts,
            RecordState::Wrong,
            change(|facts| {
                facts.sts.push(Sts { has_id: false, ..sts(Mode::Enforce, "mx.example.org") });
            }),
        ),
        (
            Purpose::TlsRpt,
            RecordState::Wrong,
            change(|facts| facts.tls_rpt[0].1.push("v=TLSRPTv1;".to_owned())),
        ),
    ];
    for (purpose, state, spoil) in cases {
        let mut facts = healthy_domain();
        spoil(&mut facts);
        let report = report(&facts, "example.org");
        let spoiled = record(&report, purpose);
        assert_eq!(spoiled.state, state, "{purpose:?}");
        let others = report.records.iter().filter(|record| record.purpose != purpose);
        let fine = [RecordState::Right, RecordState::NotNeeded, RecordState::Unanswered];
        assert!(others.clone().all(|record| fine.contains(&record.state)), "{report:?}");
        let [finding] = &report.findings[..] else { panic!("{purpose:?}: {:?}", report.findings) };
        let wanted = spoiled.wanted.as_deref().unwrap();
        let line = format!("{}. {} {wanted}", spoiled.name, spoiled.kind);
        assert_eq!(finding.mend, [line], "{purpose:?}");
    }
}

#[test]
fn a_policy_is_wanted_that_names_the_hosts_that_are_there() {
    let mut facts = healthy_domain();
    facts.sts.push(sts(Mode::Enforce, "mail.example.org"));
    let report = report(&facts, "example.org");
    let policy = record(&report, Purpose::MtaStsPolicy);
    assert_eq!(policy.state, RecordState::Wrong);
    let wanted =
        "version: STSv1\nmode: enforce\nmx: mail.example.org\nmx: mx.example.org\nmax_age: 86400\n";
    assert_eq!(policy.wanted.as_deref(), Some(wanted));
    assert_eq!(record(&report, Purpose::MtaSts).state, RecordState::Right);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
}

#[test]
fn a_domain_in_whose_name_no_mail_leaves() {
    let mut facts = healthy_domain();
    facts.domains = vec![mx("other.test", true, &["mx.example.org"], true)];
    facts.spf.clear();
    facts.dmarc.clear();
    facts.tls_rpt.clear();
    let report = report(&facts, "other.test");
    for purpose in [Purpose::Spf, Purpose::Dmarc] {
        assert_eq!(record(&report, purpose).state, RecordState::NotNeeded, "{purpose:?}");
    }
    assert!(!report.records.iter().any(|record| record.purpose == Purpose::Dkim));
    let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, ["munged"]);
}

#[test]
fn of_what_nobody_answers_nothing_is_said_but_that() {
    let mut facts = healthy_domain();
    facts.domains = vec![Mx { is_known: false, ..mx("example.org", true, &[], false) }];
    facts.spf = vec![spf("example.org", &[], Spf::TempError)];
    facts.dmarc.clear();
    facts.keys = vec![key(false)];
    let names = [
        "example.org",
        "_dmarc.example.org",
        "a._domainkey.example.org",
        "_mta-sts.example.org",
        "_smtp._tls.example.org",
    ];
    facts.unanswered = names.map(str::to_owned).into();
    let report = report(&facts, "example.org");
    let unanswered = |record: &DomainRecord| record.state == RecordState::Unanswered;
    assert!(report.records.iter().all(unanswered), "{:?}", states(&report));
    let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, ["dns"]);
}
