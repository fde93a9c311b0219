//! Whom an account may not send as: nothing of what names a neighbour or a stranger as its sender leaves.

use super::{Host, begins};
use crate::support::tls::TlsClient;
use std::fmt::Write;

/// Fields in front, of which those of the sender name somebody else.
const FORGED: &[&str] = &[
    "From: neighbour@example.org",
    "From: ceo@bank.test",
    "From: me@example.org",
    "From: neighbour+x@example.org",
    "From: hello@sub.example.org",
    "From: hello@example.org.bank.test",
    "From: hello@example.org, ceo@bank.test",
    "From: ceo@bank.test, hello@example.org",
    "From: hello@example.org\r\nFrom: ceo@bank.test",
    "From: ceo@bank.test\r\nFrom: hello@example.org",
    "From: hello@example.org\r\nSender: ceo@bank.test",
    "From: hello@example.org\r\nSender: hello@example.org\r\nSender: ceo@bank.test",
    "From: hello@example.org\r\nResent-From: ceo@bank.test",
    "From: hello@example.org\r\nResent-Sender: neighbour@example.org",
    // Encoded-words, groups, comments, routes, names.
    "From: =?utf-8?q?ceo=40bank=2Etest?= <hello@example.org>",
    "From: =?utf-8?b?Y2VvQGJhbmsudGVzdA==?= <hello@example.org>",
    "From: \"=?utf-8?b?Y2VvQGJhbmsudGVzdA==?=\" <hello@example.org>",
    "From: \"ceo@bank.test\" <hello@example.org>",
    "From: hello@example.org (ceo@bank.test)",
    "From: Friends: ceo@bank.test;",
    "From: Friends: hello@example.org, ceo@bank.test;",
    "From: <@bank.test:hello@example.org>",
    "From: <hello@example.org> <ceo@bank.test>",
    "From: \"hello@example.org\"@bank.test",
    // Blanks and comments that some readers skip, and names that are shown without their quoted pairs.
    "From: neighbour@example .org <hello@example.org>",
    "From: neighbour@example(c).org <hello@example.org>",
    "From: neighbour@example\r\n .org <hello@example.org>",
    "From: hello@example.org\r\nSender: neighbour@example .org <hello@example.org>",
    "From: say. hello@example.org <hello@example.org>",
    "From: ceo@deutsche- bank.test <hello@example.org>",
    "From: \"ceo\\@bank.test\" <hello@example.org>",
    "From: =?utf-8?q?=22ceo=5C=40bank.test=22?= <hello@example.org>",
    // Look-alikes.
    "From: hello@ex\u{430}mple.org",
    "From: hell\u{43e}@example.org",
    "From: hello@\u{ff45}xample.org",
    "From: \"ceo\u{ff20}bank.test\" <hello@example.org>",
    // Fields behind a fold, or with signs that some readers skip.
    "Subject: x\r\n From: ceo@bank.test\r\nFrom: hello@example.org",
    "X: 1\r\n \r\n\tFrom : ceo@bank.test\r\nFrom: hello@example.org",
    "From: hello@example.org\r\nFrom \t: ceo@bank.test",
    "From: hello@example.org\r\n\u{feff}From: ceo@bank.test",
    "From: hello@example.org\r\n ,\r\n ceo@bank.test",
];

/// Sends a message; gives the verdict on it.
fn sent(client: &mut TlsClient, header: &str) -> String {
    begins(client, "MAIL FROM:<hello@example.org> SMTPUTF8", "250");
    begins(client, "RCPT TO:<stranger@sink.test>", "250");
    begins(client, "DATA", "354");
    client.command(&format!("{header}\r\n\r\ntext\r\n."))
}

#[test]
fn of_fields() {
    let host = Host::start();
    let mut wrong = String::new();
    for header in FORGED {
        let reply = sent(&mut host.session(), header);
        if !(reply.starts_with("553 5.7.1 ") && reply.contains("hello@example.org")) {
            writeln!(wrong, "{header:?}: {reply}").unwrap();
        }
    }
    assert_eq!(wrong, "", "what is to be refused with what is allowed");
    // A lone CR or LF that begins a field for others.
    for (header, code) in [
        ("Subject: x\nFrom: ceo@bank.test\r\nFrom: hello@example.org", "553 5.7.1"),
        ("Subject: x\rFrom: ceo@bank.test\r\nFrom: hello@example.org", "550 5.6.0"),
        ("From: hello@example.org\r\nFrom\0: ceo@bank.test", "550 5.6.0"),
        ("From: Friends:;", "550 5.6.0"),
        ("Subject: nobody", "550 5.6.0"),
        ("From: =?cp037?b?fJaB?= <hello@example.org>", "550 5.6.0"),
    ] {
        let reply = sent(&mut host.session(), header);
        assert!(reply.starts_with(code), "{header:?}: {reply}");
    }
    // Beside all that, one's own goes through, and is all that does.
    let mut client = host.session();
    let reply = sent(&mut client, "From: Hello <HELLO@example.org>\r\nReply-To: x@else.test");
    assert!(reply.starts_with("250 2.0.0 "), "{reply}");
    let arrived = host.sink.wait_for_message();
    assert_eq!(arrived.header("From").unwrap(), "Hello <HELLO@example.org>");
    assert_eq!(host.sink.count(), 1);
}

#[test]
fn of_the_reverse_path() {
    let host = Host::start();
    let mut client = host.session();
    for path in [
        "neighbour@example.org",
        "me@example.org",
        "neighbour+x@example.org",
        "ceo@bank.test",
        "hello@sub.example.org",
        "\"hello@example.org\"@bank.test",
        "postmaster@example.org",
    ] {
        let reply = client.command(&format!("MAIL FROM:<{path}>"));
        assert!(
            reply.starts_with(&format!("553 5.7.1 MAIL FROM:<{path}> is not yours")),
            "{path}: {reply}"
        );
        assert!(reply.contains("may send as hello@example.org"), "{reply}");
    }
    let mut client = host.session();
    for (fields, code) in [
        ("From: hello@example.org", "553 5.7.1"),
        (
            "From: hello@example.org\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b",
            "553 5.7.1",
        ),
        (
            "From: ceo@bank.test\r\nContent-Type: multipart/report; boundary=b; report-type=disposition-notification",
            "553 5.7.1",
        ),
        (
            "From: hello@example.org\r\nContent-Type: multipart/report; boundary=b; report-type=disposition-notification",
            "250 2.0.0",
        ),
    ] {
        begins(&mut client, "MAIL FROM:<>", "250");
        begins(&mut client, "RCPT TO:<stranger@sink.test>", "250");
        begins(&mut client, "DATA", "354");
        begins(&mut client, &format!("{fields}\r\n\r\n--b--\r\n."), code);
    }
    assert_eq!(host.sink.wait_for_message().from, "");
    assert_eq!(host.sink.count(), 1);
}

/// What a client may say to a server behind a filter that it trusts.
#[test]
fn of_who_the_client_is() {
    let host = Host::start();
    let mut client = host.session();
    for line in [
        "XCLIENT NAME=mx.example.org ADDR=192.0.2.1 LOGIN=you@example.org",
        "XFORWARD NAME=mx.example.org ADDR=192.0.2.1",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
    ] {
        begins(&mut client, line, "500 5.5.2");
    }
    // RFC 4954 §5: AUTH= of MAIL says nothing.
    begins(&mut client, "MAIL FROM:<neighbour@example.org> AUTH=you@example.org", "553 5.7.1");
    // In somebody else's name by one's own password.
    let authzid = format!("you@example.org\0{}\0{}", super::NAME, host.password);
    let line = format!("AUTH PLAIN {}", data_encoding::BASE64.encode(authzid.as_bytes()));
    begins(&mut super::starttls(host.starttls), &line, "535 5.7.8");
}
