//! What the sender has asked of DSNs, and what is told of recipients that did not fail.

use crate::{
    ARRIVED, Made, NOW, ORIGINAL, groups, header_section, no_such_user, on_one_line, read,
};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use onward::{
    dsn::Cause,
    envelope::{EnvelopeId, OriginalRecipient, Returned},
    reply::{ForeignReply, Hidden, Reply, Status},
    time::DAY,
};

fn taken() -> Reply {
    let text = "taken as 7".to_owned();
    ForeignReply { code: 250, status: Some(Status(2, 6, 0)), text }.for_client(&Hidden::default())
}

/// The part of a DSN that came back: its kind, encoding and octets.
fn back(message: &[u8]) -> (String, String, Vec<u8>) {
    let parsed = MessageParser::new().parse(message).unwrap();
    let PartType::Multipart(parts) = &parsed.parts[0].body else { panic!("no multipart") };
    let part = &parsed.parts[parts[2] as usize];
    let kind = part.content_type().unwrap();
    let (start, end) = (part.offset_body as usize, part.offset_end as usize);
    (
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap()),
        part.content_transfer_encoding().unwrap_or_default().to_owned(),
        message[start..end].to_vec(),
    )
}

#[test]
fn the_names_that_the_sender_gave_come_back() {
    let mut made = Made::refused("hello@example.org");
    made.dsn.envelope_id = EnvelopeId::parse("QQ+20+20314+2B159");
    made.wrote_to = OriginalRecipient::parse("rfc822;First+2BLast@example.org");
    let status = read(&made.message()).status;
    let groups = groups(&status);
    let first = |at: usize| (groups[at][0].0.as_str(), groups[at][0].1.as_str());
    assert_eq!(first(0), ("Original-Envelope-Id", "QQ  314+159"), "blanks stay");
    assert_eq!(first(1), ("Original-Recipient", "rfc822; First+Last@example.org"));
    assert_eq!(groups[1][1].1, "rfc822; hello@example.org");
}

#[test]
fn a_failure_brings_back_the_whole_message_where_that_is_asked_for() {
    let mut made = Made::refused("hello@example.org");
    assert_eq!(back(&made.message()).0, "text/rfc822-headers");
    made.dsn.returned = Some(Returned::Headers);
    assert_eq!(back(&made.message()).0, "text/rfc822-headers");
    made.dsn.returned = Some(Returned::Full);
    let message = made.message();
    let (kind, encoding, octets) = back(&message);
    assert_eq!((kind.as_str(), encoding.as_str()), ("message/rfc822", "7bit"));
    assert_eq!(octets, ORIGINAL.as_bytes());
    let text = String::from_utf8(message).unwrap();
    assert!(text.contains("A report for programs and your message are attached."), "{text}");

    made.original = [ORIGINAL.as_bytes(), "Grüße\r\n".as_bytes()].concat();
    let message = made.message();
    let (kind, encoding, octets) = back(&message);
    assert_eq!((kind.as_str(), encoding.as_str()), ("message/rfc822", "8bit"));
    assert_eq!(octets, made.original);
    assert!(header_section(&message).contains("Content-Transfer-Encoding: 8bit"));
}

#[test]
fn what_is_long_or_odd_comes_back_as_a_header_section() {
    let mut made = Made::refused("hello@example.org");
    made.dsn.returned = Some(Returned::Full);
    let body = |body: &str| format!("{ORIGINAL}{body}\r\n").into_bytes();
    for original in [
        body(&"x".repeat(999)),
        body(&"a line\r\n".repeat(10_000)),
        body("a\u{7f}b"),
        "Subject: Grüße\r\n\r\nhello\r\n".into(),
    ] {
        made.original = original;
        let message = made.message();
        assert_eq!(back(&message).0, "text/rfc822-headers");
        let text = on_one_line(&read(&message).text);
        assert!(text.contains("Its text is not."), "{text}");
    }
}

#[test]
fn who_is_late_and_who_has_it() {
    let later = Reply::destination_unreachable();
    let waits = Cause::Waits { waited: DAY / 6, until: NOW + DAY };
    for (reply, cause, subject, first, story, action, status, more) in [
        (
            later,
            waits,
            "Delayed mail: hello@example.org",
            "Delayed: hello@example.org: 451 4.4.1",
            "It has waited for 4 hours, and is still tried until Sun, 29 Nov 2026 08:00:00 +0000.",
            "delayed",
            "4.4.1",
            Some(("Will-Retry-Until", "Sun, 29 Nov 2026 08:00:00 +0000")),
        ),
        (
            taken(),
            Cause::Relayed,
            "Mail handed on: hello@example.org",
            "Handed on: hello@example.org: 250 2.6.0",
            "what takes it from there makes no reports",
            "relayed",
            "2.6.0",
            None,
        ),
        (
            Reply::ok(),
            Cause::Delivered,
            "Delivered mail: hello@example.org",
            "Delivered: hello@example.org: 250 2.0.0",
            "It is in the mailbox.",
            "delivered",
            "2.0.0",
            None,
        ),
    ] {
        let mut made = Made::new(&[("hello@example.org", reply, cause)]);
        made.dsn.returned = Some(Returned::Full);
        let message = made.message();
        assert_eq!(back(&message).0, "text/rfc822-headers", "only a failure brings back all");
        assert!(header_section(&message).contains(&format!("Subject: {subject}\r\n")));
        let read = read(&message);
        let text = on_one_line(&read.text);
        assert!(text.starts_with(first), "{text}");
        assert!(text.contains(story) && text.contains("You need not send it again."), "{text}");
        let [_, fields] = &groups(&read.status)[..] else { panic!("{}", read.status) };
        let value =
            |name: &str| fields.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        assert_eq!((value("Action"), value("Status")), (Some(action), Some(status)));
        assert_eq!(value("Will-Retry-Until"), more.map(|(_, until)| until));
    }
    assert!(ARRIVED < NOW);
    let mixed = Made::new(&[
        ("hello@example.org", taken(), Cause::Relayed),
        ("sales@example.org", no_such_user(), Cause::Refused),
    ]);
    assert!(header_section(&mixed.message()).contains("Undelivered mail: 2 addresses"));
}
