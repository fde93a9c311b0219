//! DSNs as another mail program reads them, and what must hold whatever they are made of.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod asked;
mod read;
mod reported;

use mail_parser::{Encoding, MessageParser, MimeHeaders};
use onward::{
    address::{Domain, ForwardPath, Mailbox},
    dsn::{Cause, FailedRecipient, Notice},
    envelope::{MailDsn, OriginalRecipient},
    message::{Header, MessageId},
    reply::{ForeignReply, Hidden, Reply, Status},
    time::{DAY, Millis, UnixTime},
};
use proptest::prelude::*;
use read::{groups, header_section, on_one_line, read};
use std::time::Duration;

const ARRIVED: UnixTime = UnixTime::new(1_795_420_800);
const NOW: UnixTime = UnixTime::new(1_795_420_800 + 432_000);
const ORIGINAL: &str = "Received: from a.example\r\n\tby mx.example.org; Mon, 23 Nov 2026 08:00:00 \
                        +0000\r\nFrom: Ann <ann@a.example>\r\nTo: hello@example.org\r\nSubject: \
                        Lunch\r\nMessage-ID: <1@a.example>\r\n\r\nThe secret text.\r\n";

/// The makings of a notice, owned.
struct Made {
    from: Mailbox,
    to: Mailbox,
    original: Vec<u8>,
    failures: Vec<(ForwardPath, Reply, Cause)>,
    dsn: MailDsn,
    /// ORCPT of all recipients.
    wrote_to: Option<OriginalRecipient>,
}

impl Made {
    fn new(failures: &[(&str, Reply, Cause)]) -> Self {
        let failures = failures.iter().cloned();
        Self {
            from: mailbox("postmaster@srs.example.org"),
            to: mailbox("ann@a.example"),
            original: ORIGINAL.into(),
            failures: failures
                .map(|(path, reply, cause)| (recipient(path), reply, cause))
                .collect(),
            dsn: MailDsn::default(),
            wrote_to: None,
        }
    }

    fn refused(path: &str) -> Self {
        Self::new(&[(path, no_such_user(), Cause::Refused)])
    }

    fn message(&self) -> Vec<u8> {
        self.with(|notice| notice.to_message())
    }

    fn with<T>(&self, look: impl FnOnce(&Notice<'_>) -> T) -> T {
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|(path, reply, cause)| FailedRecipient {
                path,
                original: self.wrote_to.as_ref(),
                reply,
                cause: *cause,
            })
            .collect();
        look(&Notice {
            id: MessageId::new(Millis::new(NOW.as_secs() * 1000), [1, 2, 3, 4]),
            hostname: &Domain::parse("mx.example.org").unwrap(),
            from: &self.from,
            to: &self.to,
            original_id: "0DPHZ3R000000000",
            dsn: &self.dsn,
            arrived: ARRIVED,
            now: NOW,
            original: &self.original,
            failures: &failures,
        })
    }
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn recipient(text: &str) -> ForwardPath {
    ForwardPath::parse(&format!("<{text}>")).unwrap().0
}

fn no_such_user() -> Reply {
    let text = "<bob@target.test>: no such user at mx1.target.test".to_owned();
    let hidden = Hidden::mailboxes([&mailbox("bob@target.test")]);
    ForeignReply { code: 550, status: Some(Status(5, 1, 1)), text }.for_client(&hidden)
}

fn given_up(is_uncertain: bool) -> Cause {
    Cause::GivenUp { tried_for: DAY * 5, is_uncertain }
}

#[test]
fn the_whole_notice() {
    let message = Made::new(&[
        ("hello@example.org", no_such_user(), Cause::Refused),
        ("Sales@example.org", Reply::destination_unreachable(), given_up(false)),
        ("info@example.org", Reply::destination_lost(), given_up(true)),
    ])
    .message();
    let header = header_section(&message);
    for field in [
        "From: \"Mail Delivery System\" <postmaster@srs.example.org>",
        "To: <ann@a.example>",
        "Subject: Undelivered mail: 3 addresses",
        "Date: Sat, 28 Nov 2026 08:00:00 +0000",
        "In-Reply-To: <1@a.example>",
        "References: <1@a.example>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
    ] {
        assert!(header.split("\r\n").any(|line| line == field), "{field}\n{header}");
    }
    let id = MessageId::new(Millis::new(NOW.as_secs() * 1000), [1, 2, 3, 4]);
    assert!(header.contains(&format!("Message-ID: <{id}@mx.example.org>")), "{header}");

    let read = read(&message);
    let first = read.text.split("\r\n\r\n").next().unwrap();
    assert_eq!(
        on_one_line(first),
        "Not delivered: hello@example.org: 550 5.1.1 Destination: (hidden) no such user at (hidden) (and 2 more)"
    );
    let text = on_one_line(&read.text);
    for words in [
        "automatic message from the mail system at mx.example.org",
        "Your message came here on Mon, 23 Nov 2026 08:00:00 +0000. It was not, or perhaps not, delivered to:",
        "hello@example.org It was refused for good",
        "550 5.1.1 Destination: (hidden) no such user",
        "Sales@example.org It was tried for 5 days without success",
        "451 4.4.1 The destination cannot be reached",
        "info@example.org It may have arrived:",
        "write to postmaster@srs.example.org",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }

    let groups = groups(&read.status);
    let group = |fields: &[(&str, &str)]| -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let date = "Sat, 28 Nov 2026 08:00:00 +0000";
    assert_eq!(
        groups[0],
        group(&[
            ("Reporting-MTA", "dns; mx.example.org"),
            ("Arrival-Date", "Mon, 23 Nov 2026 08:00:00 +0000"),
            ("X-Onward-Queue-ID", "0DPHZ3R000000000"),
        ])
    );
    for (at, recipient, status, reply) in [
        (1, "hello", "5.1.1", "550 5.1.1 Destination: (hidden) no such user at (hidden)"),
        (2, "Sales", "4.4.1", "451 4.4.1 The destination cannot be reached, try again later"),
        (3, "info", "4.4.2", "451 4.4.2 The connection to the destination broke, try again later"),
    ] {
        assert_eq!(
            groups[at],
            group(&[
                ("Final-Recipient", &format!("rfc822; {recipient}@example.org")),
                ("Action", "failed"),
                ("Status", status),
                ("Diagnostic-Code", &format!("smtp; {reply}")),
                ("Last-Attempt-Date", date),
            ])
        );
    }
    assert_eq!(groups.len(), 4);

    assert_eq!(read.encoding, Encoding::None);
    assert_eq!(read.original, Header::scan(ORIGINAL.as_bytes()).bytes());
    let all = String::from_utf8(message).unwrap();
    for secret in ["target", "bob", "secret", "Remote-MTA"] {
        assert!(!all.contains(secret), "{secret}\n{all}");
    }
    assert!(all.split("\r\n").all(|line| line.len() <= 78), "{all}");
}

#[test]
fn the_same_notice_is_the_same_to_the_last_octet() {
    let made = Made::refused("hello@example.org");
    assert_eq!(made.message(), made.message(), "a clock or chance took part");
}

#[test]
fn nothing_sure_is_said_of_what_may_have_arrived() {
    let made = Made::new(&[("a@example.org", Reply::destination_lost(), given_up(true))]);
    let message = made.message();
    assert!(header_section(&message).contains("Subject: Delivery not confirmed: a@example.org"));
    let text = on_one_line(&read(&message).text);
    assert!(text.contains("not certain") && text.contains("ask the recipient"), "{text}");
    assert!(!text.contains("could not be delivered") && !text.contains("refused"), "{text}");
}

#[test]
fn postmaster_without_domain_is_the_one_of_this_host() {
    let status = read(&Made::refused("postmaster").message()).status;
    assert!(status.contains("Final-Recipient: rfc822; postmaster@mx.example.org\r\n"), "{status}");
}

#[test]
fn addresses_beyond_ascii() {
    let mut made = Made::refused("büro+x@example.org");
    assert!(!made.with(|notice| notice.needs_smtputf8()), "the sender is ASCII");
    let message = made.message();
    let read_back = read(&message);
    assert!(read_back.status.contains("utf-8; b\\x{FC}ro\\x{2B}x@example.org\r\n"));
    assert!(read_back.text.contains("\r\n  büro+x@example.org\r\n"), "{}", read_back.text);
    let parsed = MessageParser::new().parse(&message).unwrap();
    assert_eq!(parsed.subject(), Some("Undelivered mail: büro+x@example.org"));

    made.to = mailbox("jürgen@a.example");
    made.from = mailbox("pöst@example.org");
    assert!(made.with(|notice| notice.needs_smtputf8()));
    let message = made.message();
    read(&message);
    let header = header_section(&message);
    assert!(header.contains("To: =?utf-8?Q?j=C3=BCrgen=40a=2Eexample?= :;\r\n"), "{header}");
    let parsed = MessageParser::new().parse(&message).unwrap();
    let group = &parsed.to().unwrap().as_group().unwrap()[0];
    assert_eq!(group.name.as_deref(), Some("jürgen@a.example"));
    assert!(group.addresses.is_empty());
}

#[test]
fn a_hostile_original_changes_nothing_but_its_own_part() {
    let mut made = Made::refused("hello@example.org");
    let boundary = {
        let message = made.message();
        let parsed = MessageParser::new().parse(&message).unwrap();
        parsed.content_type().unwrap().attribute("boundary").unwrap().to_owned()
    };
    for original in [
        format!("--{boundary}: x\r\n--{boundary}--: x\r\n"),
        format!("Subject: x\r\n --{boundary}--\r\n"),
        "Message-ID: <a@b>\rBcc: <x@y.example>\r\n".to_owned(),
        "Message-ID: <a@b\nBcc: x@y.example>\r\n".to_owned(),
        "Message-ID: <a@b> (\r\n Bcc: x@y.example)\r\n".to_owned(),
        format!("Message-ID: <{}@b>\r\n", "a".repeat(2000)),
        "Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n".to_owned(),
        "Subject: \0\r\nContent-Type: multipart/mixed; boundary=x\r\n".to_owned(),
    ] {
        made.original = original.clone().into_bytes();
        let message = made.message();
        let header = header_section(&message);
        assert!(!header.contains("Bcc") && !header.contains("In-Reply-To"), "{header}");
        assert_eq!(read(&message).original, Header::scan(original.as_bytes()).bytes());
    }
}

#[test]
fn a_longest_message_id_still_fits_its_line() {
    let mut made = Made::refused("hello@example.org");
    let id = format!("<{}@b>", "a".repeat(981));
    made.original = format!("Message-ID: {id}\r\n").into_bytes();
    let message = made.message();
    assert!(header_section(&message).contains(&format!("In-Reply-To: {id}")));
    read(&message);
}

#[test]
fn long_sections_go_back_in_part() {
    let mut made = Made::refused("hello@example.org");
    made.original = "X-Field: 1\r\n 2\r\n".repeat(10_000).into_bytes();
    let back = read(&made.message()).original;
    assert!(back.len() <= 65_536 && back.len() > 65_500);
    assert!(back.ends_with(b"X-Field: 1\r\n 2\r\n"));
}

#[test]
fn sections_in_all_encodings_come_back_as_they_were() {
    let mut made = Made::refused("hello@example.org");
    for (original, encoding) in [
        ("Subject: Lunch \r\n\tat noon\r\n".into(), Encoding::None),
        ("Subject: Grüße = 😀 \r\n".into(), Encoding::QuotedPrintable),
        (format!("Subject: {}\r\n", "x".repeat(5000)), Encoding::QuotedPrintable),
        ("Subject: a\u{7f}\rb\r\n".into(), Encoding::Base64),
        ("Subject: unfinished".into(), Encoding::None),
        (String::new(), Encoding::None),
    ] {
        made.original = original.clone().into_bytes();
        let read = read(&made.message());
        assert_eq!((read.original, read.encoding), (original.into_bytes(), encoding));
    }
}

/// Octets that are likely to upset a header section.
fn sections() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[A-Za-z-]{1,12}: [ -~]{0,90}\r\n",
        1 => "[A-Za-z-]{1,12}:(\r\n [ -~]{0,30}){0,4}\r\n",
        1 => "[!-~]{1,30}: \\PC{0,60}\r\n",
        1 => "Message-ID: <[ -~]{0,30}>\r\n",
        1 => "--=_[0-9A-Z]{0,32}(--)?:\r\n",
        1 => "X: [a-z]{990,1010}\r\n",
    ];
    let fields = prop::collection::vec(piece, 0..8).prop_map(|lines| lines.concat().into_bytes());
    let dirt = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        fields.clone(),
        (fields, dirt).prop_map(|(mut bytes, dirt)| {
            for (at, byte) in dirt {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes
        }),
    ]
}

fn local_parts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z.+=?_-]{1,20}", "\"[ -~]{1,20}\"", "\\PC{1,12}"]
}

proptest! {
    #[test]
    fn whatever_it_is_made_of(
        original in sections(),
        alias in local_parts(),
        sender in local_parts(),
        words in "\\PC{0,500}",
        status in prop::option::of((2..6_u8, 0..1000_u16, 0..1000_u16)),
        cause in prop_oneof![
            Just(Cause::Refused),
            (any::<u64>(), any::<bool>()).prop_map(|(tried_for, is_uncertain)| {
                Cause::GivenUp { tried_for: Duration::from_secs(tried_for), is_uncertain }
            }),
        ],
    ) {
        let path = |local: &str| Mailbox::parse(&format!("{local}@example.org"));
        let (Ok(alias), Ok(sender)) = (path(&alias), path(&sender)) else { return Ok(()) };
        let status = status.map(|(class, subject, detail)| Status(class, subject, detail));
        let reply = ForeignReply { code: 550, status, text: words }.for_client(&Hidden::default());
        let mut made = Made::refused("a@b.example");
        made.to = sender;
        made.original = original.clone();
        made.failures = vec![(ForwardPath::Mailbox(alias), reply, cause)];
        let read = read(&made.message());
        prop_assert_eq!(read.original, Header::scan(&original).bytes());
        let groups = groups(&read.status);
        prop_assert_eq!(groups.len(), 2);
        prop_assert_eq!(groups[1].len(), 5);
        let given_up = cause != Cause::Refused;
        prop_assert_eq!(groups[1][2].1.starts_with('4'), given_up);
    }
}
