use super::{swaks, swaks_file};
use crate::support::client::stuffed;
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use std::fs;

/// All the fields that Postfix would add, and whatever a careless forwarder would change: a folded
/// field, 8-bit bytes, dots, white space at line ends, empty lines at the end.
const MESSAGE: &[u8] = b"From: Alice <alice@sender.test>\r\n\
    To: hello@example.org\r\n\
    Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n\
    Message-ID: <1@sender.test>\r\n\
    Subject:  a  subject\r\n\t that is folded \r\n\
    X-Odd:\ttab\r\n\
    \r\n\
    .\r\n..\r\n.dot\r\n\
    trailing blanks  \t\r\n\
    caf\xc3\xa9, caf\xe9\r\n\
    From here on\r\n\
    \r\n\r\n";

#[test]
fn the_mailbox_has_the_srs_return_path_and_the_original_bytes() {
    let Some(postfix) = Postfix::builder() else { return };
    let postfix = postfix.mailbox("bobs-box@sink.test").start();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bobs-box@sink.test"])
        .route("sink.test", &postfix.address().to_string())
        .start();
    let file = onward.state_dir().join("message");
    fs::write(&file, stuffed(MESSAGE)).unwrap();
    let sent = swaks_file(onward.address(), "alice@sender.test", "hello@example.org", &file);
    let Some(sent) = sent else { return };
    assert!(sent.success && sent.output.contains("250 2.0.0"), "{}", sent.output);

    let delivered = postfix.wait_for_deliveries("bobs-box@sink.test", 1).remove(0);
    let original = String::from_utf8_lossy(MESSAGE).replace("\r\n", "\n");
    let text = String::from_utf8_lossy(&delivered);
    let above = text.strip_suffix(&original).unwrap_or_else(|| panic!("bytes changed: {text}"));

    let srs = onward.srs_forward("alice@sender.test");
    assert!(srs.starts_with("SRS0=") && srs.ends_with("=sender.test=alice@example.org"), "{srs}");
    assert!(above.starts_with(&format!("Return-Path: <{srs}>\n")), "{above}");

    // Postfix puts four fields on top of ours: the last of them is its Received.
    let fields = fields(above);
    let ours = &fields[4..];
    assert!(fields[3].starts_with("Received: from mx.example.org "), "{above}");
    assert!(ours[0].starts_with("Received: from "), "{above}");
    assert!(ours[0].contains("by mx.example.org ") && ours[0].contains("SMTP"), "{above}");
    let ours = ours.join("\n").to_lowercase();
    assert!(!ours.contains("bobs-box") && !ours.contains("sink.test"), "{ours}");
    // The bytes that are no UTF-8 are compared above as replacement characters only.
    assert!(delivered.windows(6).any(|bytes| bytes == b"caf\xe9\nF"));
}

#[test]
fn a_bounce_of_the_destination_reaches_the_original_sender() {
    let Some(postfix) = Postfix::builder() else { return };
    let sender = Receiver::smtp().start();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["full@sink.test"])
        .route("sink.test", &postfix.address().to_string())
        .route("sender.test", sender.name())
        .start();
    let postfix = postfix
        .failing("full@sink.test", "5.2.2 the mailbox is full")
        .relay(onward.address())
        .start();
    let sent = swaks(onward.address(), "alice@sender.test", "hello@example.org");
    let Some(sent) = sent else { return };
    assert!(sent.success, "accepted before it fails: {}", sent.output);

    let bounce = sender.wait_for_message();
    assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &["alice@sender.test".to_owned()][..]));
    let text = String::from_utf8_lossy(&bounce.data);
    assert!(text.contains("Status: 5.2.2") && text.contains("the mailbox is"), "{text}");
    assert!(text.contains("Final-Recipient: rfc822; hello@example.org"), "{text}");
    assert!(
        text.contains("Subject: ") && !text.contains("written with swaks"),
        "its header: {text}"
    );
    assert!(!text.contains("sink.test"), "{text}");
    postfix.wait_for_log_count("removed", 2);

    let record = &onward.wait_for_trace(&["--from", "<>"], 1)[0];
    assert_eq!((&record["outcome"], &record["from"]), (&"forwarded".into(), &"<>".into()));
    let srs = onward.srs_forward("alice@sender.test");
    assert_eq!(record["to"], serde_json::json!([srs]));
}

/// UTF-8 in both local parts: out to the mailbox, and back as a bounce to a UTF-8 SRS address.
#[test]
fn utf8_addresses_go_out_and_come_back() {
    let Some(postfix) = Postfix::builder() else { return };
    let sender = Receiver::smtp().start();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("grüße@example.org", &["jürgen@sink.test"])
        .alias("voll@example.org", &["übervoll@sink.test"])
        .route("sink.test", &postfix.address().to_string())
        .route("sender.test", sender.name())
        .start();
    let postfix = postfix
        .mailbox("jürgen@sink.test")
        .failing("übervoll@sink.test", "5.2.2 the mailbox is full")
        .relay(onward.address())
        .start();
    let mut client = onward.session();
    let mail = "MAIL FROM:<zoë@sender.test> BODY=8BITMIME SMTPUTF8";
    // With all the fields that Postfix would add.
    let message = "From: Zoë <zoë@sender.test>\r\nSubject: Grüße\r\n\
        Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\n\
        Schöne Grüße\r\n";
    for recipient in ["grüße@example.org", "voll@example.org"] {
        client.command(mail).expect("250 2.1.0");
        client.rcpt(recipient).expect("250 2.1.5");
        client.data(message.as_bytes()).expect("250 2.0.0");
    }

    let delivered = postfix.wait_for_deliveries("jürgen@sink.test", 1).remove(0);
    let text = String::from_utf8(delivered).unwrap();
    assert!(text.starts_with("Return-Path: <SRS0="), "{text}");
    assert!(text.contains("=sender.test=zoë@example.org>\n"), "{text}");
    assert!(text.ends_with(&message.replace("\r\n", "\n")), "{text}");

    let bounce = sender.wait_for_message();
    assert_eq!((bounce.from.as_str(), bounce.to[0].as_str()), ("", "zoë@sender.test"));
    assert!(bounce.mail.contains("SMTPUTF8"), "{}", bounce.mail);
}

#[test]
fn what_the_destination_cannot_take_is_refused_and_not_re_encoded() {
    let Some(plain) = Postfix::builder() else { return };
    let plain = plain
        .mailbox("bob@sink.test")
        .set("smtputf8_enable", "no")
        .set("smtpd_discard_ehlo_keywords", "8bitmime, smtputf8")
        .start();
    let onward = Onward::forwarding_to(&plain.address().to_string()).start();
    let mut client = onward.session();
    let eight_bit = "From: <alice@sender.test>\r\n\r\ncafé\r\n".as_bytes();
    client.command("MAIL FROM:<alice@sender.test> BODY=8BITMIME").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.data(eight_bit).expect("554 5.6.3");

    client.command("MAIL FROM:<zoë@sender.test> SMTPUTF8").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.data(b"From: <alice@sender.test>\r\n\r\nplain\r\n").expect("554 5.6.7");

    // The connection is in step, and ordinary mail goes on.
    client
        .transaction(
            "alice@sender.test",
            &["hello@example.org"],
            b"From: <alice@sender.test>\r\n\r\nplain\r\n",
        )
        .expect("250 2.0.0");
    assert_eq!(plain.wait_for_deliveries("bob@sink.test", 1).len(), 1);
}

/// Header fields, each with its continuation lines.
fn fields(head: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in head.lines() {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    fields
}
