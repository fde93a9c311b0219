//! Postfix as the judge of header sections: what it takes from a client, Onward takes and hands on as one section
//! behind its own fields, or docs/STANDARDS.md says why not.

use super::judge;
use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use std::net::SocketAddr;

/// Under this heading docs/STANDARDS.md has the kinds of shapes that Postfix alone takes.
const HEADING: &str = "## Header sections that Postfix takes and Onward does not";

/// Fields beside From, each with its kind; the empty kind is for what nobody should refuse.
const FIELDS: &[(&str, &str)] = &[
    ("", ""),
    ("", "Subject:\r\n"),
    ("", "Subject: \r\n"),
    ("", "Subject:x\r\n"),
    ("", "Subject : x\r\n"),
    ("", "Subject\t \t: x\r\n"),
    ("", "SUBJECT: x\r\n"),
    ("", "Subject: müller\r\n"),
    ("", "Subject: \u{fb}\u{e9}\r\n"),
    ("", "Subject: =?iso-2022-jp?b?GyRCRnxLXBsoQg==?=\r\n"),
    ("", "Subject: a\r\n b\r\n\tc\r\n"),
    ("", "Subject:\r\n folded at once\r\n"),
    ("", "Subject: a\r\n \r\n\t\r\n b\r\n"),
    ("", "Subject: a\r\n \r\n"),
    ("", "Subject: a\x01\x1b[0m\x7f\r\n"),
    ("", "X: \"half quoted\r\n"),
    ("", "X: (half a comment\r\n"),
    ("", "X: a: b: c\r\n"),
    ("", "X:: y\r\n"),
    ("", "X_Under.Score!#$%&'*+: y\r\n"),
    ("", "X(y): z\r\n"),
    ("", "X<y>: z\r\n"),
    ("", "1234: z\r\n"),
    ("", "-: z\r\n"),
    ("", "x/y=z: 1\r\n"),
    ("", "http://a.test: x\r\n"),
    ("", "Fromage: brie\r\n"),
    ("", "X-From: mallory@evil.test\r\n"),
    ("", ">From: mallory@evil.test\r\n"),
    ("", "Apparently-To: x@y.test\r\n"),
    ("", "To: undisclosed-recipients:;\r\n"),
    ("", "To: \r\n"),
    ("", "To: <>, , x@@y\r\n"),
    ("", "Cc: x@y.test,\r\n"),
    ("", "Bcc: x@y.test\r\n"),
    ("", "Sender: nobody\r\n"),
    ("", "Reply-To: \r\n"),
    ("", "Return-Path: <x@y.test>\r\n"),
    ("", "Return-Path: <x@y.test>\r\nReturn-Path: <>\r\n"),
    ("", "Date: Mon, 23 Nov 26 08:00 EST\r\n"),
    ("", "Date: 23 November 2026\r\n"),
    ("", "Date: (comment) Mon,23 Nov 2026 8:0:0 -0000 (GMT)\r\n"),
    ("", "Date: yesterday\r\n"),
    ("", "Date:\r\n"),
    ("", "Message-ID: none\r\n"),
    ("", "Message-ID: <>\r\n"),
    ("", "Message-ID: <a b@c>\r\n"),
    ("", "Message-ID: <1@a.test> <2@a.test>\r\n"),
    ("", "References: <1@a.test><2@a.test>,x\r\n"),
    ("", "In-Reply-To: your message of yesterday\r\n"),
    ("", "MIME-Version: 2.0\r\n"),
    ("", "Content-Type: text\r\n"),
    ("", "Content-Type: multipart/mixed\r\n"),
    ("", "Content-Type: text/plain; charset\r\n"),
    ("", "Content-Transfer-Encoding: 9bit\r\n"),
    ("", "Content-Type: text/plain\r\nContent-Type: text/html\r\n"),
    (
        "",
        "Resent-From: x@y.test\r\nResent-To: z@y.test\r\nResent-Date: Mon, 23 Nov 2026 08:00:00 +0000\r\n",
    ),
    ("", "Resent-From: x@y.test\r\nResent-From: z@y.test\r\nResent-To: a\r\nResent-To: b\r\n"),
    ("", "Resent-Sender: x\r\nResent-Message-ID: 1\r\nResent-Bcc: y@z.test\r\n"),
    ("", "List-Id: <l.test>\r\nPrecedence: bulk\r\nAuto-Submitted: auto-generated\r\n"),
    ("", "Delivered-To: x@y.test\r\n"),
    ("", "DKIM-Signature: \r\n"),
    ("", "DKIM-Signature: v=1; a=none; b=\r\nDKIM-Signature: x\r\n"),
    ("", "ARC-Seal: i=1\r\n"),
    ("", "Authentication-Results: a.test; none\r\n"),
    ("", "Received: x\r\nReceived: \r\nReceived: from (unknown [])\r\n"),
    ("", "X-Mailbox-Line: From x\r\n"),
    ("no empty line", "no field\r\n"),
    ("no empty line", "Two words: x\r\n"),
    ("no empty line", ": no name\r\n"),
    ("no empty line", "Bücher: x\r\n"),
    ("no empty line", "X\x01: y\r\n"),
    ("no empty line", "From mallory@evil.test Mon Nov 23 08:00:00 2026\r\n"),
];

/// Fields that RFC 5322 §3.6 wants once, and one that it does not speak of.
const SINGLE: &[&str] = &[
    "Date",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "MIME-Version",
];

/// Whole messages; `{}` is a From field.
const MESSAGES: &[(&str, &str)] = &[
    ("", "{}"),
    ("", "{}\r\n"),
    ("", "{}\r\nbody without an end"),
    ("", "{}\r\n\r\n\r\n"),
    ("", "{}\r\nFrom x\r\n>From y\r\nFrom: z\r\n"),
    ("", "From alice@example.test Mon Nov 23 08:00:00 2026\r\n{}\r\nbody\r\n"),
    ("", ">From alice@example.test Mon Nov 23 08:00:00 2026\r\n{}\r\nbody\r\n"),
    ("", "From \r\n{}\r\nbody\r\n"),
    ("", "From MAILER-DAEMON: Mon Nov 23\r\n{}\r\nbody\r\n"),
    ("", ">>From alice\r\n{}\r\nFrom bob\r\n"),
    ("", "From alice\r\n{}"),
    ("several mbox lines", "From alice\r\n>From bob\r\n{}\r\nbody\r\n"),
    ("no empty line", "{}body at once\r\n"),
    ("no empty line", "{}body at once\r\n\r\nmore\r\n"),
    ("no empty line", " begins folded\r\n{}\r\n"),
    ("no From", "Subject: x\r\n\r\nbody\r\n"),
    ("no From", "\r\nonly a body\r\n"),
    ("no From", "\r\n"),
    ("no From", ""),
    ("no empty line", "only a body\r\n"),
    ("several From", "{}{}\r\nbody\r\n"),
    ("unreadable From", "From:\r\n\r\nbody\r\n"),
    ("unreadable From", "From: MAILER-DAEMON\r\n\r\nbody\r\n"),
    ("unreadable From", "From: Doe, John <j@d.test>\r\n\r\nbody\r\n"),
    ("unreadable From", "From: team: a@b.test;\r\n\r\nbody\r\n"),
];

/// A message, with its kind.
struct Shape {
    kind: &'static str,
    message: String,
}

fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut add = |kind, message: String| shapes.push(Shape { kind, message });
    let from = "From: Alice <alice@sender.test>\r\n";
    for (kind, fields) in FIELDS {
        add(kind, format!("{fields}{from}Subject: x\r\n\r\nbody\r\n"));
        add(kind, format!("{from}{fields}\r\nbody\r\n"));
    }
    for name in SINGLE {
        add("", format!("{name}: <1@x.test>\r\n{from}{name}: <2@x.test>\r\n\r\nbody\r\n"));
        let lower = name.to_lowercase();
        add("", format!("{from}{lower}:\r\n{name} : x\r\n{lower}: \r\n\r\nbody\r\n"));
    }
    for (kind, message) in MESSAGES {
        add(kind, message.replace("{}", from));
    }
    for hops in [31, 49, 50, 99, 100] {
        let received = "Received: from a.test by b.test; Mon, 23 Nov 2026 08:00:00 +0000\r\n";
        add("", format!("{}{from}\r\nbody\r\n", received.repeat(hops)));
    }
    for octets in [998, 5_000, 60_000] {
        let long = "x".repeat(octets);
        add("", format!("X-Long: {long}\r\n{from}\r\nbody\r\n"));
        add("", format!("X-Words: {}\r\n{from}\r\nbody\r\n", "word ".repeat(octets / 5)));
        add("", format!("X-Folded: a\r\n{}{from}\r\nbody\r\n", " b\r\n".repeat(octets / 4)));
        add("", format!("{}: name\r\n{from}\r\nbody\r\n", &long[..octets.min(900)]));
        add("", format!("{from}\r\n{long}\r\n"));
    }
    add("", format!("{}{from}\r\nbody\r\n", "X: y\r\n".repeat(1_900)));
    add("many fields", format!("{}{from}\r\nbody\r\n", "X: y\r\n".repeat(2_000)));
    shapes
}

/// Whether the server takes each of these.
fn taken(server: SocketAddr, shapes: &[Shape]) -> Vec<bool> {
    let mut verdicts = Vec::new();
    for some in shapes.chunks(40) {
        let mut client = Client::session(server);
        verdicts.extend(some.iter().map(|shape| {
            let to = ["hello@example.org"];
            let reply = client.transaction("alice@sender.test", &to, shape.message.as_bytes());
            reply.code == 250
        }));
    }
    verdicts
}

/// The From fields as a reader sees them who passes over lines that are no fields.
fn authors(message: &[u8]) -> usize {
    let end = memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
    let lines = message[..end].split(|byte| *byte == b'\n');
    let is_from = |line: &&[u8]| {
        line.len() > 4 && line[..4].eq_ignore_ascii_case(b"from") && b": \t".contains(&line[4])
    };
    lines.filter(is_from).count()
}

#[test]
fn header_sections_that_postfix_takes_onward_takes_or_the_standards_say_why_not() {
    let Some(builder) = Postfix::builder() else { return };
    let postfix = builder
        .mailbox("hello@example.org")
        .set("smtpd_error_sleep_time", "0")
        .set("smtpd_soft_error_limit", "10000")
        .set("smtpd_hard_error_limit", "20000")
        .start();
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).config("limits.errors = 10000").start();
    let shapes = shapes();
    assert!(shapes.len() >= 100, "{}", shapes.len());
    let onward_takes = taken(onward.address(), &shapes);
    let passed: Vec<&Shape> = shapes
        .iter()
        .zip(&onward_takes)
        .filter_map(|(shape, is_taken)| is_taken.then_some(shape))
        .collect();
    let arrived = sink.wait_for_messages(passed.len());
    for (Shape { message, .. }, arrived) in passed.iter().zip(&arrived) {
        let is_mbox_line = |line: &str| {
            line.trim_start_matches('>').starts_with("From ") && !line.starts_with("From :")
        };
        let message = match message.split_once("\r\n") {
            Some((line, rest)) if is_mbox_line(line) => rest,
            _ => message,
        };
        let shown = || arrived.data.escape_ascii().to_string();
        let ending = if message.ends_with("\r\n") { "" } else { "\r\n" };
        let message = [message.as_bytes(), ending.as_bytes()].concat();
        assert!(arrived.data.ends_with(&message), "{}", shown());
        assert_eq!(authors(&arrived.data), 1, "{}", shown());
    }
    let judged = taken(postfix.address(), &shapes).into_iter().zip(onward_takes);
    let shown = shapes
        .iter()
        .map(|shape| (shape.kind, shape.message.chars().take(200).collect::<String>()));
    judge::expect_explained(HEADING, shown.zip(judged));
}
