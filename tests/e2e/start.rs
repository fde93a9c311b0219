//! What stands in the way of a start is told in one clear line, and nothing is damaged by it.

use crate::support::client::Client;
use crate::support::config::quoted;
use crate::support::onward::{Onward, Output};
use crate::support::port::free_address;
use crate::support::receiver::Receiver;
use std::fs;
use std::net::TcpListener;

const ALICE: &str = "alice@sender.test";
const ALIAS: &str = "hello@example.org";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\n\r\nhello\r\n";

/// It gave up with exit code 1 and one line that holds all of this.
#[track_caller]
fn expect_refused(output: &Output, parts: &[&str]) {
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "one line: {}", output.stderr);
    for part in parts {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_broken_configuration_names_file_line_and_key() {
    let onward = Onward::builder().toml("[limits]\nerorrs = 3").build();
    let text = fs::read_to_string(onward.config_path()).unwrap();
    let line = text.lines().position(|line| line.contains("erorrs")).unwrap() + 1;
    let place = format!("{}:{line}: ", onward.config_path().display());
    for arguments in [&["serve"][..], &["check"], &["domain", "list"]] {
        let output = onward.cli(arguments);
        expect_refused(&output, &[&place, "limits.erorrs", "did you mean errors?"]);
    }
    assert!(Client::try_connect(onward.address()).is_err());

    fs::write(onward.config_path(), "hostname = \"unfinished\n").unwrap();
    let place = format!("{}:1: ", onward.config_path().display());
    expect_refused(&onward.serve_refused(), &[&place]);
}

#[test]
fn a_state_directory_that_cannot_be_made() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below_a_file = file.path().join("state");
    let state_dir = below_a_file.display().to_string();
    let onward = Onward::builder().config(&format!("state_dir = {}", quoted(&state_dir))).build();
    for arguments in [&["serve"][..], &["domain", "add", "example.org"]] {
        let output = onward.cli(arguments);
        expect_refused(
            &output,
            &["cannot create the state directory", &state_dir, "set state_dir"],
        );
    }
    assert!(Client::try_connect(onward.address()).is_err());
}

#[test]
fn a_secret_file_that_is_missing_or_empty() {
    let onward = Onward::builder().domain("example.org").build();
    let secret = onward.config_path().with_file_name("srs.secret");
    let name = secret.display().to_string();
    fs::write(&secret, "\n").unwrap();
    expect_refused(&onward.serve_refused(), &[&name]);
    fs::remove_file(&secret).unwrap();
    expect_refused(&onward.serve_refused(), &[&name, "onward srs key add"]);
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is() {
    let receiver = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(receiver.name()).build();
    let database = onward.state_dir().join("onward.db");
    let name = database.display().to_string();
    let whole = fs::read(&database).unwrap();
    let mut overwritten = whole.clone();
    overwritten[100..].fill(0xA5);
    for damaged in [&b"garbage ".repeat(1000)[..], &overwritten, &whole[..whole.len() / 2]] {
        fs::write(&database, damaged).unwrap();
        let parts = [&name[..], "is damaged or no database", "see docs/OPERATIONS.md"];
        expect_refused(&onward.serve_refused(), &parts);
        for command in [
            &["alias", "list"][..],
            &["domain", "add", "new.test"],
            &["queue", "list"],
            &["queue", "show", "X"],
            &["queue", "retry", "--all"],
            &["queue", "drop", "X"],
            &["status"],
            &["backup", "/nonexistent/copy.db"],
        ] {
            let parts = [&name[..], "is damaged or no database", "a file made by `onward backup`"];
            expect_refused(&onward.cli(command), &parts);
        }
        assert!(fs::read(&database).unwrap() == damaged, "for whoever wants to save it");
    }
    fs::write(&database, whole).unwrap();
    onward.serve();
    onward.session().transaction(ALICE, &[ALIAS], MESSAGE).expect("250 2.0.0");
}

#[test]
fn a_damaged_journal_is_set_aside_and_mail_goes_on() {
    let receiver = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(receiver.name()).build();
    let garbage = b"garbage ".repeat(1000);
    fs::write(onward.state_dir().join("journal.db"), &garbage).unwrap();
    onward.serve();
    onward.wait_for_log("set aside");
    onward.session().transaction(ALICE, &[ALIAS], MESSAGE).expect("250 2.0.0");
    onward.wait_for_trace(&["--to", ALIAS], 1);
    assert!(fs::read(onward.state_dir().join("journal.db.corrupt-1")).unwrap() == garbage);
}

#[test]
fn a_second_daemon_on_the_same_state_directory() {
    let receiver = Receiver::smtp().start();
    let onward = Onward::forwarding_to(receiver.name()).start();
    let state_dir = onward.state_dir().display().to_string();
    expect_refused(&onward.serve_refused(), &[&state_dir, "another onward"]);
    // The one that runs is not disturbed, nor are its files.
    onward.session().transaction(ALICE, &[ALIAS], MESSAGE).expect("250 2.0.0");
    onward.wait_for_trace(&["--to", ALIAS], 1);
}

#[test]
fn a_port_in_use() {
    let receiver = Receiver::smtp().start();
    let taken = free_address();
    let _listener = TcpListener::bind(taken).unwrap();
    let second = format!("[[listen]]\nprotocol = \"smtp\"\naddress = \"{taken}\"");
    let onward = Onward::forwarding_to(receiver.name()).toml(&second).build();
    let in_use = [&format!("cannot listen on {taken}")[..], "in use", "another program"];
    expect_refused(&onward.serve_refused(), &in_use);
    assert!(Client::try_connect(onward.address()).is_err(), "all listeners or none");
}
