//! A daemon that stops or is killed with messages in its spool, and what the next one makes of them.

use super::{ALIAS, ALICE, scene};
use crate::support::receiver::{Action, Gate, Receiver, Step};
use crate::support::wait_until;
use rusqlite::Connection;
use std::time::{Duration, Instant};

const DAY: i64 = 86_400_000;

/// Something done to the database of a stopped daemon.
fn edit(scene: &super::Scene, sql: &str) {
    let database = Connection::open(scene.onward.state_dir().join("onward.db")).unwrap();
    assert!(database.execute(sql, ()).unwrap() > 0, "{sql}");
}

/// Killed between the end of data and its reply: nobody knows whether the destination has it, so it is
/// sent again, and the journal says so.
#[test]
fn a_reply_that_a_kill_cut_off_is_a_second_copy_and_no_loss() {
    let mut scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    let gate = Gate::new();
    scene.sink.accept_all().on(Step::FinalDot, Action::hold(&gate));
    gate.wait_for_arrivals(1);
    assert_eq!(scene.queue()[0]["state"], "uncertain", "before the reply");
    scene.onward.kill_9();
    gate.open();
    scene.sink.accept_all();
    scene.onward.serve();
    let record = scene.wait_for_outcome(ALIAS, "forwarded");
    assert!(scene.sink.wait_for_messages(1).len() <= 2);
    let id = record["id"].as_str().unwrap();
    let told = scene.onward.run(&["trace", "--id", id]);
    assert!(told.contains("bob@sink.test may have got it twice"), "{told}");
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
}

/// Before the end of data nothing is at stake: the daemon does not wait for such a destination.
#[test]
fn a_stop_breaks_off_what_has_not_been_sent() {
    let mut scene = scene(|onward| onward.config("delivery.budget = \"1s\""));
    scene.sink.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    let gate = Gate::new();
    scene.sink.accept_all().on(Step::Data, Action::hold(&gate));
    gate.wait_for_arrivals(1);
    let began = Instant::now();
    assert!(scene.onward.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    gate.open();
    scene.sink.accept_all();
    scene.onward.serve();
    assert_eq!(scene.sink.wait_for_message().to, ["bob@sink.test"]);
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!(scene.sink.count(), 1);
}

/// Behind the end of data its reply is waited for.
#[test]
fn a_stop_waits_for_the_reply_to_what_has_been_sent() {
    let mut scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    let gate = Gate::new();
    scene.sink.accept_all().on(Step::FinalDot, Action::hold(&gate));
    gate.wait_for_arrivals(1);
    scene.onward.signal("TERM");
    scene.onward.wait_for_log("stopping");
    gate.open();
    assert!(scene.onward.wait_exit().success());
    assert_eq!(scene.sink.count(), 1);
    assert!(scene.queue().is_empty());
    scene.onward.serve();
    scene.wait_for_outcome(ALIAS, "forwarded");
    assert_eq!(scene.sink.count(), 1, "not sent again");
}

/// Killed behind the last word of the spool and before the journal has it: it is told what was on disk.
#[test]
fn what_ended_just_before_a_crash_is_told_by_the_next_start() {
    let mut scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    scene.onward.kill_9();
    edit(&scene, "UPDATE spool_legs SET state = 'delivered', was_uncertain = 1");
    scene.onward.serve();
    let record = scene.wait_for_outcome(ALIAS, "forwarded");
    assert_eq!(record["note"], "bob@sink.test may have got it twice");
    assert_eq!(scene.sink.count(), 0);
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
}

/// A message of which something cannot be read is told and left aside; all others go on, and so does
/// whoever looks.
#[test]
fn an_unreadable_message_holds_up_no_other_and_is_dropped_by_its_id() {
    let mut scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    let bad = scene.queue()[0]["id"].as_str().unwrap().to_owned();
    let other = b"From: <alice@spf.test>\r\nSubject: another\r\n\r\n";
    scene.onward.session().transaction(ALICE, &[ALIAS], other).expect("250 2.0.0");
    scene.onward.kill_9();
    edit(
        &scene,
        &format!(
            "UPDATE spool_legs SET mailbox = 'nobody'
             WHERE message = (SELECT seq FROM spool WHERE id = '{bad}')"
        ),
    );
    scene.sink.accept_all();
    scene.onward.serve();
    let came = scene.sink.wait_for_message();
    assert!(String::from_utf8_lossy(&came.data).contains("another"));
    scene.onward.wait_for_log(&format!("message {bad} in the spool cannot be read"));
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    let listed = scene.onward.cli(&["queue", "list"]);
    assert_eq!((listed.code, listed.stdout.as_str()), (Some(0), ""));
    assert!(listed.stderr.contains(&format!("onward queue drop {bad}")), "{listed:?}");
    let status = scene.onward.run(&["status"]);
    assert!(status.contains("1 message left aside, unreadable"), "{status}");
    let status = scene.onward.run(&["status", "--json"]);
    assert!(status.contains("\"unreadable\":1"), "{status}");

    assert_eq!(scene.onward.run(&["queue", "drop", &bad]), "dropped: 1 message\n");
    wait_until("the journal has it", || {
        let told = scene.onward.run(&["trace", "--json", "--id", &bad]);
        told.contains("\"outcome\":\"dropped\"").then_some(())
    });
    let status = scene.onward.run(&["status", "--json"]);
    assert!(!status.contains("unreadable"), "{status}");
    assert_eq!(scene.sink.count(), 1);
}

/// Clocks that were wrong: what is due in a year is due within the longest wait, and what arrives in
/// the future is not kept for longer.
#[test]
fn a_clock_that_jumped_back_delays_nothing() {
    let mut scene = scene(|onward| onward);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    scene.onward.kill_9();
    edit(&scene, &format!("UPDATE spool_legs SET next_attempt = next_attempt + {}", 365 * DAY));
    edit(&scene, &format!("UPDATE spool SET arrived = arrived + {}", 365 * DAY));
    scene.sink.accept_all();
    scene.onward.serve();
    assert_eq!(scene.sink.wait_for_message().to, ["bob@sink.test"]);
}

/// What is too old after a long stop gets a last attempt; only if that fails, its sender is told.
#[test]
fn what_grew_old_while_nobody_looked_is_tried_once_more() {
    for is_there in [true, false] {
        let mut scene = scene(|onward| onward.config("spool.max_age = \"1d\""));
        scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
        scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
        scene.onward.kill_9();
        edit(&scene, &format!("UPDATE spool SET arrived = arrived - {}", 9 * DAY));
        edit(&scene, &format!("UPDATE spool_legs SET next_attempt = next_attempt + {DAY}"));
        if is_there {
            scene.sink.accept_all();
        }
        scene.onward.serve();
        scene.wait_for_outcome(ALIAS, if is_there { "forwarded" } else { "failed" });
        if !is_there {
            let notice = scene.wait_for_notice();
            let text = String::from_utf8(notice.data).unwrap();
            assert!(text.contains("It was tried for 9 days"), "{text}");
        }
        assert_eq!(
            (scene.sink.count(), scene.senders.count()),
            (is_there.into(), (!is_there).into())
        );
    }
}

/// Where a message goes next is asked when it is tried, so a new route holds for what waits.
#[test]
fn routes_that_changed_meanwhile_are_followed() {
    let other = Receiver::smtp().start();
    let mut scene = scene(|onward| onward.config("spool.retry = [\"500ms\"]"));
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    scene.onward.kill_9();
    let text = std::fs::read_to_string(scene.onward.config_path()).unwrap();
    let old = format!("to = \"{}\"", scene.sink.name());
    let changed = text.replace(&old, &format!("to = \"{}\"", other.name()));
    assert_ne!(changed, text);
    std::fs::write(scene.onward.config_path(), changed).unwrap();
    scene.onward.serve();
    assert_eq!(other.wait_for_message().to, ["bob@sink.test"]);
    assert_eq!(scene.sink.count(), 0);
}
