//! The SPF project's suite for RFC 7208, and senders who mean no good.

use crate::support::dns::{Dns, Fault};
use onward::auth::spf::{self, Query, Reach, Spf};
use onward::dns::Resolver;
use serde::Deserialize;
use serde_yaml_ng::Value;
use std::time::Duration;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(20);

/// The suite has so many cases; not one may be lost on the way.
const CASES: usize = 203;

#[tokio::test]
async fn rfc7208() {
    let Some(text) = crate::suite("rfc7208-tests.yml") else { return };
    let (mut cases, mut wrong) = (0, Vec::new());
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let scenario = Value::deserialize(document).unwrap();
        let Some(tests) = scenario.get("tests").and_then(Value::as_mapping) else { continue };
        let dns = zone(&scenario["zonedata"]);
        let resolver = Resolver::new(&[dns.address()]).unwrap();
        for (name, case) in tests {
            cases += 1;
            let query = Query {
                ip: text_of(&case["host"]).parse().unwrap(),
                helo: &text_of(&case["helo"]),
                sender: &text_of(&case["mailfrom"]),
            };
            let result = spf::check(&resolver, &query, Instant::now() + PATIENCE).await;
            let wanted: Vec<String> = match &case["result"] {
                Value::Sequence(list) => list.iter().map(text_of).collect(),
                one => vec![text_of(one)],
            };
            if !wanted.contains(&result.to_string()) {
                wrong.push(format!("{}: {result}, not {wanted:?}", text_of(name)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}: {wrong:#?}", wrong.len());
    assert_eq!(cases, CASES);
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => serde_yaml_ng::to_string(other).unwrap().trim().to_owned(),
    }
}

/// Serves the names of a scenario. SPF entries stand for TXT where a name has none; `TXT: NONE` says
/// that it has none on purpose; TIMEOUT is for whatever is not there.
fn zone(data: &Value) -> Dns {
    let dns = Dns::start();
    for (name, entries) in data.as_mapping().unwrap() {
        let name = text_of(name);
        let entries: Vec<&Value> = entries.as_sequence().unwrap().iter().collect();
        let has_txt = entries.iter().any(|entry| entry.get("TXT").is_some());
        // Known, whatever else it has.
        dns.know(&name);
        for entry in entries {
            let Some(entry) = entry.as_mapping() else {
                dns.fault(&name, Fault::ServFailElse);
                continue;
            };
            for (kind, value) in entry {
                match text_of(kind).as_str() {
                    "TXT" if text_of(value) == "NONE" => {}
                    "TXT" => txt(&dns, &name, value),
                    "SPF" if !has_txt => txt(&dns, &name, value),
                    "SPF" => {}
                    "A" => drop(dns.a(&name, text_of(value).parse().unwrap())),
                    "AAAA" => drop(dns.aaaa(&name, text_of(value).parse().unwrap())),
                    "MX" => {
                        let preference = value[0].as_u64().unwrap() as u16;
                        dns.mx(&name, preference, &text_of(&value[1]));
                    }
                    "PTR" => drop(dns.ptr(&name, &text_of(value))),
                    "CNAME" => drop(dns.cname(&name, &text_of(value))),
                    other => panic!("{name}: {other}"),
                }
            }
        }
    }
    dns
}

/// The suite writes bytes as the characters of the same numbers.
fn txt(dns: &Dns, name: &str, value: &Value) {
    let strings: Vec<Vec<u8>> = match value {
        // DNS has no TXT record without strings.
        Value::Sequence(list) if list.is_empty() => vec![Vec::new()],
        Value::Sequence(list) => list.iter().map(|one| bytes_of(&text_of(one))).collect(),
        one => bytes_of(&text_of(one)).chunks(255).map(<[u8]>::to_vec).collect(),
    };
    dns.txt_strings(name, &strings.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

async fn checked(dns: &Dns, sender: &str, patience: Duration) -> Spf {
    let resolver = Resolver::new(&[dns.address()]).unwrap();
    let query = Query { ip: "192.0.2.1".parse().unwrap(), helo: "h.test", sender };
    spf::check(&resolver, &query, Instant::now() + patience).await
}

#[tokio::test]
async fn hostile_records_end_soon_and_never_pass() {
    let dns = Dns::start();
    dns.txt("loop.test", "v=spf1 include:loop.test +all");
    dns.txt("two.test", "v=spf1 +all").txt("two.test", "v=spf1 +all");
    let void: String = (0..9).map(|n| format!(" a:nothing{n}.void.test")).collect();
    dns.txt("void.test", &format!("v=spf1{void} +all"));
    let many: String = (0..1_000).map(|n| format!(" a:a{n}.many.test")).collect();
    dns.txt("many.test", &format!("v=spf1{many} +all"))
        .txt_strings("raw.test", &[b"v=spf1 +all \xff"]);
    let macros = "%{d}.".repeat(4_000);
    dns.txt("macro.test", &format!("v=spf1 exists:{macros}test +all"));
    for n in 0..30 {
        dns.txt(&format!("c{n}.test"), &format!("v=spf1 redirect=c{}.test", n + 1));
    }
    for (domain, result) in [
        ("loop.test", Spf::PermError),
        ("two.test", Spf::PermError),
        ("void.test", Spf::PermError),
        ("many.test", Spf::PermError),
        ("raw.test", Spf::PermError),
        ("c0.test", Spf::PermError),
    ] {
        assert_eq!(checked(&dns, &format!("a@{domain}"), PATIENCE).await, result, "{domain}");
    }
    // One name that does not exist is no reason to say no.
    assert_eq!(checked(&dns, "a@macro.test", PATIENCE).await, Spf::Pass);
}

/// Ten terms of ten hosts each would be a hundred questions at a third party for one message.
#[tokio::test]
async fn mx_hosts_that_do_not_exist_end_the_check() {
    let dns = Dns::start();
    let terms: String = (0..10).map(|n| format!(" mx:m{n}.test")).collect();
    dns.txt("fan.test", &format!("v=spf1{terms} +all"));
    let host = |n: usize, m: usize| format!("h{n}-{m}.victim.test");
    for n in 0..10 {
        for m in 0..10 {
            dns.mx(&format!("m{n}.test"), 10, &host(n, m));
        }
    }
    assert_eq!(checked(&dns, "a@fan.test", PATIENCE).await, Spf::PermError);
    let asked: usize = (0..10)
        .flat_map(|n| (0..10).map(move |m| (n, m)))
        .map(|(n, m)| dns.queries(&host(n, m)))
        .sum();
    assert!(asked <= 3, "{asked} questions at the third party");
}

/// Hosts that exist, without an address of the client's family, are ordinary.
#[tokio::test]
async fn mx_hosts_of_the_other_family_are_no_fault() {
    let dns = Dns::start();
    dns.txt("six.test", "v=spf1 mx ip4:192.0.2.1 -all");
    for n in 0..5 {
        let host = format!("h{n}.six.test");
        dns.mx("six.test", 10, &host).aaaa(&host, "2001:db8::1".parse().unwrap());
    }
    assert_eq!(checked(&dns, "a@six.test", PATIENCE).await, Spf::Pass);
}

/// Hosts that exist are not void: what a record may have asked of their domain has a bound of its own.
#[tokio::test]
async fn hosts_of_all_mx_together_are_bounded() {
    let dns = Dns::start();
    dns.a("*.victim.test", "192.0.2.2".parse().unwrap());
    for n in 0..10 {
        for host in 0..10 {
            dns.mx(&format!("m{n}.test"), 10, &format!("{n}-{host}.victim.test"));
        }
    }
    let record = |terms: u32, last: &str| {
        let terms: Vec<String> = (0..terms).map(|n| format!("mx:m{n}.test")).collect();
        format!("v=spf1 {} {last}", terms.join(" "))
    };
    dns.txt("three.test", &record(3, "+all")).txt("ten.test", &record(10, "+all"));
    assert_eq!(checked(&dns, "a@three.test", PATIENCE).await, Spf::Pass);
    assert_eq!(dns.queries_below("victim.test"), 30);
    assert_eq!(checked(&dns, "a@ten.test", PATIENCE).await, Spf::PermError);
    assert_eq!(dns.queries_below("victim.test"), 60);
}

#[tokio::test]
async fn what_many_ask_at_once_is_asked_once() {
    let dns = Dns::start();
    dns.txt("busy.test", "v=spf1 ip4:192.0.2.1 -all");
    let resolver = Resolver::new(&[dns.address()]).unwrap();
    let (dns, resolver) = (&dns, &resolver);
    let check = async |n: u32| {
        let query = Query {
            ip: "192.0.2.1".parse().unwrap(),
            helo: "h.test",
            sender: &format!("{n}@busy.test"),
        };
        spf::check(resolver, &query, Instant::now() + PATIENCE).await
    };
    let (a, b, c, d) = tokio::join!(check(1), check(2), check(3), check(4));
    assert_eq!([a, b, c, d], [Spf::Pass; 4]);
    assert_eq!(dns.queries("busy.test"), 1);
    // And one that comes later asks again only where the answer does not hold any more.
    dns.keep(60).txt("kept.test", "v=spf1 -all");
    for _ in 0..3 {
        let query =
            Query { ip: "192.0.2.1".parse().unwrap(), helo: "h.test", sender: "a@kept.test" };
        assert_eq!(spf::check(resolver, &query, Instant::now() + PATIENCE).await, Spf::Fail);
        let query = Query { sender: "a@nobody.test", ..query };
        assert_eq!(spf::check(resolver, &query, Instant::now() + PATIENCE).await, Spf::None);
    }
    assert_eq!((dns.queries("kept.test"), dns.queries("nobody.test")), (1, 1));
}

#[tokio::test]
async fn silence_is_no_pass_and_has_an_end() {
    let dns = Dns::start();
    dns.fault("silent.test", Fault::Silence);
    let began = std::time::Instant::now();
    let patience = Duration::from_millis(300);
    assert_eq!(checked(&dns, "a@silent.test", patience).await, Spf::TempError);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

async fn reach(dns: &Dns, ip: &str, sender: &str, patience: Duration) -> Reach {
    let resolver = Resolver::new(&[dns.address()]).unwrap();
    let query = Query { ip: ip.parse().unwrap(), helo: "mail.evil.test", sender };
    spf::reach(&resolver, &query, Instant::now() + patience).await
}

#[tokio::test]
async fn a_record_that_passes_everybody_is_seen_in_every_disguise() {
    let dns = Dns::start();
    dns.a("yes.wild.test", "192.0.2.1".parse().unwrap());
    for ip in ["192.0.2", "198.51.100", "203.0.113"] {
        for host in [85, 170] {
            dns.a(&format!("{ip}.{host}.wild.test"), "127.0.0.2".parse().unwrap());
        }
    }
    dns.txt("inner.test", "v=spf1 ?all").txt("outer.test", "v=spf1 +all");
    for (at, (record, expected)) in [
        ("+all", Reach::Everybody),
        ("-ip4:10.0.0.0/8 all", Reach::Everybody),
        ("ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", Reach::Everybody),
        ("ip4:0.0.0.0/0 -all", Reach::Everybody),
        ("exists:yes.wild.test -all", Reach::Everybody),
        ("exists:%{i}.wild.test -all", Reach::Everybody),
        ("a:yes.wild.test/0 -all", Reach::Everybody),
        ("include:outer.test -all", Reach::Everybody),
        ("redirect=outer.test", Reach::Everybody),
        // Whoever brings mail has a name, and says HELO, as they like.
        ("a:%{h} -all", Reach::Everybody),
        ("a:%{p} -all", Reach::Everybody),
        ("include:%{h2} -all", Reach::Everybody),
        ("redirect=%{h}", Reach::Everybody),
        ("ip4:192.0.2.0/25 ip4:198.51.100.128/25 ip4:203.0.113.0/24 -all", Reach::Everybody),
        ("ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all", Reach::Some),
        ("ip4:127.0.0.1 -all", Reach::Some),
        ("ip4:127.0.0.1 ~all", Reach::Some),
        ("ip4:127.0.0.0/8 include:inner.test ?all", Reach::Some),
        ("ip4:127.0.0.1 exists:%{h}._helo.wild.test ptr -all", Reach::Some),
        ("ip4:127.0.0.1 -a:%{h} -all", Reach::Some),
        // What it asks for others makes no sense: it passes nobody else.
        ("ip4:127.0.0.1 include:%{i}.nothing.test", Reach::Some),
        ("ip6:::/0 -all", Reach::Some),
    ]
    .into_iter()
    .enumerate()
    {
        let domain = format!("r{at}.test");
        dns.txt(&domain, &format!("v=spf1 {record}"));
        let found = reach(&dns, "127.0.0.1", &format!("a@{domain}"), PATIENCE).await;
        assert_eq!(found, expected, "{record}");
    }
    dns.txt("six.test", "v=spf1 ip6:::/0 -all").txt("some.test", "v=spf1 ip6:2001:db8::/32 -all");
    for (ip, domain, expected) in [
        ("::1", "six.test", Reach::Everybody),
        ("::1", "some.test", Reach::Some),
        ("::ffff:127.0.0.1", "six.test", Reach::Some),
    ] {
        assert_eq!(reach(&dns, ip, &format!("a@{domain}"), PATIENCE).await, expected, "{domain}");
    }
}

#[tokio::test]
async fn whom_a_record_passes_is_unknown_where_dns_does_not_tell() {
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 include:fails.test -all");
    dns.fault("fails.test", Fault::ServFail).fault("silent.test", Fault::Silence);
    assert_eq!(reach(&dns, "127.0.0.1", "a@spf.test", PATIENCE).await, Reach::Unknown);
    let patience = Duration::from_millis(300);
    assert_eq!(reach(&dns, "127.0.0.1", "a@silent.test", patience).await, Reach::Unknown);
}
