//! Who pays for the questions to lists: the client because of whom they are asked.

use super::{MESSAGE, client, list, onward, proxied, put, send};
use crate::support::dns::Dns;
use crate::support::receiver::Receiver;
use std::net::Ipv4Addr;

/// Before there was a budget for them: 2,030 questions in five seconds.
#[test]
fn addresses_of_one_network_have_a_list_asked_no_more_often_than_the_budget() {
    const BUDGET: usize = 40;
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let onward = list(onward(&sink, &dns), "bl.test", &[])
        .config(&format!("limits.dns_questions_per_client = \"{BUDGET}/1h\""))
        .config("limits.exempt = [\"198.51.100.9\"]")
        .config("limits.connections_per_client = 1000")
        .start();
    let ip = |n: usize| format!("2001:db8:0:1::{n:x}");
    for n in 1..=3 * BUDGET {
        proxied(&onward, &ip(n)).reply().expect_code(220);
    }
    let asked = dns.queries_below("bl.test");
    assert!((BUDGET..=BUDGET + 1).contains(&asked), "{asked} questions");
    // Whoever is not asked about is not let through for it, either.
    put(&dns, &ip(0xffff), "bl.test", [127, 0, 0, 2]);
    let refused = client(&onward, &ip(0xffff)).mail("a@client.test").expect("450 4.7.1");
    let told = "Too many DNS questions because of 2001:db8:0:1::/64 (40/1h), try again in";
    assert!(refused.to_string().contains(told), "{refused}");
    assert_eq!(dns.queries_below("bl.test"), asked);
    // It is nobody else's budget.
    send(&onward, "2001:db8:0:2::1", "a@client.test", MESSAGE).expect_code(250);
    put(&dns, "192.0.2.1", "bl.test", [127, 0, 0, 2]);
    let mut listed = client(&onward, "192.0.2.1");
    listed.mail("a@client.test").expect_code(250);
    listed.rcpt("hello@example.org").expect("550 5.7.1");
}

/// One question is left: that about the registered domain, which is listed, cannot be asked.
#[test]
fn who_has_used_up_his_questions_does_not_get_past_a_list_that_could_not_be_asked() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.a("bad.test.dbl.test", Ipv4Addr::new(127, 0, 1, 2));
    let start = |action: &str, more: &str| {
        let lines = ["kind = \"from-domain\"", action, more];
        list(onward(&sink, &dns), "dbl.test", &lines)
            .config("auth.spf = \"off\"")
            .config("auth.dkim = \"off\"")
            .config("auth.dmarc = \"off\"")
            .config("srs.returns = \"any\"")
            .config("limits.dns_questions_per_client = \"1/1h\"")
            .start()
    };
    let onward = start("action = \"refuse\"", "");
    let mut evades = client(&onward, "192.0.2.1");
    evades.mail("x@a.bad.test").expect_code(250);
    let refused = evades.rcpt("hello@example.org").expect("450 4.7.1");
    assert!(refused.to_string().contains("DNS questions because of 192.0.2.1"), "{refused}");
    evades.rcpt("postmaster@example.org").expect_code(250);
    evades.data(MESSAGE).expect_code(250);
    // Nor at the end of the message.
    let mut evades = client(&onward, "192.0.2.2");
    let author = b"From: x@a.bad.test\r\nSubject: x\r\n\r\nhello\r\n";
    evades.transaction("x@good.test", &["hello@example.org"], author).expect("450 4.7.1");
    // Nothing hangs on a list that only marks.
    let onward = start("action = \"mark\"", "");
    send(&onward, "192.0.2.1", "x@a.bad.test", MESSAGE).expect_code(250);
    // Its silence is not the list's.
    assert!(!onward.log().iter().any(|line| line.contains("does not answer in time")));
}
