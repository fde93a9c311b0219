//! Which messages are taken, and that a message taken arrives as it came.

use super::{ALIAS, ALICE, MALLORY, MESSAGE, scene};
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;

#[test]
fn an_authenticated_sender_is_answered_250_and_the_message_arrives_later() {
    let scene = scene(|onward| onward.config("spool.retry = [\"1m\"]"));
    scene.sink.on(Step::FinalDot, Action::reply("452 4.2.2 full"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    let waits = scene.queue();
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert_eq!((&waits[0]["state"], &waits[0]["from"]), (&"queued".into(), &ALICE.into()));
    assert_eq!((&waits[0]["to"][0], &waits[0]["attempts"]), (&ALIAS.into(), &1.into()));
    assert_eq!(waits[0]["size"], MESSAGE.len());
    scene.wait_for_outcome(ALIAS, "spooled");

    scene.sink.accept_all();
    scene.onward.run(&["queue", "retry", "--all"]);
    let message = scene.sink.wait_for_message();
    assert!(message.data.ends_with(MESSAGE), "{message:?}");
    assert!(message.data.starts_with(b"Received: from client.test"), "{message:?}");
    assert!(message.from.starts_with("SRS0=") && message.from.ends_with("@example.org"));
    assert_eq!(message.to, ["bob@sink.test"]);
    let record = scene.wait_for_outcome(ALIAS, "forwarded");
    assert_eq!(record["attempts"].as_array().unwrap().len(), 2);
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!(scene.senders.count(), 0);
}

/// A message that came in whole goes out whole, whatever is in it.
#[test]
fn bytes_survive_the_spool() {
    let scene = scene(|onward| onward);
    let eight_bit: Vec<u8> = (128..=255).chain(*b"\r\n\r\n..\r\n. \r\n\t\r\n").collect();
    let message =
        [&b"From: a@spf.test\r\nX-Odd:\r\n \t folded \r\n\r\n.\r\n"[..], &eight_bit].concat();
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    let reply = scene.onward.session().transaction(ALICE, &[ALIAS], &message);
    reply.expect("250 2.0.0");
    scene.sink.accept_all();
    let arrived = scene.sink.wait_for_message();
    assert!(arrived.data.ends_with(&message));
    assert!(arrived.mail.contains("BODY=8BITMIME"), "{}", arrived.mail);
}

#[test]
fn an_unauthenticated_sender_keeps_the_message() {
    let scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(MALLORY, &[ALIAS]).expect("451 4.2.0");
    // No SPF record at all, and no domain either.
    scene.send("somebody@elsewhere.test", &[ALIAS]).expect("451 4.2.0");
    assert!(scene.queue().is_empty());
    scene.sink.accept_all();
    scene.send(MALLORY, &[ALIAS]).expect("250 2.0.0");
    assert_eq!(scene.sink.wait_for_messages(1).len(), 1);
}

/// DNS that fails is no pass.
#[test]
fn a_sender_whose_dns_fails_keeps_the_message() {
    let dns = crate::support::dns::Dns::start();
    dns.fault("spf.test", crate::support::dns::Fault::ServFail);
    let scene = scene(|onward| onward.dns(&dns));
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send("bob@spf.test", &[ALIAS]).expect("451 4.2.0");
    assert!(scene.queue().is_empty());
}

/// A returning bounce: nobody could be told, and nobody would send it again.
#[test]
fn a_null_reverse_path_is_taken() {
    let scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send("", &[ALIAS]).expect("250 2.0.0");
    scene.sink.accept_all();
    assert_eq!(scene.sink.wait_for_message().from, "");
}

#[test]
fn a_bounce_to_a_mailbox_that_is_not_ready_returns_later() {
    let scene = scene(|onward| onward);
    scene.senders.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    let srs = scene.onward.srs_forward(ALICE);
    scene.send("", &[&srs]).expect("250 2.0.0");
    scene.senders.accept_all();
    let bounce = scene.senders.wait_for_message();
    assert_eq!((bounce.from.as_str(), &bounce.to[0]), ("", &ALICE.to_owned()));
}

/// While the sender waits for a slow destination, SPF is asked for; the budget is what it waits.
#[test]
fn a_silent_destination_costs_the_budget() {
    let scene = scene(|onward| onward);
    scene.sink.on(Step::Data, Action::Hang);
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    scene.send(MALLORY, &[ALIAS]).expect("451 4.4.7");
    scene.sink.accept_all();
    scene.sink.drop_connections();
    assert_eq!(scene.sink.wait_for_messages(1).len(), 1);
}

#[test]
fn the_spool_is_bounded() {
    for limit in
        ["spool.max_messages = 1", "spool.max_bytes = 80", "spool.min_free_disk = \"1TiB\""]
    {
        let scene = scene(|onward| onward.config(limit).config("spool.retry = [\"1m\"]"));
        scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
        let fits = usize::from(limit.ends_with("= 1") || limit.ends_with("80"));
        for _ in 0..fits {
            scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
        }
        scene.send(ALICE, &[ALIAS]).expect("452 4.3.1");
        assert_eq!(scene.queue().len(), fits, "{limit}");
        // What goes through needs no room.
        scene.sink.accept_all();
        scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
        scene.onward.run(&["trace", "--json"]);
    }
}

#[test]
fn the_spool_can_be_turned_off() {
    let scene = scene(|onward| onward.config("spool.max_messages = 0"));
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    for from in [ALICE, MALLORY, ""] {
        scene.send(from, &[ALIAS]).expect("451 4.2.0");
    }
    assert!(scene.queue().is_empty());
}

/// The first 250 counts, though the daemon is told to stop before the next attempt.
#[test]
fn what_is_taken_outlives_a_restart() {
    let mut scene = scene(|onward| onward.config("spool.retry = [\"1s\"]"));
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    assert!(scene.onward.terminate().success());
    assert_eq!(scene.queue().len(), 1, "a stopped daemon's spool can be read");
    scene.sink.accept_all();
    scene.onward.serve();
    assert_eq!(scene.sink.wait_for_message().to, ["bob@sink.test"]);
    scene.wait_for_outcome(ALIAS, "forwarded");
}

/// The host answers a message that goes through: what was put off because it slept need not wait.
#[test]
fn a_host_that_wakes_up_gets_what_waited_for_it() {
    let address = crate::support::port::free_address();
    let scene = scene(|onward| {
        onward
            .route("late.test", &address.to_string())
            .alias("late@example.org", &["bob@late.test"])
            .config("spool.retry = [\"200ms\", \"1h\"]")
    });
    scene.send(ALICE, &["late@example.org"]).expect("250 2.0.0");
    wait_until("a second attempt", || (scene.queue()[0]["attempts"] == 2).then_some(()));
    let late = Receiver::smtp().at(address).start();
    scene.send(MALLORY, &["late@example.org"]).expect("250 2.0.0");
    assert_eq!(late.wait_for_messages(2).len(), 2);
}
