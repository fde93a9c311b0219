//! Lists of domains that mail is from.

use super::{client, list, onward, send};
use crate::support::dns::{Dns, Fault};
use crate::support::receiver::Receiver;
use std::net::Ipv4Addr;

const LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 2);

fn from(author: &str) -> Vec<u8> {
    format!("From: {author}\r\nSubject: x\r\n\r\nhello\r\n").into_bytes()
}

#[test]
fn the_domain_of_the_reverse_path_is_refused_at_rcpt() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.a("bad.test.dbl.test", LISTED).a("exact.good.test.dbl.test", LISTED);
    let onward = list(onward(&sink, &dns), "dbl.test", &["kind = \"from-domain\""]).start();
    for (path, told) in [
        ("x@bad.test", "bad.test is listed at dbl.test"),
        // What was registered, whatever stands in front.
        ("x@mail.bad.test", "bad.test is listed at dbl.test"),
        ("x@exact.good.test", "exact.good.test is listed at dbl.test"),
    ] {
        let mut client = client(&onward, "192.0.2.1");
        client.mail(path).expect_code(250);
        let refused = client.rcpt("hello@example.org").expect("550 5.7.1");
        assert!(refused.to_string().contains(told), "{refused}");
        client.rcpt("postmaster@example.org").expect_code(250);
    }
    send(&onward, "192.0.2.1", "x@good.test", &from("x@good.test")).expect_code(250);
    send(&onward, "192.0.2.1", "", &from("x@good.test")).expect_code(250);
    assert_eq!(dns.queries("1.2.0.192.dbl.test"), 0, "it has no addresses");
}

#[test]
fn domains_in_from_are_refused_at_the_end_of_the_message() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.a("bad.test.dbl.test", LISTED);
    let onward = list(
        onward(&sink, &dns),
        "dbl.test",
        &["kind = \"from-domain\"", "exempt = [\"friend.test\", \"198.51.100.0/24\"]"],
    )
    .start();
    for author in ["x@bad.test", "X <x@a.b.bad.test>", "a@good.test, x@bad.test"] {
        let refused = send(&onward, "192.0.2.1", "x@good.test", &from(author)).expect("550 5.7.1");
        assert!(refused.to_string().contains("bad.test is listed at dbl.test"), "{refused}");
    }
    // The postmaster is reached, by a transaction of his own.
    let mut listed = client(&onward, "192.0.2.1");
    listed.mail("x@good.test").expect_code(250);
    listed.rcpt("postmaster@example.org").expect_code(250);
    listed.rcpt("hello@example.org").expect("452 4.5.3");
    listed.data(&from("x@bad.test")).expect_code(250);
    let field = sink.wait_for_message().header("X-Onward-Listed").unwrap();
    assert!(field.contains("bad.test") && field.contains("dbl.test (127.0.1.2)"), "{field}");
    // Exempt: a domain, and what a client brings.
    dns.a("friend.test.dbl.test", LISTED);
    send(&onward, "192.0.2.1", "x@friend.test", &from("x@friend.test")).expect_code(250);
    assert_eq!(dns.queries("friend.test.dbl.test"), 0);
    send(&onward, "198.51.100.1", "x@bad.test", &from("x@bad.test")).expect_code(250);
}

/// What stands above it is asked about only where somebody else's mail is from there.
#[test]
fn an_exempt_subdomain_is_not_refused_for_the_registered_domain_above_it() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.a("friend.test.dbl.test", LISTED).a("news.test.dbl.test", LISTED);
    let exempt = "exempt = [\"mail.friend.test\", \"*.news.test\"]";
    let onward = list(onward(&sink, &dns), "dbl.test", &["kind = \"from-domain\"", exempt]).start();
    for friend in ["x@mail.friend.test", "x@a.news.test", "x@a.b.news.test"] {
        send(&onward, "192.0.2.1", friend, &from("x@good.test")).expect_code(250);
        send(&onward, "192.0.2.1", "x@good.test", &from(friend)).expect_code(250);
    }
    for name in ["friend.test.dbl.test", "news.test.dbl.test"] {
        assert_eq!(dns.queries(name), 0, "{name}");
    }
    for stranger in ["x@friend.test", "x@b.friend.test", "x@a.mail.friend.test", "x@news.test"] {
        let mut client = client(&onward, "192.0.2.1");
        client.mail(stranger).expect_code(250);
        client.rcpt("hello@example.org").expect("550 5.7.1");
        // Nor does the exemption of the reverse-path cover an author beside it.
        send(&onward, "192.0.2.1", "x@mail.friend.test", &from(stranger)).expect("550 5.7.1");
    }
}

#[test]
fn a_silent_list_of_domains_lists_nobody() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.fault("silent.test.dbl.test", Fault::Silence);
    let onward = list(onward(&sink, &dns), "dbl.test", &["kind = \"from-domain\""]).start();
    send(&onward, "192.0.2.1", "x@silent.test", &from("x@silent.test")).expect_code(250);
}

#[test]
fn a_bounce_to_a_sender_of_ours_is_never_refused() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.a("bad.test.dbl.test", LISTED);
    super::put(&dns, "192.0.2.1", "bl.test", [127, 0, 0, 2]);
    let builder = list(onward(&sink, &dns), "dbl.test", &["kind = \"from-domain\""]);
    let onward = list(builder, "bl.test", &[]).route("client.test", &sink.route()).start();
    let srs = onward.srs_forward("author@client.test");
    let mut listed = client(&onward, "192.0.2.1");
    listed.transaction("", &[&srs], &from("MAILER-DAEMON@bad.test")).expect_code(250);
    sink.wait_for_message();
    // Somebody who writes there is no bounce.
    listed.mail("x@good.test").expect_code(250);
    listed.rcpt(&srs).expect("550 5.7.1");
}
