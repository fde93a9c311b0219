//! `onward try`: README's first command.
use crate::support::client::Client;
use crate::support::process::Process;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn trial(arguments: &[&str], scratch: &Path) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.arg("try").args(arguments).env("TMPDIR", scratch);
    command.env_remove("STATE_DIRECTORY").env_remove("ONWARD_CONFIG");
    Process::spawn("onward try", &mut command)
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn once_shows_the_three_acts_and_ends() {
    let scratch = tempfile::tempdir().unwrap();
    let mut demonstration = trial(&["--once"], scratch.path());
    let status = demonstration.wait_exit(PATIENCE);
    let output = demonstration.finished_output();
    assert!(status.success(), "{output}");
    let act = |number: usize| {
        let (_, rest) = output.split_once(&format!("{number}. ")).expect("an act");
        rest.split(&format!("{}. ", number + 1)).next().unwrap().to_owned()
    };
    for (number, lines) in [
        (
            1,
            [
                "MAIL FROM:<alice@sender.test>",
                "MAIL FROM:<SRS0=",
                "RCPT TO:<bob@mailbox.test>",
                "250 2.0.0",
            ],
        ),
        (2, ["MAIL FROM:<>", "RCPT TO:<SRS0=", "RCPT TO:<alice@sender.test>", "250 2.0.0"]),
        (3, ["MAIL FROM:<>", "=mallory@example.org>", "550 5.7.1", "invalid signature"]),
    ] {
        for line in lines {
            assert!(act(number).contains(line), "act {number} shows {line}: {output}");
        }
    }
    assert!(!output.contains('\u{1b}'), "colours only on a terminal");
    assert!(is_empty(scratch.path()), "nothing is left behind");
}

#[test]
fn without_once_it_takes_mail_until_ctrl_c() {
    let scratch = tempfile::tempdir().unwrap();
    let mut demonstration = trial(&[], scratch.path());
    let hint = demonstration.wait_for_line("the hint", |line| line.contains("swaks --server"));
    let words: Vec<&str> = hint.split_whitespace().collect();
    let after = |word: &str| words[words.iter().position(|at| *at == word).unwrap() + 1];
    let mut client = Client::session(after("--server").parse().unwrap());
    let message = b"From: <you@sender.test>\r\nSubject: mine\r\n\r\nby hand\r\n";
    client.transaction(after("--from"), &[after("--to")], message).expect("250 2.0.0");
    demonstration.wait_for_line("the mail", |line| line.contains("by hand"));

    demonstration.signal("INT");
    assert!(demonstration.wait_exit(PATIENCE).success());
    assert!(is_empty(scratch.path()), "nothing is left behind");
}
