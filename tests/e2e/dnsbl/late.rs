//! Lists that take their time: what they say counts, and for all recipients of a transaction alike.

use super::{MESSAGE, asks_for, client, entry, list, onward, proxied, put};
use crate::metrics::get;
use crate::support::dns::{Dns, Fault};
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ZONE: &str = "slow.test";
const IP: &str = "192.0.2.1";

/// The list has told of so many listings.
fn has_listed(http: SocketAddr, listings: usize) {
    let line = format!("onward_dnsbl_total{{zone=\"{ZONE}\",outcome=\"listed\"}} {listings}\n");
    wait_until("the late listing", || get(http, "GET /metrics").contains(&line).then_some(()));
}

#[test]
fn a_list_that_takes_three_seconds_counts_and_the_greeting_waits_for_two() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let builder = list(onward(&sink, &dns), ZONE, &[]);
    let onward = list(builder, "dbl.test", &["kind = \"from-domain\""]).start();
    put(&dns, IP, ZONE, [127, 0, 0, 2]);
    dns.a("bad.test.dbl.test", [127, 0, 1, 2].into());
    for name in [&entry(IP, ZONE), "bad.test.dbl.test"] {
        dns.fault(name, Fault::Slow(Duration::from_secs(3)));
    }
    let began = Instant::now();
    let mut listed = proxied(&onward, IP);
    listed.reply().expect_code(220);
    let greeted = began.elapsed();
    assert!(greeted < Duration::from_millis(2900), "{greeted:?}");
    listed.ehlo("client.test").expect_code(250);
    listed.mail("a@client.test").expect_code(250);
    listed.rcpt("hello@example.org").expect("550 5.7.1");
    // The answer is kept: nobody waits for it again.
    dns.ttl(&entry("192.0.2.2", ZONE), 3600);
    let mut author = client(&onward, "192.0.2.2");
    author.mail("a@bad.test").expect_code(250);
    author.rcpt("hello@example.org").expect("550 5.7.1");
}

#[test]
fn a_listing_that_comes_between_recipients_does_not_refuse_those_that_were_accepted() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let (builder, http) = onward(&sink, &dns).listen("http", &[]);
    let allow = |alias, who| ["alias", "set", alias, "--allow", who];
    let onward = list(builder, ZONE, &[])
        .alias("one@example.org", &["bob@sink.test"])
        .alias("two@example.org", &["bob@sink.test"])
        .run_first(&allow("one@example.org", "@one.test"))
        .run_first(&allow("two@example.org", "@two.test"))
        .start();
    put(&dns, IP, ZONE, [127, 0, 0, 2]);
    dns.fault(&entry(IP, ZONE), Fault::Held);
    let mut listed = client(&onward, IP);
    listed.mail("a@client.test").expect_code(250);
    // What is not known now is not known for the whole transaction.
    listed.rcpt("postmaster@example.org").expect_code(250);
    dns.fault(&entry(IP, ZONE), Fault::Slow(Duration::ZERO));
    has_listed(http, 1);
    for recipient in ["hello@example.org", "one@example.org", "two@example.org"] {
        listed.rcpt(recipient).expect_code(250);
    }
    listed.data(MESSAGE).expect_code(250);
    // In the next one it is known: each allow list decides for itself.
    listed.mail("a@client.test").expect_code(250);
    listed.rcpt("hello@example.org").expect("550 5.7.1");
    listed.rcpt("one@example.org").expect_code(250);
    listed.rcpt("two@example.org").expect("452 4.5.3");
    listed.rcpt("postmaster@example.org").expect("452 4.5.3");
    listed.data(MESSAGE).expect("550 5.7.1");
    assert_eq!(sink.count(), 1);
}

/// What a list that never answers costs: nobody waits long for it again and again.
#[test]
fn a_list_that_is_silent_again_and_again_is_waited_for_no_longer_than_the_greeting() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let (builder, http) = onward(&sink, &dns).listen("http", &[]);
    let onward = list(builder, ZONE, &[]).start();
    dns.fault(&format!("*.{ZONE}"), Fault::Silence);
    let took = |ip: &str| {
        let began = Instant::now();
        asks_for(&onward, ip, "hello@example.org").expect_code(250);
        began.elapsed()
    };
    // Sessions that stay until their questions have ended.
    let mut first: Vec<_> = (1..=3).map(|n| proxied(&onward, &format!("198.51.100.{n}"))).collect();
    for client in &mut first {
        client.reply().expect_code(220);
    }
    onward.wait_for_log("is waited for no longer");
    let silent = took("192.0.2.1");
    assert!(silent < Duration::from_secs(6), "{silent:?}");
    // It is believed as soon as it answers again.
    dns.clear(&format!("*.{ZONE}"));
    put(&dns, "192.0.2.2", ZONE, [127, 0, 0, 2]);
    asks_for(&onward, "192.0.2.2", "hello@example.org").expect("550 5.7.1");
    has_listed(http, 1);
}
