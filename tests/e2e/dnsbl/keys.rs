//! A list with a key in its name: the key is asked, and shows nowhere.

use super::{MESSAGE, asks_for, client, list, onward, send};
use crate::metrics::get;
use crate::support::dns::{Dns, Fault};
use crate::support::receiver::Receiver;
use std::net::Ipv4Addr;

const KEY: &str = "s3cr3tk3yabcdefghijklmnop1";
const SHORT: &str = "qz7x";
const LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Nothing that anybody reads holds a key.
#[track_caller]
fn is_clean(what: &str, text: &str) {
    let text = text.to_ascii_lowercase();
    for key in [KEY, SHORT] {
        let at = text.find(key);
        assert!(
            at.is_none(),
            "{what} shows the key: {:?}",
            at.map(|at| &text[at.saturating_sub(200)..])
        );
    }
}

#[test]
fn a_key_is_in_no_log_reply_field_figure_or_listing() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let zen = format!("{KEY}.zen.dq.spamhaus.net");
    let own = format!("{SHORT}.own.test");
    let told = format!("{SHORT}.told.test");
    let dbl = format!("{KEY}.dbl.dq.spamhaus.net");
    for (name, code) in [
        (format!("1.2.0.192.{zen}"), LISTED),
        (format!("3.2.0.192.{zen}"), Ipv4Addr::new(127, 255, 255, 252)),
        (format!("4.2.0.192.{zen}"), Ipv4Addr::new(192, 0, 2, 99)),
        (format!("5.2.0.192.{own}"), LISTED),
        (format!("bad.test.{dbl}"), LISTED),
        (format!("8.2.0.192.{told}"), LISTED),
    ] {
        dns.a(&name, code);
    }
    // Words that repeat the key are not repeated.
    dns.txt(&format!("1.2.0.192.{zen}"), &format!("https://check.test/?key={KEY}"));
    for text in [format!("listed, key {SHORT}"), format!("https://check.test/{SHORT}/x")] {
        dns.txt(&format!("8.2.0.192.{told}"), &text);
    }
    dns.fault(&format!("2.2.0.192.{zen}"), Fault::Silence);
    dns.fault(&format!("6.2.0.192.{zen}"), Fault::ServFail);
    let (builder, http) = onward(&sink, &dns).listen("http", &[]);
    let builder = list(builder, &zen.to_ascii_uppercase(), &[]);
    let builder = list(builder, &format!("{{{SHORT}}}.own.test"), &["action = \"mark\""]);
    let builder = list(builder, &format!("{{{SHORT}}}.told.test"), &[]);
    let builder = list(builder, &dbl, &["kind = \"from-domain\""]);
    let onward = builder.config("log_level = \"trace\"").start();

    let refused = asks_for(&onward, "192.0.2.1", "hello@example.org").expect("550 5.7.1");
    assert!(
        refused.to_string().contains("192.0.2.1 is listed at zen.dq.spamhaus.net: "),
        "{refused}"
    );
    for ip in ["192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"] {
        send(&onward, ip, "a@client.test", MESSAGE).expect_code(250);
    }
    let short = asks_for(&onward, "192.0.2.8", "hello@example.org").expect("550 5.7.1");
    assert!(short.to_string().contains("192.0.2.8 is listed at told.test: "), "{short}");
    let mut bad = client(&onward, "192.0.2.7");
    bad.mail("a@bad.test").expect_code(250);
    is_clean("a reply", &bad.rcpt("hello@example.org").expect("550 5.7.1").to_string());
    is_clean("a reply", &refused.to_string());
    for message in sink.wait_for_messages(5) {
        is_clean("a message", &String::from_utf8_lossy(&message.data));
    }
    onward.wait_for_trace(&["--from", "a@client.test"], 7);
    onward.wait_for_log("refuses nobody now");
    let page = get(http, "GET /metrics");
    assert!(
        page.contains("onward_dnsbl_total{zone=\"zen.dq.spamhaus.net\",outcome=\"listed\"} 1"),
        "{page}"
    );
    is_clean("/metrics", &page);
    let explain = ["explain", "hello@example.org", "--from", "a@bad.test", "--ip"];
    let silent = onward.cli(&[&explain[..], &["192.0.2.2", "--log", "trace"]].concat());
    is_clean("explain", &(silent.stdout + silent.stderr.as_str()));
    for ip in ["192.0.2.1", "192.0.2.3", "192.0.2.8"] {
        for more in [&[][..], &["--json"], &["--log", "trace"]] {
            let told = onward.cli(&[&explain[..], &[ip], more].concat());
            is_clean("explain", &(told.stdout + told.stderr.as_str()));
        }
    }
    for command in [
        &["trace"][..],
        &["trace", "--json"],
        &["status", "--json"],
        &["check"],
        &["doctor", "--address", "192.0.2.1", "--dnsbl", &zen],
        &["doctor", "--json", "--log", "trace"],
        &["check", "--log", "trace"],
    ] {
        let told = onward.cli(command);
        is_clean(command[0], &(told.stdout + told.stderr.as_str()));
    }
    let log = onward.log().join("\n");
    assert!(log.contains("[key].zen.dq.spamhaus.net"), "the library told of it");
    is_clean("the log", &log);
}

#[test]
fn what_is_wrong_with_a_name_is_said_without_the_key() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    for zone in [
        format!("zone = \"{KEY}..zen.dq.spamhaus.net\""),
        format!("zone = \"{{{KEY}.zen.dq.spamhaus.net\""),
        format!("zone = \"{KEY} .zen.dq.spamhaus.net\""),
        format!("zone = {KEY}.zen.dq.spamhaus.net"),
        format!("zone = [\"{KEY}.zen.dq.spamhaus.net\"]"),
        format!("zone = \"{KEY}.zen.dq.spamhaus.net"),
        format!("zone = \"{KEY}.zen.dq.spamhaus.net\"\nkind = \"else\""),
    ] {
        let onward =
            onward(&sink, &dns).toml(&format!("[[dnsbl]]\n{zone}\n")).without_commands().build();
        let told = onward.cli(&["check"]);
        assert_eq!(told.code, Some(1), "{zone}");
        is_clean("check", &(told.stdout + told.stderr.as_str()));
    }
}
