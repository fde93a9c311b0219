//! Lists of clients.

use super::{MESSAGE, asks_for, client, entry, list, onward, proxied, put, send};
use crate::metrics::get;
use crate::support::client::Client;
use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use std::time::{Duration, Instant};

const ZONE: &str = "bl.test";

#[test]
fn who_is_listed_is_refused_at_rcpt_and_the_postmaster_stays_reachable() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    put(&dns, "192.0.2.1", ZONE, [127, 0, 0, 2]);
    dns.txt(&entry("192.0.2.1", ZONE), "see https://bl.test/192.0.2.1");
    put(&dns, "2001:db8::7", ZONE, [127, 0, 0, 4]);
    let onward = list(onward(&sink, &dns), ZONE, &[]).start();

    let mut listed = client(&onward, "192.0.2.1");
    listed.mail("a@client.test").expect_code(250);
    listed.rcpt("nobody@example.org").expect("550 5.1.1");
    let refused = listed.rcpt("hello@example.org").expect("550 5.7.1");
    let told = "192.0.2.1 is listed at bl.test (see https://bl.test/192.0.2.1): ";
    assert!(refused.to_string().contains(told), "{refused}");
    for role in ["postmaster@example.org", "Abuse@example.org", "postmaster"] {
        listed.rcpt(role).expect_code(250);
    }
    listed.data(MESSAGE).expect_code(250);
    let kept = sink.wait_for_message();
    let field = kept.header("X-Onward-Listed").unwrap();
    assert!(field.contains("192.0.2.1") && field.contains("bl.test (127.0.0.2)"), "{field}");

    let refused = asks_for(&onward, "2001:db8::7", "hello@example.org").expect("550 5.7.1");
    assert!(refused.to_string().contains("2001:db8::7 is listed at bl.test: "), "{refused}");
    send(&onward, "192.0.2.2", "a@client.test", MESSAGE).expect_code(250);
    assert!(sink.wait_for_messages(2)[1].header("X-Onward-Listed").is_none());

    let reason = onward.wait_for_trace(&["--from", "a@client.test"], 5);
    let refusals: Vec<_> = reason
        .iter()
        .filter(|record| record["reply"].as_str().unwrap().contains("listed at bl.test"))
        .collect();
    assert_eq!(refusals.len(), 2, "{reason:#?}");
    assert!(refusals.iter().all(|record| record["outcome"] == "refused"), "{refusals:#?}");
}

#[test]
fn several_lists_each_with_its_action_and_its_answers() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let (builder, http) = onward(&sink, &dns).listen("http", &[]);
    let builder = list(builder, "a.test", &["action = \"mark\""]);
    let builder =
        list(builder, "b.test", &["action = \"defer\"", "codes = [\"127.0.0.2-127.0.0.4\"]"]);
    let onward =
        list(builder, "c.test", &["codes = [\"127.0.0.9\"]", "exempt = [\"192.0.2.64/26\"]"])
            .start();
    for zone in ["a.test", "b.test", "c.test"] {
        put(&dns, "192.0.2.1", zone, [127, 0, 0, 9]);
        put(&dns, "192.0.2.2", zone, [127, 0, 0, 3]);
        put(&dns, "192.0.2.3", zone, [127, 0, 0, 5]);
        put(&dns, "192.0.2.70", zone, [127, 0, 0, 9]);
    }
    let refused = asks_for(&onward, "192.0.2.1", "hello@example.org").expect("550 5.7.1");
    assert!(refused.to_string().contains("listed at c.test"), "{refused}");
    let refused = asks_for(&onward, "192.0.2.2", "hello@example.org").expect("450 4.7.1");
    assert!(refused.to_string().contains("listed at b.test"), "{refused}");
    for (count, ip) in [(1, "192.0.2.3"), (2, "192.0.2.70")] {
        send(&onward, ip, "a@client.test", MESSAGE).expect_code(250);
        let field = sink.wait_for_messages(count)[count - 1].header("X-Onward-Listed").unwrap();
        assert!(field.contains(ip) && field.contains("a.test"), "{field}");
    }
    let marked = onward.wait_for_trace(&["--from", "a@client.test"], 4);
    let marked = format!("{marked:?}");
    assert!(marked.contains("192.0.2.3 is listed at a.test (127.0.0.5)"), "{marked}");
    assert_eq!(dns.queries(&entry("192.0.2.70", "c.test")), 0, "exempt");
    let page = get(http, "GET /metrics");
    for line in [
        "onward_dnsbl_total{zone=\"a.test\",outcome=\"listed\"} 4",
        "onward_dnsbl_total{zone=\"b.test\",outcome=\"not\"} 3",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
}

#[test]
fn peers_of_ours_are_not_asked_about() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let onward =
        list(onward(&sink, &dns), ZONE, &[]).config("limits.exempt = [\"192.0.2.9\"]").start();
    for ip in ["192.0.2.9", "127.0.0.2", "10.1.2.3", "fd00::1"] {
        put(&dns, ip, ZONE, [127, 0, 0, 2]);
        send(&onward, ip, "a@client.test", MESSAGE).expect_code(250);
        assert_eq!(dns.queries(&entry(ip, ZONE)), 0, "{ip}");
    }
}

#[test]
fn the_client_that_a_relay_names_is_asked_about_in_place_of_the_relay() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let onward =
        list(onward(&sink, &dns), ZONE, &[]).smtp_option("xforward = [\"198.51.100.25\"]").start();
    for ip in ["198.51.100.25", "192.0.2.1"] {
        put(&dns, ip, ZONE, [127, 0, 0, 2]);
    }
    let mut relay = client(&onward, "198.51.100.25");
    relay.transaction("a@client.test", &["hello@example.org"], MESSAGE).expect_code(250);
    relay.command("XFORWARD ADDR=192.0.2.1 HELO=client.test").expect_code(250);
    relay.mail("a@client.test").expect_code(250);
    let refused = relay.rcpt("hello@example.org").expect("550 5.7.1");
    assert!(refused.to_string().contains("192.0.2.1 is listed"), "{refused}");
    relay.command("RSET").expect_code(250);
    relay.transaction("a@client.test", &["hello@example.org"], MESSAGE).expect_code(250);
    assert_eq!(dns.queries(&entry("198.51.100.25", ZONE)), 0);
}

#[test]
fn a_silent_list_holds_no_greeting_up_for_more_than_two_seconds_and_lists_nobody() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let builder = list(onward(&sink, &dns), "silent.test", &[]);
    let builder = list(builder, "broken.test", &[]);
    let onward = list(builder, ZONE, &[]).start();
    dns.fault(&entry("192.0.2.1", "silent.test"), Fault::Silence);
    dns.fault(&entry("192.0.2.1", "broken.test"), Fault::ServFail);
    dns.fault(&entry("192.0.2.2", "silent.test"), Fault::Silence);
    put(&dns, "192.0.2.2", ZONE, [127, 0, 0, 2]);

    let began = Instant::now();
    let mut client = proxied(&onward, "192.0.2.1");
    client.reply().expect_code(220);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1900), "the greeting waits: {took:?}");
    assert!(took < Duration::from_secs(6), "{took:?}");
    client.ehlo("client.test").expect_code(250);
    client.transaction("a@client.test", &["hello@example.org"], MESSAGE).expect_code(250);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    onward.wait_for_log("a [[dnsbl]] does not answer in time");
    // The others count all the same.
    asks_for(&onward, "192.0.2.2", "hello@example.org").expect("550 5.7.1");
}

#[test]
fn who_talks_while_the_greeting_waits_talks_too_early() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let onward = list(onward(&sink, &dns), "silent.test", &[]).start();
    dns.fault(&entry("192.0.2.1", "silent.test"), Fault::Silence);
    let mut early = proxied(&onward, "192.0.2.1");
    wait_until("the question", || {
        (dns.queries(&entry("192.0.2.1", "silent.test")) > 0).then_some(())
    });
    early.send(b"EHLO client.test\r\n");
    early.reply().expect("554 5.5.1");
}

#[test]
fn an_answer_is_kept_for_its_time() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let onward = list(onward(&sink, &dns), ZONE, &[]).start();
    put(&dns, "192.0.2.1", ZONE, [127, 0, 0, 2]);
    dns.ttl(&entry("192.0.2.1", ZONE), 3600);
    for _ in 0..3 {
        asks_for(&onward, "192.0.2.1", "hello@example.org").expect("550 5.7.1");
        send(&onward, "192.0.2.2", "a@client.test", MESSAGE).expect_code(250);
    }
    // Of the addresses that are asked for: one question about the address, one about the words.
    assert!(dns.queries(&entry("192.0.2.1", ZONE)) <= 4);
    assert!(dns.queries(&entry("192.0.2.2", ZONE)) <= 2, "a no is kept too");
}

/// Sockets of the daemon that are open now.
fn sockets(onward: &Onward) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", onward.process_id())).unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

#[test]
fn many_clients_at_a_silent_list_do_not_pile_up_sockets() {
    const CLIENTS: usize = 300;
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let onward = list(onward(&sink, &dns), "silent.test", &[])
        .config("limits.connections_per_client = 1000")
        .start();
    let ip = |number: usize| format!("192.0.{}.{}", 2 + number / 200, 1 + number % 200);
    for number in 0..CLIENTS {
        dns.fault(&entry(&ip(number), "silent.test"), Fault::Silence);
    }
    let greeting = |ip: &str| {
        let began = Instant::now();
        proxied(&onward, ip).reply().expect_code(220);
        began.elapsed()
    };
    dns.fault(&entry("198.51.100.1", "silent.test"), Fault::Silence);
    dns.fault(&entry("198.51.100.2", "silent.test"), Fault::Silence);
    let quiet = greeting("198.51.100.1");
    let before = sockets(&onward);
    let mut clients: Vec<Client> =
        (0..CLIENTS).map(|number| proxied(&onward, &ip(number))).collect();
    let beside = greeting("198.51.100.2");
    let mut most = 0;
    for client in &mut clients {
        most = most.max(sockets(&onward));
        client.reply().expect_code(220);
    }
    // A question may be sent four times, each time by a socket of its own.
    let of_lists = most.saturating_sub(before + CLIENTS);
    assert!(of_lists <= 4 * 64 + 16, "{of_lists} sockets beside those of the clients");
    let most = (2 * quiet).max(quiet + Duration::from_millis(500));
    assert!(beside <= most, "{beside:?}, and {quiet:?} when it is quiet");
}

#[test]
fn a_list_comes_and_goes_by_a_reload() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    put(&dns, "192.0.2.1", ZONE, [127, 0, 0, 2]);
    let onward = onward(&sink, &dns).start();
    asks_for(&onward, "192.0.2.1", "hello@example.org").expect_code(250);
    assert_eq!(dns.queries(&entry("192.0.2.1", ZONE)), 0);
    onward.edit_config(|text| format!("{text}\n[[dnsbl]]\nzone = \"{ZONE}\"\n"));
    onward.run(&["reload"]);
    asks_for(&onward, "192.0.2.1", "hello@example.org").expect("550 5.7.1");
    onward.edit_config(|text| text.replace("[[dnsbl]]", "[[dnsbl]]\naction = \"defer\""));
    onward.run(&["reload"]);
    asks_for(&onward, "192.0.2.1", "hello@example.org").expect("450 4.7.1");
}
