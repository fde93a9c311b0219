use super::swaks;
use crate::support::onward::Onward;
use crate::support::port::free_address;
use crate::support::postfix::Postfix;
use crate::support::receiver::{Action, Receiver, Step};

const ALICE: &str = "alice@sender.test";
const ALIAS: &str = "hello@example.org";

#[test]
fn a_refusal_becomes_the_senders_own_dsn() {
    let Some(postfix) = Postfix::builder() else { return };
    let destination = Receiver::smtp()
        .on(Step::FinalDot, Action::reply("550 5.2.1 <bob@sink.test>: mailbox bob disabled"))
        .start();
    let onward = Onward::forwarding_to(destination.name()).start();
    let postfix = postfix.mailbox(ALICE).relay(onward.address()).start();
    let Some(sent) = swaks(postfix.address(), ALICE, ALIAS) else { return };
    assert!(sent.success, "{}", sent.output);

    let dsn = postfix.wait_for_deliveries(ALICE, 1).remove(0);
    let text = String::from_utf8(dsn).unwrap();
    assert!(text.starts_with("Return-Path: <>\n"), "{text}");
    for part in ["Final-Recipient: rfc822; hello@example.org", "Status: 5.2.1", "disabled"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("550 5.2.1 Destination:"), "{text}");
    assert!(!text.contains("bob") && !text.contains("sink.test"), "the mailbox shows: {text}");
    assert_eq!(destination.attempts().len(), 1, "asked once");
}

/// Three destinations of one alias: one takes the message at once, one defers it, one is down. The
/// sender's queue keeps the message until all three have it, and none gets it twice.
#[test]
fn the_senders_queue_keeps_what_not_all_destinations_have() {
    let Some(postfix) = Postfix::builder() else { return };
    let ready = Receiver::smtp().start();
    let busy = Receiver::smtp().on(Step::Rcpt, Action::reply("451 4.2.1 mailbox busy")).start();
    let down = free_address();
    let onward = Onward::builder()
        .domain("example.org")
        .alias(ALIAS, &["a@ready.test", "b@busy.test", "c@down.test"])
        .route("ready.test", ready.name())
        .route("busy.test", busy.name())
        .route("down.test", &down.to_string())
        .start();
    let postfix = postfix.mailbox(ALICE).relay(onward.address()).start();
    let Some(sent) = swaks(postfix.address(), ALICE, ALIAS) else { return };
    assert!(sent.success, "{}", sent.output);
    postfix.wait_for_log_count("status=deferred", 1);
    assert_eq!((ready.count(), busy.count()), (1, 0));

    busy.accept_all();
    postfix.flush();
    postfix.wait_for_log_count("status=deferred", 2);
    assert_eq!((ready.count(), busy.count()), (1, 1));

    let back = Receiver::smtp().at(down).start();
    postfix.flush();
    postfix.wait_for_log("removed");
    assert_eq!((ready.count(), busy.count(), back.count()), (1, 1, 1));
    let bodies = [&ready, &busy, &back].map(|receiver| receiver.messages()[0].body().to_vec());
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    assert!(postfix.deliveries(ALICE).is_empty(), "nothing to bounce");
    let records = onward.wait_for_trace(&["--to", ALIAS], 3);
    let outcomes: Vec<_> =
        records.iter().map(|record| record["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["deferred", "deferred", "forwarded"]);
}

/// What the memory of deliveries is on disk for: Onward is killed between the two tries.
#[test]
fn a_delivered_copy_is_remembered_over_a_crash() {
    let Some(postfix) = Postfix::builder() else { return };
    let ready = Receiver::smtp().start();
    let down = free_address();
    let mut onward = Onward::builder()
        .domain("example.org")
        .alias(ALIAS, &["a@ready.test", "c@down.test"])
        .route("ready.test", ready.name())
        .route("down.test", &down.to_string())
        .start();
    let postfix = postfix.relay(onward.address()).start();
    let Some(sent) = swaks(postfix.address(), ALICE, ALIAS) else { return };
    assert!(sent.success, "{}", sent.output);
    postfix.wait_for_log_count("status=deferred", 1);
    onward.kill_9();
    onward.serve();

    let back = Receiver::smtp().at(down).start();
    postfix.flush();
    postfix.wait_for_log("removed");
    assert_eq!((ready.count(), back.count()), (1, 1));
}

/// Two recipients in one transaction to an LMTP server that takes one and refuses the other: after
/// the retry one has the message once, and the sender's DSN is about the other alone.
#[test]
fn recipients_that_differ_are_each_answered_truly_at_the_retry() {
    let Some(postfix) = Postfix::builder() else { return };
    let directory = tempfile::tempdir().unwrap();
    let lmtp = Receiver::lmtp()
        .unix(directory.path().join("lmtp"))
        .rule(|at| {
            let full = at.step == Step::FinalDot && at.recipient == "dora@sink.test";
            full.then(|| Action::reply("552 5.2.2 over quota"))
        })
        .start();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("carl@example.org", &["carl@sink.test"])
        .alias("dora@example.org", &["dora@sink.test"])
        .route("sink.test", &lmtp.route())
        .start();
    let postfix = postfix.mailbox(ALICE).relay(onward.address()).start();
    let Some(sent) = swaks(postfix.address(), ALICE, "carl@example.org,dora@example.org") else {
        return;
    };
    assert!(sent.success, "{}", sent.output);
    postfix.wait_for_log_count("status=deferred", 2);

    postfix.flush();
    let dsn = String::from_utf8(postfix.wait_for_deliveries(ALICE, 1).remove(0)).unwrap();
    assert!(dsn.contains("Final-Recipient: rfc822; dora@example.org"), "{dsn}");
    assert!(dsn.contains("5.2.2"), "{dsn}");
    assert!(!dsn.contains("Final-Recipient: rfc822; carl@"), "{dsn}");
    postfix.wait_for_log_count("removed", 2);
    assert_eq!(postfix.deliveries(ALICE).len(), 1);
    let got: usize =
        lmtp.messages().iter().filter(|m| m.to.contains(&"carl@sink.test".into())).count();
    assert_eq!(got, 1, "carl has it once");
}

#[test]
fn utf8_and_8bit_mail_from_postfix_is_forwarded_as_it_is() {
    let Some(postfix) = Postfix::builder() else { return };
    let destination = Receiver::smtp().start();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("grüße@example.org", &["jürgen@sink.test"])
        .route("sink.test", destination.name())
        .start();
    let postfix = postfix.relay(onward.address()).start();
    let mut client = crate::support::client::Client::session(postfix.address());
    // With all the fields that Postfix would add.
    let message = "From: Zoë <zoë@sender.test>\r\nSubject: Grüße\r\n\
        Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\n\
        Schöne Grüße\r\n";
    client.command("MAIL FROM:<zoë@sender.test> BODY=8BITMIME SMTPUTF8").expect_code(250);
    client.rcpt("grüße@example.org").expect_code(250);
    client.data(message.as_bytes()).expect_code(250);

    let arrived = destination.wait_for_message();
    let text = String::from_utf8_lossy(&arrived.data);
    assert!(text.ends_with(message), "{text}");
    assert_eq!(arrived.to, ["jürgen@sink.test"]);
    assert!(arrived.from.ends_with("=sender.test=zoë@example.org"), "{}", arrived.from);
    assert!(arrived.mail.contains("BODY=8BITMIME") && arrived.mail.contains("SMTPUTF8"));
}
