//! The allow list of an alias beats lists in DNS, for senders who are proven.

use super::{asks_for, client, list, onward, put};
use crate::support::dns::{Dns, Fault};
use crate::support::receiver::Receiver;
use std::net::Ipv4Addr;

const IP: &str = "192.0.2.1";

#[test]
fn an_allowed_sender_gets_past_the_lists_if_it_is_proven() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    put(&dns, IP, "bl.test", [127, 0, 0, 2]);
    dns.a("shop.test.dbl.test", Ipv4Addr::new(127, 0, 1, 2));
    dns.txt("shop.test", &format!("v=spf1 ip4:{IP} -all"));
    dns.txt("forged.test", "v=spf1 ip4:198.51.100.1 -all");
    let builder = list(onward(&sink, &dns), "bl.test", &[]);
    let onward = list(builder, "dbl.test", &["kind = \"from-domain\""])
        .alias("other@example.org", &["bob@sink.test"])
        .run_first(&[
            "alias",
            "set",
            "hello@example.org",
            "--allow",
            "@shop.test",
            "--allow",
            "@forged.test",
        ])
        .start();
    let message =
        |domain: &str| format!("From: news@{domain}\r\nSubject: x\r\n\r\nhello\r\n").into_bytes();
    let mut listed = client(&onward, IP);
    listed
        .transaction("news@shop.test", &["hello@example.org"], &message("shop.test"))
        .expect_code(250);
    // The allow list is that of one alias.
    listed.mail("news@shop.test").expect_code(250);
    listed.rcpt("other@example.org").expect("550 5.7.1");
    listed.command("RSET").expect_code(250);
    // A name that somebody writes is no proof, nor is a sender whom nobody allows.
    for domain in ["forged.test", "else.test"] {
        let from = format!("news@{domain}");
        let refused = listed.transaction(&from, &["hello@example.org"], &message(domain));
        assert!(refused.expect("550 5.7.1").to_string().contains("192.0.2.1 is listed at bl.test"));
    }
    // From, by SPF of its own domain, and a reverse-path below.
    dns.txt("bounce.shop.test", &format!("v=spf1 ip4:{IP} -all"));
    listed
        .transaction("x@bounce.shop.test", &["hello@example.org"], &message("shop.test"))
        .expect_code(250);
    assert_eq!(sink.wait_for_messages(2).len(), 2);
    asks_for(&onward, IP, "other@example.org").expect("550 5.7.1");
}

#[test]
fn a_listed_sender_who_is_allowed_comes_again_while_dns_does_not_answer_about_it() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    put(&dns, IP, "bl.test", [127, 0, 0, 2]);
    dns.fault("shop.test", Fault::ServFail);
    let onward = list(onward(&sink, &dns), "bl.test", &[])
        .run_first(&["alias", "set", "hello@example.org", "--allow", "@shop.test"])
        .start();
    let message = b"From: news@shop.test\r\nSubject: x\r\n\r\nhello\r\n";
    client(&onward, IP)
        .transaction("news@shop.test", &["hello@example.org"], message)
        .expect("451 4.4.3");
}
