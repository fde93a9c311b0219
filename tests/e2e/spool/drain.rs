//! How what waits leaves the spool: what an administrator does in the midst of a try, and what a disk that stands still does.

use super::{ALIAS, ALICE, MESSAGE, Scene, scene};
use crate::support::receiver::{Action, Gate, Message, Step};
use crate::support::wait_until;
use rusqlite::Connection;
use std::collections::HashMap;

/// Tries at once to one destination.
const AT_ONCE: usize = 5;

fn database(scene: &Scene) -> Connection {
    let database = Connection::open(scene.onward.state_dir().join("onward.db")).unwrap();
    database.busy_timeout(crate::support::DEADLINE).unwrap();
    database
}

/// A message whose next try, which writes nothing before its end of data, has got to its RCPT while the database cannot be written: it
/// is dropped there, as by `onward queue drop` a moment before the daemon says that it is being sent.
fn dropped_in_the_midst_of_a_try(recipient: Action) -> Scene {
    let scene = scene(|onward| onward.config("spool.retry = [\"3s\"]"));
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    let gate = Gate::new();
    scene.sink.accept_all().on(Step::Rcpt, Action::hold(&gate).then(recipient));
    let database = database(&scene);
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    gate.wait_for_arrivals(1);
    let dropped = "UPDATE spool_legs SET state = 'dropped', under_way = 0 WHERE state = 'queued'";
    assert_eq!(database.execute(dropped, ()).unwrap(), 1);
    database.execute("UPDATE spool_totals SET changes = changes + 1", ()).unwrap();
    database.execute_batch("COMMIT").unwrap();
    gate.open();
    scene
}

fn is_dropped(scene: &Scene) {
    scene.wait_for_outcome(ALIAS, "dropped");
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!((scene.sink.count(), scene.senders.count()), (0, 0));
    assert_eq!(scene.sink.transactions(), 2, "no other connection or host is asked");
}

#[test]
fn what_is_dropped_in_the_midst_of_a_try_is_not_sent() {
    let scene = dropped_in_the_midst_of_a_try(Action::Accept);
    scene.onward.wait_for_log("not sent: it was dropped or is held meanwhile");
    is_dropped(&scene);
}

#[test]
fn what_is_dropped_in_the_midst_of_a_try_and_refused_is_told_to_nobody() {
    let scene = dropped_in_the_midst_of_a_try(Action::reply("550 5.1.1 nobody"));
    wait_until("the refusal in the journal", || {
        let trace = scene.onward.run(&["trace", "--json", "--to", ALIAS]);
        trace.contains("550 5.1.1 nobody").then_some(())
    });
    is_dropped(&scene);
}

/// Messages that wait, of which the first are held at their ends of data.
fn first_at_their_ends(messages: usize, change: impl FnOnce(&Scene)) -> (Scene, Gate) {
    let scene = scene(|onward| {
        onward
            .config("spool.retry = [\"2s\"]")
            .config(&format!("spool.concurrency_per_destination = {AT_ONCE}"))
    });
    change(&scene);
    scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    spool(&scene, messages);
    let gate = Gate::new();
    scene.sink.accept_all().on(Step::FinalDot, Action::hold(&gate));
    gate.wait_for_arrivals(AT_ONCE);
    assert_eq!(gate.arrivals(), AT_ONCE);
    (scene, gate)
}

fn spool(scene: &Scene, messages: usize) {
    let mut session = scene.onward.session();
    for _ in 0..messages {
        session.transaction(ALICE, &[ALIAS], MESSAGE).expect("250 2.0.0");
    }
}

/// Has the messages at their ends of data answered while that cannot be written down; gives what holds it up.
fn answered_on_a_disk_that_stands_still(scene: &Scene, gate: &Gate) -> Connection {
    let database = database(scene);
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = scene.sink.transactions();
    scene.sink.accept_all();
    gate.open();
    // Others begin in their places, and wait before their ends of data.
    wait_until("others in their places", || {
        (scene.sink.transactions() >= before + AT_ONCE).then_some(())
    });
    database
}

/// How often each message came, by its id here.
fn copies(messages: &[Message]) -> HashMap<String, usize> {
    let mut copies = HashMap::new();
    for message in messages {
        *copies.entry(message.header("Received").unwrap()).or_default() += 1;
    }
    copies
}

#[test]
fn a_disk_that_stands_still_holds_up_what_leaves_and_nothing_is_repeated() {
    let (scene, gate) = first_at_their_ends(30, |_| {});
    let database = answered_on_a_disk_that_stands_still(&scene, &gate);
    assert_eq!(scene.sink.count(), AT_ONCE, "what was answered is not written down yet");
    database.execute_batch("ROLLBACK").unwrap();
    scene.sink.wait_for_messages(30);
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!(copies(&scene.sink.messages()).into_values().collect::<Vec<_>>(), [1; 30]);
}

#[test]
fn a_kill_repeats_what_was_answered_and_not_written_down_and_nothing_else() {
    let (mut scene, gate) = first_at_their_ends(30, |scene| {
        scene.sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
        spool(scene, 10);
        scene.sink.accept_all();
        scene.sink.wait_for_messages(10);
        wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    });
    let database = answered_on_a_disk_that_stands_still(&scene, &gate);
    scene.onward.kill_9();
    drop(database);
    let answered = copies(&scene.sink.messages());
    assert_eq!(answered.len(), 10 + AT_ONCE);
    scene.onward.serve();
    scene.sink.wait_for_messages(40 + AT_ONCE);
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    let copies = copies(&scene.sink.messages());
    assert_eq!((copies.len(), scene.sink.count()), (40, 40 + AT_ONCE));
    let twice: Vec<&String> = copies.iter().filter(|(_, n)| **n == 2).map(|(id, _)| id).collect();
    assert!(twice.iter().all(|id| answered.contains_key(*id)), "{twice:?}");
    let trace = scene.onward.run(&["trace", "--json", "--to", ALIAS, "--limit", "100"]);
    let told = trace.lines().filter(|line| line.contains("may have got it twice")).count();
    assert!((AT_ONCE..=2 * AT_ONCE).contains(&told), "{told}: those that were being sent, too");
}
