//! There and back again.

use super::*;
use crate::support::verifiers::Arrival;

const JO_KNOWS: [&str; 9] = [
    "jo@home",
    "home.test",
    "Jo Doe",
    "127.0.0.3",
    "192.0.2.77",
    "secret.test",
    "laptop",
    "Autocrypt",
    "client.test",
];

/// All that a mailbox's service and program may put into a message.
const TELLTALE: &str = "Received: from laptop (laptop.home.test [192.0.2.77]) by home.test; Mon, 23 Nov 2026 08:00:00 +0000\r\n\
     Return-Path: <jo@home.test>\r\nSender: jo@home.test\r\nReply-To: Jo Doe <jo@home.test>\r\n\
     Authentication-Results: home.test; auth=pass smtp.auth=jo@home.test\r\nARC-Seal: i=1; d=home.test\r\n\
     ARC-Message-Signature: i=1; d=home.test\r\nARC-Authentication-Results: i=1; home.test\r\n\
     X-Originating-IP: 192.0.2.77\r\nX-Sender: jo@home.test\r\nX-MS-Exchange-CrossTenant-Id: home.test\r\n\
     Autocrypt: addr=jo@home.test; keydata=AAAA\r\nDisposition-Notification-To: jo@home.test\r\n\
     Return-Receipt-To: jo@home.test\r\nErrors-To: jo@home.test\r\nList-Unsubscribe: <mailto:jo@home.test>\r\n\
     Resent-From: jo@home.test\r\nResent-Message-ID: <2@home.test>\r\nOpenPGP: url=https://home.test/jo\r\n\
     Organization: home.test\r\nUser-Agent: Program on laptop\r\nThread-Topic: jo@home.test\r\n\
     Cc: Me <jo@home.test>, hello+jo=home.test@example.org, \"for jo@home.test\" <carol@other.test>\r\nBcc: secret@secret.test\r\n\
     Comments: sent by jo@home.test\r\nKeywords: jo@home.test\r\n\
     In-Reply-To: Your mail to jo@home.test <first@friend.test>\r\n\
     References: <first@friend.test>\r\n <earlier@mail.home.test>\r\n\
     MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";

#[test]
fn a_stranger_writes_and_is_answered_and_never_learns_the_mailbox() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let first = "From: \"Bob\" <bob@friend.test>\r\nTo: hello@example.org\r\nSubject: hello\r\n\
                 Message-ID: <first@friend.test>\r\n\r\nare you there?\r\n";
    let first = site.signed("friend.test", first);
    site.send(FRIEND, "bob@friend.test", "hello@example.org", &first).expect_code(250);
    let came = site.home.wait_for_message();
    assert_eq!(
        came.header("Reply-To").as_deref(),
        Some("\"Bob\" <hello+bob=friend.test@example.org>")
    );

    let reply_to = format!("\"Bob\" <{BOB}>");
    let message = format!(
        "From: Jo Doe <jo@home.test>\r\nTo: {reply_to}\r\nSubject: Re: hello\r\nDate: Mon, 23 Nov 2026 08:00:00 +0000\r\n\
         Message-ID: <own@mail.home.test>\r\n{TELLTALE}\r\nI am. \u{e9}\r\n.\r\n.. dots\r\n"
    );
    let message = site.signed("home.test", &message);
    site.send(HOME, "jo@home.test", BOB, &message).expect("250 2.0.0");
    let got = site.friend.wait_for_message();
    let (from, to) = (got.header("From").unwrap(), got.header("To").unwrap());
    assert_eq!((&*from, &*to), ("hello@example.org", "\"Bob\" <bob@friend.test>"));
    assert_eq!((&*got.from, &*got.to), ("hello@example.org", &["bob@friend.test".to_owned()][..]));
    assert_eq!(got.header("Cc").as_deref(), Some("<carol@other.test>"));
    assert_eq!(got.header("Subject").as_deref(), Some("Re: hello"));
    assert_eq!(got.header("In-Reply-To").as_deref(), Some("<first@friend.test>"));
    assert_eq!(got.body(), "I am. \u{e9}\r\n.\r\n.. dots\r\n".as_bytes(), "byte for byte");
    let seen = site.seen_by_friend();
    for telltale in JO_KNOWS {
        assert!(!holds(&seen, telltale), "{telltale}: {}", String::from_utf8_lossy(&seen));
    }
    let found = site.verifiers.verify(site.dns.address(), &Arrival::of(&got));
    found.expect_dkim_of("example.org");
    assert_eq!((&*found.spf.result, &*found.dmarc.result), ("pass", "pass"), "{found:?}");
    assert_eq!(found.dkim.len(), 1, "{found:?}");

    // His answer, with the id that he was told, comes to the mailbox.
    let id = got.header("Message-ID").unwrap();
    assert!(id.ends_with("@example.org>"), "{id}");
    let again = format!(
        "From: bob@friend.test\r\nTo: hello@example.org\r\nSubject: Re: hello\r\nIn-Reply-To: {id}\r\n\
         Message-ID: <second@friend.test>\r\n\r\ngood\r\n"
    );
    let again = site.signed("friend.test", &again);
    site.send(FRIEND, "bob@friend.test", "hello@example.org", &again).expect_code(250);
    assert_eq!(site.home.wait_for_messages(2)[1].header("In-Reply-To"), Some(id));

    // Whoever answers twice has the same id in both, as has what refers to it.
    let own = format!(
        "From: jo@home.test\r\nTo: {BOB}\r\nMessage-ID: <further@home.test>\r\nIn-Reply-To: <own@mail.home.test>\r\n\r\nand\r\n"
    );
    site.send(HOME, "jo@home.test", BOB, &site.signed("home.test", &own)).expect_code(250);
    let further = &site.friend.wait_for_messages(2)[1];
    assert_eq!(further.header("In-Reply-To"), got.header("Message-ID"));

    for record in site.onward.wait_for_trace(&["--to", BOB], 2) {
        assert_eq!(record["from"], "jo@home.test");
        assert_eq!(record["srs_from"], "hello@example.org");
        assert!(record["auth"].as_str().unwrap().contains("answer by address"), "{record}");
    }
}

#[test]
fn whoever_is_hosted_here_gets_his_answer_through_his_alias() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let to = "hello+plain=example.org@example.org";
    let message =
        format!("From: jo@home.test\r\nTo: {to}\r\nMessage-ID: <1@home.test>\r\n\r\nx\r\n");
    site.send(HOME, "jo@home.test", to, &site.signed("home.test", &message)).expect_code(250);
    let got = site.home.wait_for_message();
    assert_eq!(got.header("To").as_deref(), Some("<plain@example.org>"));
    assert_eq!(got.header("Delivered-To").as_deref(), Some("plain@example.org"));
    assert_eq!((&*got.from, &*got.to), ("hello@example.org", &["jo@home.test".to_owned()][..]));
}

#[test]
fn several_are_answered_at_once_and_other_mail_comes_by_itself() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let ann = "hello+ann+x=friend.test@example.org";
    let message = format!(
        "From: jo@home.test\r\nTo: {BOB}\r\nCc: {ann}, hello@example.org\r\nMessage-ID: <1@home.test>\r\n\r\nx\r\n"
    );
    let message = site.signed("home.test", &message);
    let mut session = Client::connect_from(HOME, site.onward.address());
    session.reply().expect_code(220);
    session.ehlo("client.test").expect_code(250);
    session.mail("jo@home.test").expect_code(250);
    session.rcpt(BOB).expect_code(250);
    session.rcpt(ann).expect_code(250);
    session.rcpt("sales+bob=friend.test@example.org").expect("452 4.5.3");
    session.rcpt("plain@example.org").expect("452 4.5.3");
    session.data(&message).expect("250 2.0.0");
    let got = site.friend.wait_for_message();
    assert_eq!(got.to, ["bob@friend.test", "ann+x@friend.test"]);
    assert_eq!(got.header("Cc").as_deref(), Some("<ann+x@friend.test>, <hello@example.org>"));

    session.mail("jo@home.test").expect_code(250);
    session.rcpt("plain@example.org").expect_code(250);
    session.rcpt(BOB).expect("452 4.5.3");
}

#[test]
fn an_alias_of_aliases_is_answered_by_the_mailboxes_it_leads_to() {
    let Some(site) = Site::start(|builder| builder) else { return };
    site.jo_answers("both+bob=friend.test@example.org", "").expect("250 2.0.0");
    assert_eq!(site.friend.wait_for_message().from, "both@example.org");
    // Cc to the other mailbox goes, too.
    let cc = "Cc: al@home.test\r\n";
    site.jo_answers("both+bob=friend.test@example.org", cc).expect("250 2.0.0");
    let got = &site.friend.wait_for_messages(2)[1];
    assert_eq!(got.header("Cc"), None);
    assert!(!holds(&site.seen_by_friend(), "home.test"));
}
