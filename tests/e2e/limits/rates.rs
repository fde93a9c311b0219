//! `messages_per_client`, `messages_per_alias`, `messages_per_domain`, `unknown_recipients_per_client`,
//! `forged_srs_per_client`, `exempt`: who causes the work has a bounded part of it, and nobody else notices.

use super::MESSAGE;
use crate::metrics::get;
use crate::support::{
    client::{Client, Reply},
    onward::{Builder, Onward},
    receiver::Receiver,
    wait_until,
};

/// Clients are those that a proxy names.
fn onward(sink: &Receiver, limits: &[&str]) -> Builder {
    let builder = Onward::forwarding_to(&sink.route())
        .alias("other@example.org", &["bob@sink.test"])
        .domain("catch.test")
        .alias("*@catch.test", &["bob@sink.test"])
        .smtp_option("proxy_protocol = [\"127.0.0.1/32\"]");
    limits.iter().fold(builder, |builder, limit| builder.config(limit))
}

fn client(onward: &Onward, ip: &str) -> Client {
    let mut client = onward.connect();
    let family = if ip.contains(':') { "TCP6" } else { "TCP4" };
    client.send(format!("PROXY {family} {ip} {ip} 40000 25\r\n").as_bytes());
    client.reply().expect_code(220);
    client.ehlo("client.test");
    client
}

fn send_to(onward: &Onward, ip: &str, recipient: &str) -> Reply {
    client(onward, ip).transaction("a@client.test", &[recipient], MESSAGE)
}

/// The reply to RCPT.
fn asks_for(onward: &Onward, ip: &str, recipient: &str) -> Reply {
    let mut client = client(onward, ip);
    client.mail("a@client.test").expect_code(250);
    client.rcpt(recipient)
}

/// The seconds of "try again in N s".
fn wait(reply: &Reply) -> u64 {
    let words: Vec<&str> = reply.lines.last().map_or("", String::as_str).split(' ').collect();
    let at = words.iter().position(|word| *word == "in").expect("it says when to come again");
    words[at + 1].parse().unwrap()
}

#[test]
fn a_client_sends_so_many_and_its_network_four_times_as_many() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, &["limits.messages_per_client = \"2/1h\""]).start();
    for _ in 0..2 {
        send_to(&onward, "192.0.2.1", "hello@example.org").expect_code(250);
    }
    let refused = client(&onward, "192.0.2.1").mail("a@client.test").expect("450 4.7.1");
    assert!(refused.to_string().contains("192.0.2.1 (2/1h)"), "{refused}");
    assert!((1700..=1800).contains(&wait(&refused)), "{refused}");
    for host in [2, 2, 3, 3, 4, 4] {
        send_to(&onward, &format!("192.0.2.{host}"), "hello@example.org").expect_code(250);
    }
    let refused = client(&onward, "192.0.2.5").mail("a@client.test").expect("450 4.7.1");
    assert!(refused.to_string().contains("192.0.2.0/24 (8/1h)"), "{refused}");
    // A customer with a /64 is one client, and others are not held up.
    for host in ["2001:db8::1", "2001:db8::2", "192.0.3.1"] {
        send_to(&onward, host, "hello@example.org").expect_code(250);
    }
    client(&onward, "2001:db8::3").mail("a@client.test").expect("450 4.7.1");
    assert_eq!(sink.count(), 11);
}

/// Several sessions that all began while something was left.
#[test]
fn sessions_side_by_side_have_no_more_than_one_after_the_other() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, &["limits.messages_per_client = \"3/1h\""]).start();
    let mut clients: Vec<Client> = (0..9).map(|_| client(&onward, "192.0.2.1")).collect();
    for client in &mut clients {
        client.mail("a@client.test").expect_code(250);
        client.rcpt("hello@example.org").expect_code(250);
    }
    let codes: Vec<u16> = clients.iter_mut().map(|client| client.data(MESSAGE).code).collect();
    assert_eq!(codes, [250, 250, 250, 450, 450, 450, 450, 450, 450]);
    assert_eq!(sink.count(), 3);
}

#[test]
fn an_alias_gets_so_many_from_all_and_others_are_not_held_up() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, &["limits.messages_per_alias = \"3/1h\""]).start();
    for (host, recipient) in ["hello", "HELLO", "hello+tag"].iter().enumerate() {
        let ip = format!("198.51.{host}.1");
        send_to(&onward, &ip, &format!("{recipient}@example.org")).expect_code(250);
    }
    let mut late = client(&onward, "203.0.113.1");
    late.mail("a@client.test").expect_code(250);
    let refused = late.rcpt("hello@example.org").expect("450 4.2.1");
    assert!(refused.to_string().contains("this address (3/1h)"), "{refused}");
    assert!((1100..=1200).contains(&wait(&refused)), "{refused}");
    late.rcpt("other@example.org").expect_code(250);
    late.data(MESSAGE).expect_code(250);
    assert_eq!(sink.count(), 4);
}

#[test]
fn a_domain_gets_so_many_whatever_the_addresses() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, &["limits.messages_per_domain = \"3/1h\""]).start();
    for recipient in ["a", "b", "c"] {
        send_to(&onward, "192.0.2.1", &format!("{recipient}@catch.test")).expect_code(250);
    }
    let refused = asks_for(&onward, "192.0.2.1", "d@catch.test").expect("450 4.2.1");
    assert!(refused.to_string().contains("this domain (3/1h)"), "{refused}");
    send_to(&onward, "192.0.2.1", "hello@example.org").expect_code(250);
}

#[test]
fn what_is_refused_or_only_asked_for_uses_nothing_up_of_an_alias() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, &["limits.messages_per_alias = \"1/1h\""]).start();
    for _ in 0..5 {
        let mut asks = client(&onward, "192.0.2.1");
        asks.mail("a@client.test").expect_code(250);
        asks.rcpt("hello@example.org").expect_code(250);
        asks.command("RSET").expect_code(250);
        let without_from: &[u8] = b"Subject: x\r\n\r\nx\r\n";
        asks.transaction("a@client.test", &["hello@example.org"], without_from).expect("550 5.6.0");
    }
    send_to(&onward, "192.0.2.1", "hello@example.org").expect_code(250);
    asks_for(&onward, "192.0.2.1", "hello@example.org").expect("450 4.2.1");
}

#[test]
fn who_asks_for_too_many_unknown_recipients_is_shown_the_door() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, &["limits.unknown_recipients_per_client = \"3/1h\""]).start();
    let mut guesses = client(&onward, "192.0.2.1");
    guesses.mail("a@client.test").expect_code(250);
    for recipient in ["no@example.org", "neither@example.org", "x@elsewhere.test"] {
        let code = guesses.rcpt(recipient).code;
        assert_eq!(code, 550, "{recipient}");
    }
    let refused = guesses.rcpt("again@example.org").expect("421 4.7.0");
    assert!(refused.to_string().contains("192.0.2.1 (3/1h)"), "{refused}");
    assert_eq!(guesses.eof(), Ok(Vec::new()));
    // Mail of this client for somebody who is here goes on.
    send_to(&onward, "192.0.2.1", "hello@example.org").expect_code(250);
    asks_for(&onward, "198.51.100.1", "no@example.org").expect("550 5.1.1");
}

#[test]
fn who_guesses_srs_addresses_is_shown_the_door() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, &["limits.forged_srs_per_client = \"2/1h\""]).start();
    let forged = |n: u32| format!("SRS0=AAAAAA{n}A=AB=client.test=alice@example.org");
    let mut guesses = client(&onward, "192.0.2.1");
    guesses.mail("").expect_code(250);
    for n in [1, 2] {
        guesses.rcpt(&forged(n)).expect("550 5.7.1");
    }
    guesses.rcpt(&forged(3)).expect("421 4.7.0");
    let mut again = client(&onward, "192.0.2.1");
    again.mail("").expect_code(250);
    again.rcpt(&forged(4)).expect("421 4.7.0");
}

#[test]
fn exempt_clients_are_not_counted() {
    let sink = Receiver::smtp().start();
    let limits = [
        "limits.messages_per_client = \"1/1h\"",
        "limits.messages_per_alias = \"1/1h\"",
        "limits.unknown_recipients_per_client = \"1/1h\"",
        "limits.exempt = [\"192.0.2.0/28\", \"2001:db8::/32\"]",
    ];
    let onward = onward(&sink, &limits).start();
    for ip in ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::1"] {
        send_to(&onward, ip, "hello@example.org").expect_code(250);
        let mut guesses = client(&onward, ip);
        guesses.mail("a@client.test").expect_code(250);
        guesses.rcpt("no@example.org").expect("550 5.1.1");
    }
    // What they brought is not held against the alias.
    send_to(&onward, "192.0.2.16", "hello@example.org").expect_code(250);
    asks_for(&onward, "198.51.100.1", "hello@example.org").expect("450 4.2.1");
}

#[test]
fn what_is_over_a_limit_is_seen_in_status_log_and_metrics() {
    let sink = Receiver::smtp().start();
    let builder = onward(&sink, &["limits.messages_per_client = \"1/1h\""]);
    let (builder, http) = builder.listen("http", &[]);
    let onward = builder.start();
    send_to(&onward, "192.0.2.1", "hello@example.org").expect_code(250);
    for _ in 0..3 {
        client(&onward, "192.0.2.1").mail("a@client.test").expect("450 4.7.1");
    }
    onward.wait_for_log("over a limit");
    let seen = "192.0.2.1 is over messages_per_client (1/1h): put off 3 times";
    wait_until("the limit in status", || onward.run(&["status"]).contains(seen).then_some(()));
    let status: serde_json::Value =
        serde_json::from_str(&onward.run(&["status", "--json"])).unwrap();
    let shown = serde_json::json!([
        {"limit": "messages_per_client", "whose": "192.0.2.1", "rate": "1/1h", "times": 3}
    ]);
    assert_eq!(status["over_rates"], shown);
    let page = get(http, "GET /metrics");
    let counted = "onward_over_rate_total{limit=\"messages_per_client\"} 3";
    assert!(page.contains(counted), "{page}");
}
