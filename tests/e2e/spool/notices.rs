//! DSNs: who gets one, and what it says.

use super::{ALIAS, ALICE, MALLORY, MESSAGE, scene};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;

/// Deferred, then refused for good.
#[test]
fn a_refusal_after_250_is_told_to_the_sender() {
    let scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    scene.sink.on(Step::Rcpt, Action::reply("550 5.1.1 <bob@sink.test> is unknown"));
    let notice = scene.wait_for_notice();
    assert_eq!((notice.from.as_str(), &notice.to[..]), ("", &[ALICE.to_owned()][..]));
    let text = String::from_utf8(notice.data.clone()).unwrap();
    for part in [
        "Auto-Submitted: auto-replied",
        "multipart/report",
        "Final-Recipient: rfc822; hello@example.org",
        "Action: failed",
        "Status: 5.1.1",
        "Reporting-MTA: dns; mx.example.org",
        "Subject: greetings",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("bob") && !text.contains("sink"), "{text}");
    assert!(!text.contains(".hello"), "header fields only: {text}");
    let record = scene.wait_for_outcome(ALIAS, "failed");
    assert_eq!(record["from"], ALICE);
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!((scene.sink.count(), scene.senders.count()), (0, 1));
    let status: serde_json::Value =
        serde_json::from_str(&scene.onward.run(&["status", "--json"])).unwrap();
    assert_eq!(status["failed_last_day"], 1);
}

#[test]
fn a_message_that_grows_too_old_is_told_to_the_sender() {
    let scene = scene(|onward| onward.config("spool.max_age = \"1s\""));
    scene.sink.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    let notice = scene.wait_for_notice();
    let text = String::from_utf8(notice.data).unwrap();
    assert!(text.contains("Final-Recipient: rfc822; hello@example.org"), "{text}");
    assert!(text.contains("Action: failed"), "{text}");
    scene.wait_for_outcome(ALIAS, "failed");
    assert_eq!(scene.senders.count(), 1);
}

/// One recipient delivered, one refused, in one transaction: one 250 covers both.
#[test]
fn of_two_recipients_one_is_refused() {
    let scene = scene(|onward| onward.alias("carol@example.org", &["carol@sink.test"]));
    scene.sink.on_recipient("carol@sink.test", Action::reply("550 5.2.1 disabled"));
    scene.send(ALICE, &[ALIAS, "carol@example.org"]).expect("250 2.0.0");
    let notice = scene.wait_for_notice();
    let text = String::from_utf8(notice.data).unwrap();
    assert!(text.contains("Final-Recipient: rfc822; carol@example.org"), "{text}");
    assert!(!text.contains("hello@example.org") && !text.contains("sink.test"), "{text}");
    assert_eq!(scene.sink.count(), 1);
    scene.wait_for_outcome(ALIAS, "partial");
    // The same from somebody who is not authenticated: each is answered by itself.
    scene.send(MALLORY, &[ALIAS, "carol@example.org"]).expect("451 4.5.3");
    scene.send(MALLORY, &[ALIAS]).expect("250 2.0.0");
    assert_eq!(scene.onward.session().mail(MALLORY).code, 250);
    assert_eq!((scene.sink.count(), scene.senders.count()), (2, 1));
}

/// 250 is a promise: a list and a program are told of what failed, as everybody is. Our own DSN has a null
/// reverse-path, so nothing goes round in circles.
#[test]
fn lists_and_programs_are_told_and_a_null_reverse_path_is_not() {
    for (from, field) in [
        ("", ""),
        (ALICE, "List-Id: <a.spf.test>\r\n"),
        (ALICE, "Precedence: bulk\r\n"),
        (ALICE, "Auto-Submitted: auto-replied (vacation)\r\n"),
        (ALICE, "Content-Type: multipart/report\r\n"),
    ] {
        let scene = scene(|onward| onward);
        scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
        let message = [field.as_bytes(), MESSAGE].concat();
        let reply = scene.onward.session().transaction(from, &[ALIAS], &message);
        reply.expect("250 2.0.0");
        scene.sink.on(Step::Rcpt, Action::reply("550 5.1.1 unknown"));
        let record = scene.wait_for_outcome(ALIAS, "failed");
        wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
        let told: Vec<_> =
            scene.senders.messages().into_iter().map(|dsn| (dsn.from, dsn.to)).collect();
        let expected: &[_] = match from {
            "" => &[],
            from => &[(String::new(), vec![from.to_owned()])],
        };
        assert_eq!(told, expected, "{field}");
        assert_eq!(record["from"], if from.is_empty() { "<>" } else { from });
    }
}

/// A DSN is a spooled message like another, retried and never bounced.
#[test]
fn a_notice_is_tried_again_and_never_bounced() {
    let scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.senders.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    scene.sink.on(Step::Rcpt, Action::reply("550 5.1.1 unknown"));
    scene.wait_for_outcome(ALIAS, "failed");
    wait_until("two attempts at the DSN", || {
        scene.queue().iter().any(|waits| waits["attempts"].as_u64() >= Some(2)).then_some(())
    });
    scene.senders.on(Step::Rcpt, Action::reply("550 5.1.1 unknown"));
    let record = scene.wait_for_outcome(ALICE, "failed");
    assert_eq!((&record["from"], &record["client"]), (&"<>".into(), &serde_json::Value::Null));
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!((scene.sink.count(), scene.senders.count()), (0, 0));
}

/// The sender's own domain is hosted here: its DSN goes where its aliases lead.
#[test]
fn a_notice_to_an_alias_of_ours() {
    let nobody = crate::support::port::free_address().to_string();
    let scene = scene(|onward| {
        let onward = onward.domain("spf.test").alias(ALICE, &["alice@home.test"]);
        onward.route("home.test", &nobody)
    });
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    scene.sink.on(Step::Rcpt, Action::reply("550 5.1.1 unknown"));
    scene.wait_for_outcome(ALIAS, "failed");
    let record = scene.wait_for_outcome("alice@home.test", "spooled");
    assert_eq!(record["to"], serde_json::json!([ALICE]));
}
