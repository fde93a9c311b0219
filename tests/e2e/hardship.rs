//! What an operator or a stranger may do to a running daemon, and it goes on.

use crate::support::onward::{Builder, Onward};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

#[test]
fn sighup_does_not_end_it() {
    let mut onward = Onward::builder().start();
    let mut session = onward.session();
    onward.signal("HUP");
    onward.wait_for_log("configuration read again");
    session.command("NOOP").expect_code(250);
    onward.session().quit().expect_code(221);
    assert!(onward.terminate().success());
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused() {
    let mut onward = Onward::builder().start();
    let second = onward.serve_refused();
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("another onward"), "{}", second.stderr);
    onward.session().command("NOOP").expect_code(250);
    onward.run(&["domain", "add", "added.test"]);

    onward.kill_9();
    onward.serve();
    assert!(onward.terminate().success());
}

/// A second listener, on a unix socket in the test's directory.
fn on_a_socket() -> (Builder, PathBuf) {
    let builder = Onward::builder();
    let path = builder.directory().join("smtp.socket");
    let table = format!("[[listen]]\nprotocol = \"smtp\"\naddress = \"unix:{}\"", path.display());
    (builder.toml(&table), path)
}

fn greeting(path: &Path) -> String {
    let mut line = String::new();
    let mut stream = UnixStream::connect(path).unwrap();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    stream.write_all(b"QUIT\r\n").unwrap();
    line
}

#[test]
fn a_socket_that_was_left_behind_is_replaced() {
    let (builder, path) = on_a_socket();
    drop(UnixListener::bind(&path).unwrap());
    let mut onward = builder.start();
    onward.wait_for_log("smtp.socket");
    assert!(greeting(&path).starts_with("220 "));
    onward.kill_9();
    onward.serve();
    onward.wait_for_log("smtp.socket");
    assert!(greeting(&path).starts_with("220 "));
    assert!(onward.terminate().success());
    assert!(!path.exists(), "removed at the end");
}

#[test]
fn a_file_or_a_live_socket_in_its_place_is_not_touched() {
    let (builder, path) = on_a_socket();
    let onward = builder.build();
    fs::write(&path, "somebody's file").unwrap();
    assert_eq!(onward.serve_refused().code, Some(1));
    assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's file");

    fs::remove_file(&path).unwrap();
    let _somebody = UnixListener::bind(&path).unwrap();
    assert_eq!(onward.serve_refused().code, Some(1));
    UnixStream::connect(&path).unwrap();
}
