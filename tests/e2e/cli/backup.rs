//! `onward backup`, and that what it wrote can be restored.

use super::spooling::{ALIAS, ALICE, OTHER, Scene, id, message, scene, subjects, to};
use crate::support::client::Client;
use crate::support::receiver::{Action, Receiver, Step};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[test]
fn a_copy_made_under_load_is_whole_and_what_it_holds_is_delivered() {
    let mut scene = scene(|onward| onward);
    let before: Vec<String> = (0..10).map(|n| scene.spool(ALIAS, &format!("before {n}"))).collect();
    let place = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..5).map(|n| place.path().join(format!("{n}.db"))).collect();
    let (stop, address) = (AtomicBool::new(false), scene.onward.address());
    thread::scope(|scope| {
        for sender in 0..3 {
            let stop = &stop;
            scope.spawn(move || {
                let mut client = Client::session(address);
                for n in (0..).take_while(|_| !stop.load(Ordering::SeqCst)) {
                    let message = message(&format!("meanwhile {sender}.{n}"));
                    id(&client.transaction(ALICE, &[OTHER], &message));
                }
            });
        }
        for file in &files {
            scene.onward.run(&["backup", &file.display().to_string()]);
        }
        stop.store(true, Ordering::SeqCst);
    });
    let subjects_of = |file: &Path| {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let copy = Connection::open(file).unwrap();
        let check: String = copy.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        let mut ids = copy.prepare("SELECT id FROM spool").unwrap();
        let ids = ids.query_map((), |row| row.get(0)).unwrap();
        ids.collect::<Result<BTreeSet<String>, _>>().unwrap()
    };
    let held: Vec<_> = files.iter().map(|file| subjects_of(file)).collect();
    assert!(held.iter().all(|held| before.iter().all(|id| held.contains(id))));
    assert!(held.is_sorted_by(|one, next| one.is_subset(next)), "each is of a later moment");
    assert!(held[4].len() > held[0].len(), "there was load: {}", held[4].len());

    // The machine is lost; its configuration and secrets are not.
    assert!(scene.onward.terminate().success());
    let arrives = Receiver::smtp().start();
    let onward = to(&arrives, &scene._dns).without_commands().build();
    fs::copy(&files[4], onward.state_dir().join("onward.db")).unwrap();
    let mut restored = Scene { onward, sink: arrives, _dns: scene._dns };
    assert_eq!(restored.onward.run(&["alias", "list"]), scene.onward.run(&["alias", "list"]));
    assert_eq!(restored.ids(&[]).into_iter().collect::<BTreeSet<_>>(), held[4]);
    restored.onward.serve();
    restored.onward.run(&["queue", "retry", "--all"]);
    let arrived = subjects(&restored.sink.wait_for_messages(held[4].len()));
    assert_eq!(arrived.iter().filter(|subject| subject.starts_with("before")).count(), 10);
    assert_eq!(arrived.iter().collect::<BTreeSet<_>>().len(), held[4].len(), "each once");
    for held in &held[4] {
        restored.wait_for_outcome(held, "forwarded");
    }
}

#[test]
fn what_stands_in_its_way() {
    let scene = scene(|onward| onward);
    let kept = scene.spool(ALIAS, "kept");
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    let refused = |to: &str, part: &str| {
        let output = scene.onward.cli(&["backup", to]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        let start = format!("onward: cannot write the backup {to}: ");
        assert!(output.stderr.starts_with(&start), "{output:?}");
        assert!(output.stderr.contains(part), "{output:?}");
    };
    fs::write(path("taken"), "somebody's").unwrap();
    refused(&path("taken"), "it exists, and is not overwritten");
    refused(&path("."), "it exists");
    refused(&path("no/such/directory"), "No such file");
    refused("/proc/self/copy", "");
    refused("/dev/full", "it exists");
    assert_eq!(fs::read_to_string(path("taken")).unwrap(), "somebody's");
    fs::write(path("new.part"), "somebody's, too").unwrap();
    scene.onward.run(&["backup", &path("new")]);
    assert_eq!(fs::read_to_string(path("new.part")).unwrap(), "somebody's, too");

    // A relative path is one from where the command is called.
    let relative = scene.onward.cli_in(place.path(), &["backup", "here it's.db"]);
    assert_eq!((relative.code, relative.stdout.as_str()), (Some(0), "written here it's.db\n"));
    assert!(place.path().join("here it's.db").is_file());
    let mut files: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort_unstable();
    assert_eq!(files, ["here it's.db", "new", "new.part", "taken"]);
    assert_eq!(scene.ids(&[]), [kept.as_str()], "and the spool is as it was");
}

#[test]
fn a_backup_of_nothing_is_refused() {
    let onward = crate::support::onward::Onward::builder().build();
    let to = onward.config_path().with_file_name("copy.db");
    let output = onward.cli(&["backup", to.to_str().unwrap()]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("there is no database"), "{output:?}");
    assert!(!to.exists() && !onward.state_dir().join("onward.db").exists());
}

/// Restored is what was: what has been delivered since is sent again, unless it is dropped before.
#[test]
fn an_old_backup_sends_again_what_is_not_dropped_first() {
    let mut scene = scene(|onward| onward);
    let (first, second) = (scene.spool(ALIAS, "first"), scene.spool(OTHER, "second"));
    let copy = scene.onward.config_path().with_file_name("copy.db");
    scene.onward.run(&["backup", copy.to_str().unwrap()]);
    scene.destination_is_back();
    scene.onward.run(&["queue", "retry", "--all"]);
    for id in [&first, &second] {
        scene.wait_for_outcome(id, "forwarded");
    }
    assert!(scene.onward.terminate().success());
    let state = scene.onward.state_dir();
    for companion in ["onward.db", "onward.db-wal", "onward.db-shm"] {
        let _absent = fs::remove_file(state.join(companion));
    }
    fs::copy(&copy, state.join("onward.db")).unwrap();
    scene.onward.run(&["queue", "drop", &second]);
    scene.onward.run(&["queue", "retry", &first]);
    scene.sink.on(Step::Quit, Action::Accept);
    scene.onward.serve();
    scene.sink.wait_for_messages(3);
    scene.wait_for_outcome(&second, "dropped");
    assert_eq!(subjects(&scene.sink.messages()), ["first", "first", "second"]);
}
