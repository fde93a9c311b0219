//! Commands that look again and again: `onward trace --follow`, `onward status --watch`.

use crate::support::onward::Onward;
use crate::support::process::Process;
use crate::support::receiver::Receiver;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\n\r\nhello\r\n";

fn follow(onward: &Onward, arguments: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.args(arguments).arg("--config").arg(onward.config_path());
    Process::spawn("onward", &mut command)
}

#[test]
fn what_comes_is_shown_once_and_until_ctrl_c() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).start();
    let mut client = onward.session();
    client.transaction("first@sender.test", &["hello@example.org"], MESSAGE).expect("250");
    onward.wait_for_trace(&["--from", "first@sender.test"], 1);
    let mut followed = follow(&onward, &["trace", "--follow", "--to", "hello@example.org"]);
    followed.wait_for_line("what was there", |line| line.contains("first@sender.test"));
    client.transaction("second@sender.test", &["hello@example.org"], MESSAGE).expect("250");
    followed.wait_for_line("what came", |line| line.contains("second@sender.test"));
    client.transaction("third@sender.test", &["hello@example.org"], MESSAGE).expect("250");
    followed.wait_for_line("what came then", |line| line.contains("third@sender.test"));
    followed.signal("INT");
    assert!(followed.wait_exit(PATIENCE).success());
    let output = followed.finished_output();
    for sender in ["first", "second", "third"] {
        assert_eq!(output.matches(&format!("  from    {sender}@")).count(), 1, "{output}");
    }
}

#[test]
fn status_is_watched_until_ctrl_c() {
    let mut onward = Onward::builder().domain("example.org").start();
    let mut watched = follow(&onward, &["status", "--watch=1", "--json"]);
    watched.wait_for_line("it runs", |line| line.contains("\"running\":true"));
    onward.terminate();
    watched.wait_for_line("it does not", |line| line.contains("\"running\":false"));
    watched.signal("INT");
    assert_eq!(watched.wait_exit(PATIENCE).code(), Some(1), "as without --watch");
}
