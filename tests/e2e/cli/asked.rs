//! `onward init` at a terminal.

use crate::support::{DEADLINE, peer};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

/// A refused answer is asked for again by itself; those before it stay.
#[test]
fn a_refused_answer_costs_no_other() {
    let Some(script) = peer::program("script") else { return };
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("onward.toml");
    let state = directory.path().join("state");
    let init = format!(
        "{} init --config {} --state-dir {} --listen 127.0.0.1:2525",
        env!("CARGO_BIN_EXE_onward"),
        config.display(),
        state.display()
    );
    // It makes the terminal.
    let mut command = Command::new("timeout");
    command.arg(DEADLINE.as_secs().to_string()).arg(script).args(["-qec", &init, "/dev/null"]);
    for variable in ["STATE_DIRECTORY", "ONWARD_CONFIG"] {
        command.env_remove(variable);
    }
    let mut asked = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut answers = asked.stdin.take().unwrap();
    let lines = [
        "not a domain!",
        "example.org",
        "mx.example.org",
        "",
        "me@mailbox.example",
        "hello@elsewhere.test",
        "hello@example.org",
        "hello@example.org",
        "bob@mailbox.example",
        "perhaps",
        "n",
    ];
    let giving = thread::spawn(move || {
        for line in lines {
            answers.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        answers
    });
    let ended = asked.wait_with_output().unwrap();
    drop(giving.join().unwrap());
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}");
    for refusal in ["hello@elsewhere.test is not in example.org", "cannot lead to itself", "y or n"]
    {
        assert!(said.contains(refusal), "{refusal}: {said}");
    }
    let asked = |question: &str| said.matches(question).count();
    assert_eq!(asked("First alias"), 2, "{said}");
    assert_eq!((asked("Domain to forward for"), asked("Name of this machine")), (2, 1), "{said}");
    let written = fs::read_to_string(&config).unwrap();
    for line in ["hostname = \"mx.example.org\"", "postmaster = \"me@mailbox.example\""] {
        assert!(written.contains(line), "{written}");
    }
    let listed = Command::new(env!("CARGO_BIN_EXE_onward"))
        .args(["alias", "list", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("hello@example.org") && listed.contains("bob@mailbox.example"),
        "{listed}"
    );
}
