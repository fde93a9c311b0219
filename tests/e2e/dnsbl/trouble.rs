//! Lists that answer with something else than a listing: nobody is refused for it, and the operator hears of it.

use super::{MESSAGE, asks_for, entry, list, onward, put, send};
use crate::metrics::get;
use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use serde_json::Value;
use std::net::Ipv4Addr;

#[test]
fn what_is_no_listing_refuses_nobody_and_is_an_error_once_an_hour() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let (builder, http) = onward(&sink, &dns).listen("http", &[]);
    let zones = [
        ("wrong.test", [127, 255, 255, 252], "the zone does not exist there, or the key is wrong"),
        ("public.test", [127, 255, 255, 254], "it does not answer who asks by a public resolver"),
        ("limit.test", [127, 255, 255, 255], "it was asked more often than it allows"),
        ("sold.test", [203, 0, 113, 9], "its domain may be for sale"),
        ("domains.test", [127, 0, 1, 255], "it lists domains, not addresses"),
        ("declines.test", [127, 0, 0, 1], "it declines to answer (127.0.0.1)"),
        ("gone.test", [127, 0, 0, 2], "it lists everybody"),
    ];
    let mut builder = builder;
    for (zone, code, _) in zones {
        builder = list(builder, zone, &[]);
        for ip in ["192.0.2.1", "192.0.2.2", "127.0.0.1"] {
            put(&dns, ip, zone, code);
        }
    }
    let onward = builder.start();
    for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
        send(&onward, ip, "a@client.test", MESSAGE).expect_code(250);
    }
    let page = get(http, "GET /metrics");
    let log = onward.log();
    for (zone, _, told) in zones {
        let errors: Vec<_> = log
            .iter()
            .filter(|line| line.contains("ERROR") && line.contains(&format!("zone={zone}")))
            .collect();
        assert_eq!(errors.len(), 1, "{zone}: {errors:?}");
        assert!(errors[0].contains(told), "{errors:?}");
        let line = format!("onward_dnsbl_total{{zone=\"{zone}\",outcome=\"error\"}} 3");
        assert!(page.contains(&line), "{line}: {page}");
    }
    // A list that works is believed beside them.
    dns.clear(&entry("127.0.0.1", "limit.test"));
    put(&dns, "192.0.2.3", "limit.test", [127, 0, 0, 2]);
    asks_for(&onward, "192.0.2.3", "hello@example.org").expect("550 5.7.1");
}

fn findings(onward: &Onward) -> Vec<String> {
    let told = onward.cli(&["doctor", "--json", "--address", "192.0.2.10"]);
    let findings = told.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_lists = findings.filter(|finding| finding["id"] == "dnsbl");
    of_lists.map(|finding| finding["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn doctor_asks_what_every_list_must_have_and_must_not() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let mut builder = onward(&sink, &dns);
    for zone in ["good.test", "nobody.test", "everybody.test", "wrong.test"] {
        builder = list(builder, zone, &["codes = [\"127.0.0.10\"]"]);
    }
    for zone in ["rfc.test", "dbl.test", "none.test", "all.test"] {
        builder = list(builder, zone, &["kind = \"from-domain\""]);
    }
    let onward = list(builder, "silent.test", &[]).build();
    put(&dns, "127.0.0.2", "good.test", [127, 0, 0, 2]);
    for ip in ["127.0.0.1", "127.0.0.2"] {
        put(&dns, ip, "everybody.test", [127, 0, 0, 2]);
        put(&dns, ip, "wrong.test", [127, 255, 255, 252]);
    }
    let listed = Ipv4Addr::new(127, 0, 1, 2);
    dns.a("test.rfc.test", listed).a("dbltest.com.dbl.test", listed);
    dns.a("test.all.test", listed).a("invalid.all.test", listed);
    dns.fault("2.0.0.127.silent.test", Fault::ServFail);
    let found = findings(&onward);
    let expected = [
        "the list nobody.test (kind client) does not work: it does not list what every list lists",
        "the list everybody.test (kind client) does not work: it lists everybody; take it out",
        "the list wrong.test (kind client) does not work: the zone does not exist there, or the key",
        "the list none.test (kind from-domain) does not work: it does not list what every list",
        "the list all.test (kind from-domain) does not work: it lists everybody",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
    let told = onward.cli(&["doctor", "--address", "192.0.2.10"]).stdout;
    assert!(told.contains("2.0.0.127.silent.test"), "no answer is told: {told}");
}

#[test]
fn explain_tells_what_each_list_says() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let builder = list(onward(&sink, &dns), "a.test", &["action = \"mark\""]);
    let builder = list(builder, "b.test", &[]);
    let builder = list(builder, "wrong.test", &[]);
    let onward = list(builder, "dbl.test", &["kind = \"from-domain\""]).build();
    put(&dns, "192.0.2.1", "a.test", [127, 0, 0, 3]);
    put(&dns, "192.0.2.2", "b.test", [127, 0, 0, 2]);
    put(&dns, "192.0.2.1", "wrong.test", [127, 255, 255, 252]);
    dns.a("bad.test.dbl.test", Ipv4Addr::new(127, 0, 1, 2));
    let explain = |ip: &str, more: &[&str]| {
        let question = ["explain", "hello@example.org", "--from", "x@good.test", "--ip", ip];
        onward.cli(&[&question[..], more].concat())
    };
    let told = explain("192.0.2.1", &[]);
    assert_eq!(told.code, Some(0), "{}{}", told.stdout, told.stderr);
    for line in [
        "list     192.0.2.1 is listed at a.test (127.0.0.3), mark",
        "list     192.0.2.1 is not listed at b.test",
        "list     good.test is not listed at dbl.test",
        "list     192.0.2.1: no answer of wrong.test: the zone does not exist there",
    ] {
        assert!(told.stdout.contains(line), "{line}: {}", told.stdout);
    }
    let told = explain("192.0.2.2", &["--json"]);
    assert_eq!(told.code, Some(1));
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert!(told["reply"].as_str().unwrap().starts_with("550 5.7.1"), "{told}");
    let of_b =
        told["lists"].as_array().unwrap().iter().find(|list| list["zone"] == "b.test").unwrap();
    assert_eq!(
        (&of_b["answer"], &of_b["code"], &of_b["action"]),
        (&"listed".into(), &"127.0.0.2".into(), &"refuse".into())
    );
    let told = explain("192.0.2.1", &["--header-from", "x@bad.test"]);
    assert!(
        told.stdout.contains("list     bad.test is listed at dbl.test (127.0.1.2), refuse"),
        "{}",
        told.stdout
    );
    assert_eq!(told.code, Some(1));
}

#[test]
fn explain_tells_of_a_list_that_does_not_answer() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let builder = list(onward(&sink, &dns), "silent.test", &[]);
    let builder = list(builder, "good.test", &[]);
    let onward = list(builder, "dbl.test", &["kind = \"from-domain\""]).build();
    dns.fault(&entry("192.0.2.1", "silent.test"), Fault::Silence);
    dns.fault("author.test.dbl.test", Fault::Silence);
    let explain = |ip: &str, more: &[&str]| {
        let question = ["explain", "hello@example.org", "--from", "x@sender.test", "--ip", ip];
        onward.cli(&[&question[..], more].concat())
    };
    let told = explain("192.0.2.1", &[]);
    assert_eq!(told.code, Some(0), "{}{}", told.stdout, told.stderr);
    let lists: Vec<_> = told.stdout.lines().filter(|line| line.starts_with("list ")).collect();
    let expected = [
        "list     192.0.2.1: silent.test does not answer (timeout)",
        "list     192.0.2.1 is not listed at good.test",
        "list     sender.test is not listed at dbl.test",
    ];
    assert_eq!(lists, expected);
    let told = explain("192.0.2.2", &["--header-from", "x@author.test", "--json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    let lists = told["lists"].as_array().unwrap().iter();
    let answers: Vec<_> = lists.map(|list| list["answer"].as_str().unwrap()).collect();
    assert_eq!(answers, ["not", "not", "not", "timeout"], "{told}");
}
