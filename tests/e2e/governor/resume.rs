//! Somebody has a provider go on: all that waits for it goes at once, whatever was before.

use super::{ALICE, MALLORY, Scene, TSS04, scene, subjects};
use crate::support::disk::Disk;
use crate::support::receiver::{Action, Step};
use std::fs;

impl Scene {
    fn resume(&self, name: &str) {
        let said = self.onward.run(&["provider", "resume", name]);
        assert_eq!(said, format!("{name} gets what it takes again\n"));
    }

    /// Three that wait for an hour: the first has heard why, the others were not tried.
    fn with_three_that_wait_for_yahoo() -> Self {
        let scene = scene(|builder| builder.config("spool.retry = [\"1h\"]"));
        scene.yahoo.on(Step::Mail, Action::last_reply(TSS04));
        scene.send(ALICE, "yahoo", "one").expect("250 2.0.0");
        scene.wait_for_state("yahoo", "suspended");
        for body in ["two", "three"] {
            scene.send(ALICE, "yahoo", body).expect("250 2.0.0");
        }
        scene.yahoo.accept_all();
        scene
    }

    fn expect_the_three(&self) {
        self.yahoo.wait_for_messages(3);
        // All at once, as they have a connection each.
        let mut arrived = subjects(&self.yahoo);
        arrived.sort();
        assert_eq!(arrived, ["one", "three", "two"]);
    }
}

#[test]
fn a_resume_wakes_mail_with_a_next_time_of_its_own() {
    let scene = Scene::with_three_that_wait_for_yahoo();
    scene.resume("yahoo");
    scene.expect_the_three();
}

#[test]
fn a_resume_wakes_mail_that_was_held_before_a_restart() {
    let mut scene = Scene::with_three_that_wait_for_yahoo();
    scene.onward.kill_9();
    scene.onward.serve();
    scene.wait_for_waiting("yahoo", 3);
    scene.resume("yahoo");
    scene.expect_the_three();
}

#[test]
fn a_resume_without_a_daemon_wakes_what_waits_when_there_is_one() {
    let mut scene = Scene::with_three_that_wait_for_yahoo();
    scene.onward.terminate();
    scene.resume("yahoo");
    assert_eq!(scene.provider("yahoo")["state"], "usual");
    scene.onward.serve();
    scene.expect_the_three();
}

/// What is known is written down once a second at most: a resume does not wait for that, and is not overtaken by it.
#[test]
fn a_resume_within_a_second_of_the_reply_is_not_overtaken_by_it() {
    let scene = scene(|builder| builder);
    for round in 0..4 {
        scene.yahoo.on(Step::Mail, Action::last_reply(TSS04));
        scene.send(MALLORY, "yahoo", "a").expect("451");
        scene.yahoo.accept_all();
        scene.resume("yahoo");
        scene.send(MALLORY, "yahoo", &format!("b{round}")).expect("250 2.0.0");
        assert_eq!(scene.provider("yahoo")["state"], "usual", "{round}");
    }
}

#[test]
fn what_is_known_of_providers_is_written_when_the_disk_has_room_again() {
    let Some(disk) = Disk::mount("16m") else { return };
    let state_dir = format!("state_dir = \"{}\"", disk.path().display());
    let scene = scene(|builder| builder.config(&state_dir));
    let filler = disk.fill();
    scene.yahoo.on(Step::Mail, Action::last_reply(TSS04));
    scene.send(MALLORY, "yahoo", "a").expect("451");
    scene.onward.wait_for_log("onward.providers");
    scene.send(MALLORY, "yahoo", "a").expect("451 4.7.1");
    let told = scene.onward.cli(&["provider", "resume", "yahoo"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("cannot tell the daemon"), "{}", told.stderr);
    fs::remove_file(filler).unwrap();
    // Nothing new comes.
    scene.wait_for_state("yahoo", "suspended");
    scene.yahoo.accept_all();
    scene.resume("yahoo");
    scene.send(MALLORY, "yahoo", "b").expect("250 2.0.0");
}
