//! What the filter is told, and about which mail it is asked.

use super::{CLIENT, client, dns, last_record, message, onward, send};
use crate::support::{
    certificates::Authority,
    fake_filter::{Asked, FakeFilter, Say},
    receiver::Receiver,
    tls::TlsClient,
};
use std::net::Ipv4Addr;

fn has(asked: &Asked, line: &str) -> bool {
    asked.head.iter().any(|found| found == line)
}

#[test]
fn the_filter_is_told_how_the_message_came_and_gets_its_bytes() {
    let (sink, dns, authority) = (Receiver::smtp().start(), dns(), Authority::new());
    let filter = FakeFilter::start(Say::action("no action", 0.0, ""));
    let pair = authority.issue("mx.example.org", "onward");
    let onward = onward(&sink, &dns, &filter.place()).toml(&pair.toml()).start();
    let mut plain = client(&onward, CLIENT);
    plain.command("STARTTLS").expect_code(220);
    let mut tls = TlsClient::over(plain.into_stream()).unwrap();
    let text = String::from_utf8(message("")).unwrap();
    let reply = tls.message("a@sender.test", "Hello@example.org", text.trim_end());
    assert!(reply.starts_with("250 "), "{reply}");
    let asked = filter.asked().pop().unwrap();
    let record = last_record(&onward, 1);
    for line in [
        "POST /checkv2 HTTP/1.1",
        "ip: 192.0.2.1",
        "from: <a@sender.test>",
        "rcpt: <Hello@example.org>",
        "tls-version: TLSv1.3",
        "tls-cipher: TLS_AES_256_GCM_SHA384",
        "hostname: mail.sender.test",
        "mta-name: mx.example.org",
        &format!("queue-id: {}", record["id"].as_str().unwrap()),
        &format!("content-length: {}", message("").len()),
    ] {
        assert!(has(&asked, line), "{line}: {:#?}", asked.head);
    }
    let told = asked.head.join("\n");
    assert!(!told.contains("user:") && !told.contains("password:"), "{told}");
    assert_eq!(asked.body, message(""));
}

#[test]
fn a_connection_is_used_again() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::action("no action", 0.0, ""));
    let onward = onward(&sink, &dns, &filter.place()).start();
    for _ in 0..5 {
        send(&onward, "").expect_code(250);
    }
    assert_eq!((filter.asked().len(), filter.connections()), (5, 1));
    // One that is closed meanwhile costs nobody an answer.
    let json = r#"{"action":"no action","score":0}"#;
    let once = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}", json.len());
    filter.say(Say::Octets(once.into_bytes()));
    for _ in 0..5 {
        send(&onward, "").expect_code(250);
    }
    let records = onward.wait_for_trace(&[], 10);
    assert!(records.iter().all(|record| record["filter"]["action"] == "no action"), "{records:#?}");
}

/// A bounce holds what it is about, mail that is refused or thrown away needs no second opinion.
#[test]
fn only_what_is_to_be_passed_on_is_asked_about() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::action("reject", 20.0, ""));
    let onward = onward(&sink, &dns, &filter.place())
        .alias("off@example.org", &["--discard"])
        .route("sender.test", &sink.route())
        .start();
    let srs = onward.srs_forward("a@sender.test");
    client(&onward, CLIENT).transaction("", &[&srs], &message("")).expect_code(250);
    client(&onward, CLIENT)
        .transaction("a@sender.test", &["off@example.org"], &message(""))
        .expect_code(250);
    let without_from = b"Subject: x\r\n\r\nx\r\n";
    client(&onward, CLIENT)
        .transaction("a@sender.test", &["hello@example.org"], without_from)
        .expect("550 5.6.0");
    assert!(filter.asked().is_empty());
    send(&onward, "").expect("550 5.7.1");
    assert_eq!(filter.asked().len(), 1);
}

#[test]
fn over_https_to_a_name_whose_certificate_is_checked() {
    let (sink, dns, authority) = (Receiver::smtp().start(), dns(), Authority::new());
    dns.a("filter.test", Ipv4Addr::LOCALHOST).a("other.test", Ipv4Addr::LOCALHOST);
    let pair = authority.issue("filter.test", "filter");
    let filter = FakeFilter::start_tls(Say::action("no action", 1.0, ""), &pair);
    let ca_file = format!("tls.ca_file = \"{}\"", authority.file().display());
    for (name, is_right) in [("filter.test", true), ("other.test", false)] {
        let place = format!("https://{name}:{}", filter.port());
        let onward = onward(&sink, &dns, &place).config(&ca_file).start();
        send(&onward, "").expect_code(250);
        let record = last_record(&onward, 1);
        assert_eq!(record["filter"]["score"] == 1.0, is_right, "{record}");
        let note = record["note"].as_str().unwrap();
        assert_eq!(note.contains("the certificate is for another host"), !is_right, "{note}");
    }
    assert_eq!(filter.asked().len(), 1);
}
