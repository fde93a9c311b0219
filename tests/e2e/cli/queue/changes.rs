//! Retry and drop: on a running daemon within a second, on a stopped one at its next start.

use crate::cli::spooling::{ALIAS, OTHER, message, scene, subjects};
use crate::support::receiver::{Action, Gate, Step};
use crate::support::wait_until;
use std::time::{Duration, Instant};

#[test]
fn a_retried_message_arrives_at_once_and_no_other_does() {
    let scene = scene(|onward| onward);
    let ids: Vec<String> = (0..5).map(|n| scene.spool(ALIAS, &format!("no. {n}"))).collect();
    let waits = scene.spool(OTHER, "waits");
    scene.destination_is_back();
    let mut took = Vec::new();
    for (count, id) in (1..).zip(&ids) {
        let retried = scene.onward.run(&["queue", "retry", id]);
        assert_eq!(retried, "to be tried at once: 1 message\n");
        let began = Instant::now();
        scene.sink.wait_for_messages(count);
        took.push(began.elapsed());
    }
    // Half of them within a second: the other half may meet a machine out of breath.
    took.sort_unstable();
    assert!(took[2] < Duration::from_secs(1), "{took:?}");
    scene.wait_for_outcome(&ids[4], "forwarded");
    assert_eq!(scene.ids(&[]), [waits.as_str()]);
    assert_eq!(subjects(&scene.sink.messages()), ["no. 0", "no. 1", "no. 2", "no. 3", "no. 4"]);

    scene.onward.run(&["queue", "retry", "--destination", "late.test"]);
    scene.wait_for_outcome(&waits, "forwarded");
    let gone = scene.onward.cli(&["queue", "retry", &waits]);
    assert_eq!((gone.code, gone.stdout.as_str()), (Some(1), ""));
    assert!(gone.stderr.contains(&format!("onward trace --id {waits}")), "{}", gone.stderr);
}

#[test]
fn a_retried_message_goes_first_though_its_host_sleeps() {
    let scene = scene(|onward| onward);
    let closed = || Action::last_reply("421 4.3.2 closed");
    scene.sink.on(Step::Greeting, closed());
    let ids: Vec<String> = (0..4).map(|n| scene.spool(ALIAS, &format!("no. {n}"))).collect();
    // The host is found asleep: all four are tried, and put off for hours.
    scene.onward.run(&["queue", "retry", "--all"]);
    let attempts = |id: &str| scene.queue(&[id])[0]["attempts"].as_u64().unwrap();
    wait_until("an attempt", || ids.iter().any(|id| attempts(id) > 1).then_some(()));
    wait_until("its end", || scene.ids(&["--state", "sending"]).is_empty().then_some(()));

    let before = attempts(&ids[3]);
    scene.onward.run(&["queue", "retry", &ids[3]]);
    wait_until("an attempt at the host that sleeps", || (attempts(&ids[3]) > before).then_some(()));
    scene.destination_is_back();
    scene.onward.run(&["queue", "retry", &ids[2]]);
    scene.wait_for_outcome(&ids[2], "forwarded");
    // Whoever was put off because the host slept need not wait for hours now.
    assert_eq!(subjects(&scene.sink.wait_for_messages(4)), ["no. 0", "no. 1", "no. 2", "no. 3"]);
}

#[test]
fn a_change_of_one_message_leaves_sleeping_hosts_to_sleep() {
    let scene = scene(|onward| onward);
    scene.sink.on(Step::Greeting, Action::last_reply("421 4.3.2 closed"));
    let drops = scene.spool(OTHER, "to be dropped");
    let id = scene.spool(ALIAS, "put off");
    scene.onward.run(&["queue", "retry", &id]);
    wait_until("an attempt", || (scene.queue(&[&id])[0]["attempts"] == 2).then_some(()));
    scene.destination_is_back();
    scene.onward.run(&["queue", "drop", &drops]);
    scene.wait_for_outcome(&drops, "dropped");
    // A message that goes through shows that the host is awake; what was put off follows.
    let mut client = scene.onward.session();
    client.transaction("x@nospf.test", &[ALIAS], &message("through")).expect("250 2.0.0");
    scene.wait_for_outcome(&id, "forwarded");
    assert_eq!(subjects(&scene.sink.messages()), ["put off", "through"]);
}

#[test]
fn what_is_retried_or_dropped_while_it_is_stopped() {
    let mut scene = scene(|onward| onward);
    let retried = scene.spool(ALIAS, "retried");
    let waits = scene.spool(ALIAS, "waits");
    let dropped = scene.spool(OTHER, "dropped");
    assert!(scene.onward.terminate().success());
    scene.destination_is_back();

    let retry = scene.onward.cli(&["queue", "retry", &retried]);
    assert_eq!((retry.code, retry.stdout.as_str()), (Some(0), "to be tried at once: 1 message\n"));
    assert_eq!(retry.stderr, "onward: no daemon runs; the next start tries them\n");
    let drop = scene.onward.run(&["queue", "drop", &dropped.to_lowercase()]);
    assert_eq!(drop, "dropped: 1 message\n");
    assert_eq!(scene.ids(&[]), [retried.as_str(), waits.as_str()]);
    let again = scene.onward.cli(&["queue", "drop", &dropped, "WRONG"]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(1), ""));
    assert!(again.stderr.contains(&format!("{dropped} WRONG")), "{}", again.stderr);

    scene.onward.serve();
    scene.wait_for_outcome(&retried, "forwarded");
    scene.wait_for_outcome(&dropped, "dropped");
    scene.onward.run(&["queue", "retry", "--all"]);
    scene.wait_for_outcome(&waits, "forwarded");
    assert_eq!(subjects(&scene.sink.messages()), ["retried", "waits"]);
    assert_eq!(scene.ids(&[]), [""; 0]);
}

#[test]
fn what_is_dropped_is_never_sent() {
    let scene = scene(|onward| onward);
    let by_id = scene.spool(ALIAS, "by id");
    let by_destination = scene.spool(OTHER, "by destination");
    let stays = scene.spool(ALIAS, "stays");
    assert_eq!(scene.onward.run(&["queue", "drop", &by_id]), "dropped: 1 message\n");
    scene.onward.run(&["queue", "drop", "--destination", "carol@late.test"]);
    for id in [&by_id, &by_destination] {
        scene.wait_for_outcome(id, "dropped");
    }
    let none = scene.onward.cli(&["queue", "drop", "--older-than", "1h"]);
    assert_eq!(none.code, Some(1), "{none:?}");
    let some = scene.onward.cli(&["queue", "retry", &by_id, &stays]);
    assert_eq!(some.code, Some(1), "one is not there: {some:?}");
    assert_eq!(some.stdout, "to be tried at once: 1 message\n");
    assert!(some.stderr.contains(&format!("no message {by_id} waits")), "{}", some.stderr);
    wait_until("the attempt", || (scene.queue(&[&stays])[0]["attempts"] == 2).then_some(()));

    scene.destination_is_back();
    scene.onward.run(&["queue", "retry", "--state", "queued"]);
    scene.wait_for_outcome(&stays, "forwarded");
    assert_eq!(subjects(&scene.sink.messages()), ["stays"]);
}

#[test]
fn what_is_being_sent_is_not_dropped() {
    for (step, state) in [(Step::Rcpt, "sending"), (Step::FinalDot, "uncertain")] {
        let scene = scene(|onward| onward);
        let id = scene.spool(ALIAS, "on its way");
        let gate = Gate::new();
        scene.destination_is_back();
        scene.sink.on(step, Action::hold(&gate));
        scene.onward.run(&["queue", "retry", &id]);
        gate.wait_for_arrivals(1);
        wait_until("its state", || (scene.ids(&["--state", state]) == [id.as_str()]).then_some(()));
        let refused = scene.onward.cli(&["queue", "drop", &id]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
        let says = format!("onward: being sent at this moment, try again: {id}\n");
        assert_eq!(refused.stderr, says);
        gate.open();
        scene.wait_for_outcome(&id, "forwarded");
        assert_eq!(scene.sink.count(), 1);
    }
}

#[test]
fn what_failed_to_be_sent_can_be_dropped_again() {
    let scene = scene(|onward| onward);
    let id = scene.spool(ALIAS, "lost");
    scene.destination_is_back();
    scene.sink.on(Step::FinalDot, Action::Close);
    scene.onward.run(&["queue", "retry", &id]);
    wait_until("an uncertain end", || (scene.queue(&[&id])[0]["attempts"] == 2).then_some(()));
    assert_eq!(scene.ids(&["--state", "uncertain"]), [id.as_str()]);
    scene.onward.run(&["queue", "drop", "--state", "uncertain"]);
    scene.wait_for_outcome(&id, "dropped");
}
