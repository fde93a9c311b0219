//! Nobody else answers as the alias.

use super::*;
use crate::support::dns::Fault;
use crate::support::wait_until;

const NOT_PROVEN: &str = "550 5.7.1 This address is for answers of the alias's own mailbox";

#[test]
fn whoever_is_not_proven_to_be_the_mailbox_is_refused_and_learns_nothing() {
    let Some(site) = Site::start(|builder| builder) else { return };
    site.dns.txt("wide.test", "v=spf1 +all").txt("_dmarc.wide.test", "v=DMARC1; p=reject");
    site.dns.txt("none.test", "v=spf1 ip4:127.0.0.4 -all");
    site.onward.run(&["alias", "add", "wide@example.org", "w@wide.test", "--reply-by-address"]);
    site.onward.run(&["alias", "add", "none@example.org", "n@none.test", "--reply-by-address"]);
    let message = |from: &str, to: &str| {
        format!("From: {from}\r\nTo: {to}\r\nMessage-ID: <1@x.test>\r\n\r\nspam\r\n")
    };
    let (wide, none) = ("wide+bob=friend.test@example.org", "none+bob=friend.test@example.org");
    let mut texts = std::collections::HashSet::new();
    for (why, client, mail_from, from, to, signer) in [
        ("a stranger, proven", ELSEWHERE, "x@evil.test", "x@evil.test", BOB, "evil.test"),
        ("the stranger himself", FRIEND, "bob@friend.test", "bob@friend.test", BOB, "friend.test"),
        ("no proof", ELSEWHERE, "x@evil.test", "jo@home.test", BOB, ""),
        ("nobody's proof of nobody", ELSEWHERE, "x@evil.test", "xx@home.test", BOB, ""),
        ("the envelope says it", ELSEWHERE, "jo@home.test", "jo@home.test", BOB, ""),
        ("SPF of another", ELSEWHERE, "x@evil.test", "jo@home.test", BOB, ""),
        ("DKIM of another", ELSEWHERE, "x@evil.test", "jo@home.test", BOB, "evil.test"),
        ("a neighbour at the same domain", HOME, "al@home.test", "al@home.test", BOB, "home.test"),
        (
            "a neighbour's alias",
            HOME,
            "jo@home.test",
            "jo@home.test",
            "sales+bob=friend.test@example.org",
            "home.test",
        ),
        ("two authors", HOME, "jo@home.test", "jo@home.test, al@home.test", BOB, "home.test"),
        (
            "two From fields",
            HOME,
            "jo@home.test",
            "jo@home.test\r\nFrom: jo@home.test",
            BOB,
            "home.test",
        ),
        ("a group", HOME, "jo@home.test", "team: jo@home.test;", BOB, "home.test"),
        (
            "another in the display name",
            HOME,
            "jo@home.test",
            "ceo@bank.test <jo@home.test>",
            BOB,
            "home.test",
        ),
        ("a look-alike", HOME, "jo@home.test", "j\u{43e}@home.test", BOB, "home.test"),
        ("the alias itself", ELSEWHERE, "hello@example.org", "hello@example.org", BOB, ""),
        ("SPF that passes everybody", ELSEWHERE, "w@wide.test", "w@wide.test", wide, ""),
        ("no policy", ELSEWHERE, "n@none.test", "n@none.test", none, ""),
    ] {
        let message = message(from, to);
        let message = match signer {
            "" => message.into_bytes(),
            signer => site.signed(signer, &message),
        };
        let reply = site.send(client, mail_from, to, &message);
        assert!(reply.text().starts_with(NOT_PROVEN), "{why}: {reply}");
        assert!(!reply.text().contains("home.test") && !reply.text().contains("jo"), "{reply}");
        texts.insert(reply.text());
    }
    assert_eq!(texts.len(), 1, "{texts:?}");

    // What the mailbox has signed is not for whoever gets hold of it.
    let to = |to: &str| site.signed("home.test", &message("jo@home.test", to));
    let refused = |message: &[u8]| {
        site.send(ELSEWHERE, "x@evil.test", BOB, message).expect(NOT_PROVEN);
    };
    refused(&to("x@evil.test"));
    refused(&[b"To: ", BOB.as_bytes(), b"\r\n", &to("x@evil.test")].concat());
    // Nor where the signature leaves it to him to whom, or what else is said.
    let few = Signing::rsa("home.test").fields(&["from", "subject", "date", "message-id"]);
    refused(&site.verifiers.sign(message("jo@home.test", BOB).as_bytes(), &few));
    let some = Signing::rsa("home.test").fields(&["from", "to", "subject", "message-id"]);
    let some = site.verifiers.sign(message("jo@home.test", "x@evil.test").as_bytes(), &some);
    refused(&[b"Cc: ", BOB.as_bytes(), b"\r\n", &some].concat());
    let some = Signing::rsa("home.test").fields(&["from", "to", "cc", "subject", "message-id"]);
    let some = site.verifiers.sign(message("jo@home.test", BOB).as_bytes(), &some);
    refused(&[b"Content-Type: text/html\r\n", &some[..]].concat());
    let open = Signing::rsa("home.test").with_length();
    let open = site.verifiers.sign(message("jo@home.test", BOB).as_bytes(), &open);
    let more = [&open[..], b"and buy this\r\n"].concat();
    site.send(ELSEWHERE, "x@evil.test", BOB, &more).expect(NOT_PROVEN);
    site.send(HOME, "", BOB, &to(BOB)).expect("550 5.7.1 Bounces and notifications are no answers");

    // And the mailbox itself by another server, with its signature alone.
    site.send(ELSEWHERE, "x@evil.test", BOB, &to(BOB)).expect("250 2.0.0");
    // Whoever got a copy brings it again: it is taken once.
    for _ in 0..3 {
        site.send(ELSEWHERE, "x@evil.test", BOB, &to(BOB)).expect_code(250);
    }
    // By SPF alone, too.
    site.send(HOME, "jo@home.test", BOB, message("jo@home.test", BOB).as_bytes()).expect_code(250);
    assert_eq!(site.friend.wait_for_messages(2).len(), 2);
    assert_eq!(site.home.count(), 0);
}

#[test]
fn checks_that_are_off_prove_nobody() {
    let off = |builder: Builder| {
        let builder = builder.config("auth.own_from = \"mark\"");
        ["spf", "dkim", "dmarc"]
            .iter()
            .fold(builder, |builder, check| builder.config(&format!("auth.{check} = \"off\"")))
    };
    let Some(site) = Site::start(off) else { return };
    let message =
        format!("From: jo@home.test\r\nTo: {BOB}\r\nMessage-ID: <1@x.test>\r\n\r\nspam\r\n");
    site.send(ELSEWHERE, "jo@home.test", BOB, message.as_bytes()).expect(NOT_PROVEN);
    site.jo_answers(BOB, "").expect("250 2.0.0");
    assert_eq!(site.friend.wait_for_message().from, "hello@example.org");
}

#[test]
fn what_dns_does_not_say_now_is_asked_again_later() {
    let Some(site) = Site::start(|builder| builder) else { return };
    for name in ["_dmarc.home.test", "rsa._domainkey.home.test"] {
        site.dns.fault(name, Fault::ServFail);
        let message =
            format!("From: jo@home.test\r\nTo: {BOB}\r\nMessage-ID: <1@x.test>\r\n\r\nx\r\n");
        let message = site.signed("home.test", &message);
        for to in [BOB, "sales+bob=friend.test@example.org"] {
            // Whether it is the mailbox's or not.
            let message = String::from_utf8(message.clone()).unwrap().replace(BOB, to);
            let reply = site.send(ELSEWHERE, "x@evil.test", to, message.as_bytes());
            assert!(reply.code == 451, "{name}: {reply}");
        }
        site.dns.release(name);
    }
    wait_until("DNS to be asked again", || (site.jo_answers(BOB, "").code == 250).then_some(()));
    assert_eq!(site.friend.wait_for_messages(1).len(), 1);
}

#[test]
fn what_came_by_the_alias_is_not_sent_on_as_its_answer() {
    let Some(site) = Site::start(|builder| builder) else { return };
    // A mailbox that writes to its alias, and sends on what comes of that.
    let message = format!(
        "From: jo@home.test\r\nTo: hello@example.org, {BOB}\r\nMessage-ID: <1@x.test>\r\n\r\nx\r\n"
    );
    site.send(HOME, "jo@home.test", "hello@example.org", &site.signed("home.test", &message))
        .expect_code(250);
    let came = site.home.wait_for_message();
    site.send(HOME, "jo@home.test", BOB, &came.data).expect("554 5.4.6");
    assert_eq!(site.friend.count(), 0);
}

#[test]
fn only_where_the_owner_asked_for_it() {
    let Some(site) = Site::start(|builder| builder) else { return };
    // A tag as any other.
    site.jo_answers("plain+bob=friend.test@example.org", "").expect_code(250);
    let got = site.home.wait_for_message();
    assert_eq!(got.header("Delivered-To").as_deref(), Some("plain+bob=friend.test@example.org"));
    assert_eq!(got.header("Reply-To"), None);
    site.jo_answers("hello+news@example.org", "").expect_code(250);
    site.home.wait_for_messages(2);
    let mut session = site.onward.session();
    session.mail("jo@home.test").expect_code(250);
    for (to, reply) in [
        ("SRS0+bob=friend.test@example.org", "550"),
        ("nobody+bob=friend.test@example.org", "550 5.1.1"),
        ("hello+nobody=example.org@example.org", "550 5.1.1"),
        ("\"hello+bob=[127.0.0.1]\"@example.org", "550"),
        // Nobody answers an answer.
        ("hello+hello+bob=friend.test=example.org@example.org", "550 5.1.1"),
    ] {
        let said = session.rcpt(to);
        assert!(said.text().starts_with(reply), "{to}: {said}");
    }
    site.onward.run(&["alias", "set", "hello@example.org", "--no-reply-by-address"]);
    wait_until("the daemon to know", || {
        let mut session = site.onward.session();
        session.mail("jo@home.test").expect_code(250);
        let is_tag = session.rcpt("hello+nobody=example.org@example.org").code == 250;
        is_tag.then_some(())
    });
    site.jo_answers(BOB, "").expect_code(250);
    let got = &site.home.wait_for_messages(3)[2];
    assert_eq!(got.header("Delivered-To").as_deref(), Some(BOB));
    assert_eq!(site.friend.count(), 0);
}

#[test]
fn without_a_key_nothing_leaves() {
    let Some(site) = Site::start(|builder| {
        builder.domain("two.test").alias("hi@two.test", &["jo@home.test"]).run_first(&[
            "alias",
            "set",
            "hi@two.test",
            "--reply-by-address",
        ])
    }) else {
        return;
    };
    let reply = site.jo_answers("hi+bob=friend.test@two.test", "");
    let reply = reply.expect("554 5.7.5 two.test has no DKIM key here");
    assert!(reply.text().contains("onward dkim key add two.test"), "{reply}");
}

#[test]
fn a_mailbox_sends_no_more_than_an_account() {
    let Some(site) = Site::start(|builder| {
        builder
            .config("submission.messages_per_account = \"2/1h\"")
            .config("submission.new_recipients_per_account = \"1/1d\"")
    }) else {
        return;
    };
    site.jo_answers(BOB, "").expect("250 2.0.0");
    site.jo_answers("hello+ann=friend.test@example.org", "")
        .expect("450 4.7.1 Too many new recipients");
    site.jo_answers(BOB, "").expect("250 2.0.0");
    site.jo_answers(BOB, "").expect("450 4.7.1 Too many messages of this mailbox (2/1h)");
    assert_eq!(site.friend.wait_for_messages(2).len(), 2);
}
