//! Reports that answer a forward.

use super::forms::{Form, Outcome, Third};
use super::{ALIAS, AUTHOR, HEADER, postfix_bounce, scene};
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use crate::support::receiver::{Action, Message, Step};
use crate::support::wait_until;
use mail_parser::{MessageParser, MimeHeaders, PartType};

/// A notice to the author as another mail program reads it.
pub(super) struct Told {
    /// All that can be read in it, encoded and decoded, in lower case.
    pub(super) everything: String,
    pub(super) text: String,
    /// The delivery status, unfolded.
    pub(super) status: String,
    /// The header section that came back.
    pub(super) header: Vec<u8>,
}

pub(super) fn read(message: &Message) -> Told {
    assert!(message.data.is_ascii());
    let parsed = MessageParser::new().parse(&message.data).unwrap();
    let kind = parsed.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let PartType::Multipart(parts) = &parsed.parts[0].body else { panic!("no multipart") };
    let contents: Vec<Vec<u8>> =
        parts.iter().map(|part| parsed.parts[*part as usize].contents().to_vec()).collect();
    let [text, status, header] = &contents[..] else { panic!("{} parts", contents.len()) };
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = [&message.data[..], text, status, header].map(lossy).concat();
    Told {
        everything: (all.clone() + all.replace("\r\n ", "").replace("=\r\n", "").as_str())
            .to_lowercase(),
        text: lossy(text),
        status: lossy(status).replace("\r\n ", " "),
        header: header.clone(),
    }
}

/// No byte of the mailbox's address, its host, or a link of its provider.
#[track_caller]
pub(super) fn assert_hides(told: &Told, what: &str) {
    for secret in [
        "sink",
        "bobs",
        "b\u{f8}bs",
        "203.0.113",
        "s1nk",
        "http",
        "gsmtp",
        "17.58",
        "support",
        "2603",
        "outlook",
    ] {
        assert!(!told.everything.contains(secret), "{what}: {secret}\n{}", told.everything);
    }
}

#[test]
fn fifty_bounces_tell_status_and_reason_and_hide_the_mailbox() {
    let scene = scene(|onward| onward);
    let forms: Vec<Form> = Form::all().into_iter().filter(|form| !form.is_for_people()).collect();
    let mut count = 0;
    for (number, form) in forms.iter().enumerate() {
        let forward = scene.forward();
        for n in number..number + 4 {
            let (outcome, third) = (Outcome::all()[n % 5], Third::ALL[(n + count) % 6]);
            let what = format!("{} {} {third:?}", form.name, outcome.status);
            let bounce = form.filled(&forward, &forward.data, &outcome, third);
            let got = scene.told(&forward.from, &bounce);
            let told = read(&got);
            assert_hides(&told, &what);
            for field in ["DKIM-Signature", "Received", "ARC-Seal", "X-Onward-Seal"] {
                assert!(got.header(field).is_none(), "{what}: {field}");
            }
            let from = got.header("From").unwrap();
            assert!(from.contains("<postmaster@example.org>"), "{what}: {from}");
            assert_eq!(got.header("To").unwrap(), "<alice@sender.test>", "{what}");
            for field in [
                "Reporting-MTA: dns; mx.example.org",
                "Final-Recipient: rfc822; hello@example.org",
                &format!("Action: {}", outcome.action),
                &format!("Status: {}", outcome.status),
                &format!("Diagnostic-Code: smtp; {} {} ", outcome.code, outcome.status),
                outcome.told,
            ] {
                assert!(told.status.contains(field), "{what}: {field}\n{}", told.status);
            }
            assert!(told.text.contains(ALIAS), "{what}: {}", told.text);
            assert_eq!(String::from_utf8_lossy(&told.header), HEADER, "{what}");
            assert_eq!(got.header("In-Reply-To").unwrap(), "<1@sender.test>", "{what}");
            count += 1;
        }
    }
    assert!(count >= 50, "{count}");
}

#[test]
fn a_real_postfix_bounces() {
    let Some(postfix) = Postfix::builder() else { return };
    let author = Receiver::smtp().start();
    let onward = Onward::builder()
        .domain("example.org")
        .alias(ALIAS, &["bobs-box@sink.test"])
        .route("sink.test", &postfix.address().to_string())
        .route("sender.test", author.name())
        .start();
    let postfix = postfix
        .failing("bobs-box@sink.test", "5.2.2 the mailbox of bobs-box is full")
        .relay(onward.address())
        .start();
    let message = format!("{HEADER}\r\nThe text.\r\n");
    let sent = onward.session().transaction(AUTHOR, &[ALIAS], message.as_bytes());
    sent.expect("250 2.0.0");
    let told = read(&author.wait_for_message());
    for secret in ["sink", "bobs", "postfix", "the text"] {
        assert!(!told.everything.contains(secret), "{secret}: {}", told.everything);
    }
    assert!(told.status.contains("Final-Recipient: rfc822; hello@example.org"), "{}", told.status);
    assert!(told.status.contains("Status: 5.2.2"), "{}", told.status);
    assert!(told.status.contains("is full"), "{}", told.status);
    assert_eq!(String::from_utf8_lossy(&told.header), HEADER);
    postfix.wait_for_log_count("removed", 2);
}

/// The bouncing client waits, and hears what the author's MX says.
#[test]
fn the_authors_mx_has_the_verdict() {
    let scene = scene(|onward| onward.config("spool.retry = [\"100ms\"]"));
    let forward = scene.forward();
    let bounce = postfix_bounce(&forward);
    scene.author.on(Step::Rcpt, Action::reply("550 5.1.1 no such user"));
    scene.returns(&forward.from, &bounce).expect("550 5.1.1");
    // Not yet: Onward keeps it, as a bounce can go nowhere else.
    scene.author.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.returns(&forward.from, &bounce).expect("250 2.0.0");
    assert_eq!(scene.author.count(), 0);
    scene.author.accept_all();
    let told = read(&scene.author.wait_for_message());
    assert_hides(&told, "from the spool");
    assert!(told.status.contains("Status: 5.1.1"), "{}", told.status);
    wait_until("an empty spool", || scene.onward.run(&["queue", "list"]).is_empty().then_some(()));
}

/// One copy for two aliases at one host: each report is about the alias that leads to its mailbox.
#[test]
fn of_two_aliases_the_one_is_named_that_leads_to_the_mailbox() {
    let scene = scene(|onward| onward.alias("carol@example.org", &["other-sink-box@sink.test"]));
    let forward = scene.forward_to(&["carol@example.org", ALIAS]);
    let told = read(&scene.told(&forward.from, &postfix_bounce(&forward)));
    assert_hides(&told, "two aliases");
    assert!(told.status.contains("Final-Recipient: rfc822; hello@example.org"), "{}", told.status);
    assert!(!told.status.contains("carol"), "{}", told.status);

    // It went on from there, to a mailbox that we do not know: one of the two it is.
    let bounce = postfix_bounce(&forward);
    let bounce = super::forms::replaced(&bounce, b"bobs-box@sink.test", b"bobs@inner.sink.test");
    let told = read(&scene.told(&forward.from, &bounce));
    assert_hides(&told, "an unknown mailbox");
    for alias in [ALIAS, "carol@example.org"] {
        assert!(
            told.status.contains(&format!("Final-Recipient: rfc822; {alias}")),
            "{}",
            told.status
        );
    }
    let text = told.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("behind one of the addresses named here"), "{text}");
}

/// By two aliases of two domains, one behind the other: the author hears of the one that he wrote to.
#[test]
fn what_came_through_twice_is_told_by_the_first_alias() {
    let scene = scene(|onward| {
        onward
            .config("srs.per_domain = true")
            .domain("example.net")
            .alias("info@example.net", &["bobs-box@sink.test"])
    });
    let first = scene.forward_to(&["info@example.net"]);
    let sent = scene.onward.session().transaction(&first.from, &[ALIAS], &first.data);
    sent.expect("250 2.0.0");
    let second = scene.sink.wait_for_messages(2).pop().unwrap();
    let told = read(&scene.told(&second.from, &postfix_bounce(&second)));
    assert_hides(&told, "twice");
    assert!(told.status.contains("Final-Recipient: rfc822; info@example.net"), "{}", told.status);
    assert!(!told.status.contains(ALIAS), "{}", told.status);
    assert_eq!(String::from_utf8_lossy(&told.header), HEADER);
}

/// Aliases and authors that are not ASCII.
#[test]
fn utf8_addresses_are_told_too() {
    let scene = scene(|onward| onward.alias("grüße@example.org", &["bobs-box@sink.test"]));
    let mut client = scene.onward.session();
    client.command("MAIL FROM:<zoë@sender.test> BODY=8BITMIME SMTPUTF8").expect("250");
    client.rcpt("grüße@example.org").expect("250");
    client
        .data("From: Zoë <zoë@sender.test>\r\nSubject: Grüße\r\n\r\n.\r\n".as_bytes())
        .expect("250 2.0.0");
    let forward = scene.sink.wait_for_message();
    let bounce = postfix_bounce(&forward);
    client.command("MAIL FROM:<> BODY=8BITMIME SMTPUTF8").expect("250");
    client.rcpt(&forward.from).expect("250");
    client.data(&bounce).expect("250 2.0.0");
    let got = scene.author.wait_for_message();
    assert!(got.mail.contains("SMTPUTF8") && got.to == ["zoë@sender.test"], "{got:?}");
    let told = read(&got);
    assert_hides(&told, "utf-8");
    assert!(
        told.status.contains("Final-Recipient: utf-8; gr\\x{FC}\\x{DF}e@example.org"),
        "{}",
        told.status
    );
}
