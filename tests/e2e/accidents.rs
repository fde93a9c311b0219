//! What nobody wants to do by accident.

use crate::support::onward::Onward;
use std::{collections::BTreeMap, fs, path::PathBuf};

/// The database and what is beside it, byte by byte.
fn files(onward: &Onward) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(onward.state_dir()).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// As the version before had it.
fn make_older(onward: &Onward) {
    let path = onward.state_dir().join("onward.db");
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .execute_batch(concat!(
            include_str!("../support/version_15.sql"),
            include_str!("../support/version_6.sql")
        ))
        .unwrap();
    database.close().unwrap();
}

#[test]
fn commands_that_only_read_leave_a_database_of_an_older_version_as_it_is() {
    let onward = Onward::builder()
        .domain("example.org")
        .alias("a@example.org", &["b@sink.test"])
        .route("sink.test", "127.0.0.1:9")
        .build();
    let list = onward.state_dir().join("aliases.jsonl");
    fs::write(&list, onward.run(&["alias", "export"])).unwrap();
    let list = list.to_str().unwrap();
    make_older(&onward);
    let before = files(&onward);
    for command in [
        &["domain", "list"][..],
        &["alias", "list"],
        &["alias", "show", "a@example.org"],
        &["alias", "export"],
        &["alias", "apply", list, "--plan"],
        &["alias", "import", "--from", "onward", list, "--plan"],
        &["queue", "list"],
        &["queue", "show", "x"],
        &["status"],
        &["doctor"],
        &["tls", "results"],
        &["explain", "a@example.org", "--from", "b@sink.test", "--ip", "127.0.0.1"],
    ] {
        let told = onward.cli(command);
        assert_eq!(told.code, Some(1), "{command:?}: {}", told.stderr);
        assert!(told.stderr.contains("was written by an older Onward"), "{}", told.stderr);
        assert!(told.stderr.contains("systemctl restart onward"), "{}", told.stderr);
        assert_eq!(files(&onward), before, "{command:?}");
    }
    for command in
        [&["check"][..], &["trace"], &["srs", "forward", "b@sink.test"], &["dkim", "key", "list"]]
    {
        onward.cli(command);
        assert_eq!(files(&onward), before, "{command:?}");
    }
    // A sender that is too long is to be kept.
    let long = format!("{}@{}.test", "l".repeat(60), "d".repeat(60));
    assert!(onward.cli(&["srs", "forward", &long]).stderr.contains("an older Onward"));
    assert_eq!(files(&onward), before);
    // What changes something brings it up to date, as a start does.
    onward.run(&["alias", "add", "c@example.org", "b@sink.test"]);
    assert_eq!(onward.run(&["alias", "list"]).lines().count(), 2);
}

#[test]
fn an_address_with_an_asterisk_is_taken_and_answered_by_others() {
    let onward = Onward::builder()
        .domain("example.org")
        .alias(r"/^sal.*@example\.org$/", &["b@sink.test"])
        .route("sink.test", "127.0.0.1:9")
        .start();
    let mut client = onward.session();
    client.command("MAIL FROM:<>");
    assert_eq!(client.command("RCPT TO:<sal*@example.org>").code, 250);
    let refused = onward.cli(&["alias", "add", "sal*@example.org", "c@sink.test"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains(r"'/^sal.*@example\.org$/'"), "{}", refused.stderr);
}
