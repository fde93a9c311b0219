mod domain;
mod sending;

use super::{
    examine::examine,
    facts::{Facts, Key, Mx, Reverse, SpfOf, Sts},
};
use crate::{
    address::Domain,
    admin::aliases::UnsafeAlias,
    auth::{dkim::KeyState, spf::Spf},
    config::{Config, Machine},
    dnsbl::{Kind, Trouble, Zone},
    mta_sts::{Mode, Policy},
    store::Unreadable,
    time::{DAY, UnixTime},
    tls::Life,
};
use std::{net::IpAddr, path::Path, time::Duration};

const NOW: UnixTime = UnixTime::new(1_800_000_000);
const RECORD: &str = "v=spf1 a:mx.example.org ~all";

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn config() -> Config {
    let text = "hostname = \"mx.example.org\"\n[srs]\ndomain = \"example.org\"\n";
    Config::parse(text, Path::new("onward.toml"), &Machine::default()).unwrap()
}

fn life(days: u32) -> Life {
    Life {
        begin: NOW - DAY,
        end: NOW + DAY * days,
        names: vec!["mx.example.org".to_owned()],
        is_self_signed: false,
        issuer: "CN=Authority".to_owned(),
    }
}

fn spf(name: &str, records: &[&str], result: Spf) -> SpfOf {
    let records = records.iter().map(ToString::to_string).collect();
    SpfOf { domain: domain(name), records, results: vec![(ip("192.0.2.10"), result)] }
}

fn healthy() -> Facts {
    Facts {
        ours: vec![ip("192.0.2.10"), ip("2001:db8::10")],
        host: vec![ip("192.0.2.10"), ip("2001:db8::10")],
        reverse: vec![reverse("192.0.2.10", "mx.example.org", true)],
        domains: vec![mx("example.org", true, &["mx.example.org"], true)],
        spf: vec![spf("example.org", &[RECORD], Spf::Pass)],
        keys: vec![key(true)],
        dmarc: vec!["v=DMARC1; p=none".to_owned()],
        certificate: Some(Ok(life(60))),
        secrets: vec![("/etc/onward/srs.secret".into(), 0o100_640)],
        barred: Vec::new(),
        disk: Some((100 << 30, 200 << 30)),
        is_clock_set: Some(true),
        now: NOW,
        ..Facts::default()
    }
}

fn reverse(address: &str, name: &str, is_ours: bool) -> Reverse {
    let names = if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
    Reverse { ip: ip(address), names, is_ours }
}

fn mx(name: &str, exists: bool, hosts: &[&str], reaches_us: bool) -> Mx {
    let hosts = hosts.iter().map(ToString::to_string).collect();
    Mx { domain: domain(name), exists, hosts, reaches_us, is_known: true }
}

fn sts(mode: Mode, host: &str) -> Sts {
    let hosts = vec![host.to_owned()];
    let policy = Policy { mode, max_age: Duration::from_hours(24), hosts };
    let records = vec!["v=STSv1; id=1".to_owned()];
    Sts { domain: domain("example.org"), records, has_id: true, policy: Ok(policy) }
}

fn key(is_published: bool) -> Key {
    Key {
        domain: "example.org".to_owned(),
        selector: "a".to_owned(),
        state: KeyState::Active,
        name: "a._domainkey.example.org".to_owned(),
        zone_line: "a._domainkey.example.org. TXT \"v=DKIM1; p=AA\"".to_owned(),
        text: "v=DKIM1; p=AA".to_owned(),
        found: is_published.then(|| "v=DKIM1; p=AA".to_owned()).into_iter().collect(),
        is_published,
    }
}

/// What makes one thing wrong.
type Change = fn(&mut Facts);

fn change(change: Change) -> Change {
    change
}

/// The findings as `severity id: mend`.
fn told(facts: &Facts) -> Vec<String> {
    let findings = examine(&config(), facts).into_iter();
    let told = findings.map(|finding| {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let mend = finding.mend.join(" | ");
        format!("{severity} {}: {mend}", finding.id).trim_end_matches([':', ' ']).to_owned()
    });
    told.collect()
}

#[test]
fn each_finding_where_it_is_true_and_none_where_it_is_not() {
    assert_eq!(told(&healthy()), [""; 0]);
    let cases: Vec<(&str, Change)> = vec![
        (
            "error spool-unreadable: onward queue drop 06H1",
            change(|facts| {
                let (id, reason) = ("06H1".to_owned(), "state \"qeued\": unknown".to_owned());
                facts.unreadable.push(Unreadable { seq: 1, id, reason });
            }),
        ),
        (
            "error unsafe-alias: onward alias remove '/.*/'",
            change(|facts| {
                let [address, alias, why] = ["/.*/", "/.*/ -> $1@$2", "because"].map(str::to_owned);
                facts.unsafe_aliases.push(UnsafeAlias { address, alias, why });
            }),
        ),
        (
            "error hostname: mx.example.org. A 192.0.2.10 | mx.example.org. AAAA 2001:db8::10",
            change(|facts| facts.host.clear()),
        ),
        (
            "error ptr: 192.0.2.10 PTR mx.example.org.",
            change(|facts| facts.reverse = vec![reverse("192.0.2.10", "", false)]),
        ),
        (
            "error ptr: 192.0.2.11 PTR mx.example.org. | mx.example.org. A 192.0.2.11",
            change(|facts| facts.reverse = vec![reverse("192.0.2.11", "vps.test", false)]),
        ),
        (
            "warning ptr: 2001:db8::10 PTR mx.example.org.",
            change(|facts| facts.reverse = vec![reverse("2001:db8::10", "", false)]),
        ),
        (
            "error mx: example.org. MX 10 mx.example.org.",
            change(|facts| facts.domains = vec![mx("example.org", true, &[], false)]),
        ),
        (
            "error mx: other.test. MX 10 mx.example.org.",
            change(|facts| facts.domains.push(mx("other.test", true, &["mx.else.test"], false))),
        ),
        (
            "error domain: other.test. MX 10 mx.example.org.",
            change(|facts| facts.domains.push(mx("other.test", false, &[], false))),
        ),
        (
            "error dns",
            change(|facts| {
                facts.domains = vec![Mx { is_known: false, ..mx("example.org", true, &[], false) }];
            }),
        ),
        (
            "error dns",
            change(|facts| {
                facts.spf = vec![spf("example.org", &[], Spf::TempError)];
                facts.dmarc.clear();
                facts.host.clear();
                facts.keys.push(key(false));
                let names = ["example.org", "_dmarc.example.org", "mx.example.org"];
                facts.unanswered = names.map(str::to_owned).into();
                facts.unanswered.insert("a._domainkey.example.org".to_owned());
            }),
        ),
        (
            "error spf: example.org. TXT \"v=spf1 a:mx.example.org ~all\"",
            change(|facts| facts.spf = vec![spf("example.org", &[], Spf::None)]),
        ),
        (
            "error spf: example.org. TXT \"v=spf1 a:mx.example.org ~all\"",
            change(|facts| facts.spf = vec![spf("example.org", &["v=spf1 al"], Spf::PermError)]),
        ),
        (
            "error spf: example.org. TXT \"v=spf1 a:mx.example.org ~all\"",
            change(|facts| {
                let two = [RECORD, "v=spf1 -all"];
                facts.spf = vec![spf("example.org", &two, Spf::PermError)];
            }),
        ),
        (
            "error spf: example.org. TXT \"v=spf1 a:mx.example.org mx -all\"",
            change(|facts| facts.spf = vec![spf("example.org", &["v=spf1 mx -all"], Spf::Fail)]),
        ),
        (
            "error spf: example.org. TXT \"v=spf1 ip4:192.0.2.11 a:mx.example.org ~all\"",
            change(|facts| facts.spf[0].results.push((ip("192.0.2.11"), Spf::SoftFail))),
        ),
        (
            "error spf: example.org. TXT \"v=spf1 a:mx.example.org include:x.test\"",
            change(|facts| {
                let include = ["v=spf1 include:x.test"];
                facts.spf = vec![spf("example.org", &include, Spf::PermError)];
            }),
        ),
        (
            "error spf: other.test. TXT \"v=spf1 a:mx.example.org ~all\"",
            change(|facts| facts.spf.push(spf("other.test", &[], Spf::None))),
        ),
        (
            "error dkim: a._domainkey.example.org. TXT \"v=DKIM1; p=AA\"",
            change(|facts| facts.keys = vec![key(false)]),
        ),
        (
            "warning dkim: a._domainkey.example.org. TXT \"v=DKIM1; p=AA\"",
            change(|facts| facts.keys.push(Key { state: KeyState::Staged, ..key(false) })),
        ),
        ("warning no-dkim: onward dkim key add example.org", change(|facts| facts.keys.clear())),
        (
            "warning no-dkim: onward dkim key add example.org",
            change(|facts| facts.keys = vec![Key { state: KeyState::Retired, ..key(true) }]),
        ),
        (
            "warning no-dkim: onward dkim key activate example.org a",
            change(|facts| facts.keys = vec![Key { state: KeyState::Staged, ..key(true) }]),
        ),
        (
            "warning dmarc: _dmarc.example.org. TXT \"v=DMARC1; p=none\"",
            change(|facts| facts.dmarc.clear()),
        ),
        (
            "error dmarc: _dmarc.example.org. TXT \"v=DMARC1; p=none\"",
            change(|facts| facts.dmarc = vec!["v=DMARC1; p=maybe".to_owned()]),
        ),
        (
            "error dnsbl",
            change(|facts| {
                let zone = Zone::parse("list.test").unwrap();
                facts.lists.push((zone, Kind::Client, Trouble::ListsEverybody));
            }),
        ),
        (
            "error listed",
            change(|facts| {
                facts.listed.push((ip("192.0.2.10"), Zone::parse("list.test").unwrap()))
            }),
        ),
        (
            "warning no-certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| facts.certificate = None),
        ),
        (
            "error certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| facts.certificate = Some(Ok(life(0)))),
        ),
        (
            "error certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| facts.certificate = Some(Err("no".to_owned()))),
        ),
        (
            "warning certificate: certbot certonly --standalone -d mx.example.org",
            change(|facts| facts.certificate = Some(Ok(life(10)))),
        ),
        (
            "warning certificate: journalctl -u onward --grep ACME",
            change(|facts| {
                facts.is_issued = true;
                facts.certificate = Some(Ok(life(10)));
            }),
        ),
        (
            "warning certificate-name: certbot certonly --standalone -d mx.example.org",
            change(|facts| {
                let names = vec!["mail.example.org".to_owned()];
                facts.certificate = Some(Ok(Life { names, ..life(60) }));
            }),
        ),
        (
            "error mta-sts: certbot certonly --standalone -d mx.example.org",
            change(|facts| {
                facts.sts.push(sts(Mode::Enforce, "*.example.org"));
                facts.certificate = Some(Ok(Life { is_self_signed: true, ..life(60) }));
            }),
        ),
        (
            "error mta-sts: mx: mx.example.org | _mta-sts.example.org. TXT \"v=STSv1; id=1800000000\"",
            change(|facts| facts.sts.push(sts(Mode::Enforce, "mail.example.org"))),
        ),
        (
            "warning mta-sts: mx: mx.example.org | _mta-sts.example.org. TXT \"v=STSv1; id=1800000000\"",
            change(|facts| facts.sts.push(sts(Mode::Testing, "mail.example.org"))),
        ),
        (
            "error mta-sts: _mta-sts.example.org. TXT \"v=STSv1; id=1800000000\"",
            change(|facts| {
                facts.sts.push(Sts { has_id: false, ..sts(Mode::Enforce, "mx.example.org") });
            }),
        ),
        (
            "error mta-sts",
            change(|facts| {
                let policy = Err("no answer in time".to_owned());
                facts.sts.push(Sts { policy, ..sts(Mode::Enforce, "mx.example.org") });
            }),
        ),
        (
            "warning tls-rpt: _smtp._tls.example.org. TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.org\"",
            change(|facts| {
                let records = vec!["v=TLSRPTv1; rua=mailto:nobody".to_owned()];
                facts.tls_rpt.push((domain("example.org"), records));
            }),
        ),
        (
            "error permissions: chmod o= '/etc/onward/srs.secret'",
            change(|facts| facts.secrets[0].1 = 0o100_644),
        ),
        (
            "error barred: chgrp onward '/etc/onward/srs.secret'; chmod g+r '/etc/onward/srs.secret'",
            change(|facts| {
                facts.barred.push(("/etc/onward/srs.secret".into(), "onward".to_owned()));
            }),
        ),
        ("warning disk", change(|facts| facts.disk = Some((1 << 29, 200 << 30)))),
        ("warning disk", change(|facts| facts.disk = Some((5 << 30, 200 << 30)))),
        (
            "warning clock: timedatectl set-ntp true",
            change(|facts| facts.is_clock_set = Some(false)),
        ),
        (
            "error port-25",
            change(|facts| facts.way_out = Some(("mx.test".to_owned(), "timed out".to_owned()))),
        ),
        ("hint gmail-self", change(|facts| facts.leads_to_gmail = true)),
    ];
    for (expected, spoil) in cases {
        let mut facts = healthy();
        spoil(&mut facts);
        assert_eq!(told(&facts), [expected]);
    }
}

#[test]
fn hosted_domains_whose_munged_mail_is_not_carried() {
    let config = |more: &str| {
        let text =
            format!("hostname = \"mx.example.org\"\n[srs]\ndomain = \"srs.example.org\"\n{more}");
        Config::parse(&text, Path::new("onward.toml"), &Machine::default()).unwrap()
    };
    let strict = "v=DMARC1; p=reject; adkim=s; aspf=s";
    let mut facts = healthy();
    facts.domains.push(mx("two.test", true, &["mx.example.org"], true));
    facts.keys = vec![Key { domain: "srs.example.org".to_owned(), ..key(true) }];
    let munged = |config: &Config, facts: &Facts| {
        let found = examine(config, facts).into_iter();
        let found = found.filter(|finding| ["munged", "own-from"].contains(&finding.id));
        found.map(|finding| finding.mend.join(" | ")).collect::<Vec<_>>()
    };
    assert_eq!(munged(&config(""), &facts), ["onward dkim key add two.test"]);
    assert_eq!(munged(&config("per_domain = true\n"), &facts), [""; 0]);
    let mark = "[auth]\nown_from = \"mark\"\n";
    assert_eq!(munged(&config(mark), &facts).len(), 2);
    for (record, is_fault) in [("v=DMARC1; p=reject; aspf=s", false), (strict, true)] {
        facts.policies = vec![(domain("example.org"), vec![record.to_owned()])];
        let found = munged(&config(""), &facts);
        assert_eq!(found.contains(&"onward dkim key add example.org".to_owned()), is_fault);
    }
    facts.keys.push(key(true));
    facts.keys.push(Key { domain: "two.test".to_owned(), ..key(true) });
    assert_eq!(munged(&config(""), &facts), [""; 0]);
}

#[test]
fn what_is_no_fault() {
    let mut facts = healthy();
    facts.keys.push(Key { state: KeyState::Retired, ..key(false) });
    facts.dmarc = vec!["v=DMARC1; sp=none; p = Reject".to_owned()];
    facts.certificate = None;
    facts.is_issued = true;
    facts.disk = None;
    facts.is_clock_set = None;
    facts.sts.push(sts(Mode::Enforce, "mx.example.org"));
    facts.sts.push(sts(Mode::None, "else.example.org"));
    facts.tls_rpt.push((domain("example.org"), Vec::new()));
    let told_where = vec!["v=TLSRPTv1; rua=mailto:a@b.test".to_owned()];
    facts.tls_rpt.push((domain("other.test"), told_where));
    assert_eq!(told(&facts), [""; 0], "ACME sees to it");
    facts.certificate = Some(Ok(Life { names: vec!["*.example.org".to_owned()], ..life(60) }));
    assert_eq!(told(&facts), [""; 0]);
}
