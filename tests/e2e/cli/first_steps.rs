//! The commands of README, from nothing to a forwarded mail.
use crate::support::client::Client;
use crate::support::port::free_address;
use crate::support::process::Process;
use crate::support::receiver::Receiver;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn onward(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.args(arguments).arg("--config").arg(config);
    for variable in ["STATE_DIRECTORY", "ONWARD_CONFIG", "NOTIFY_SOCKET", "LISTEN_FDS"] {
        command.env_remove(variable);
    }
    command
}

#[track_caller]
fn run(config: &Path, arguments: &[&str]) -> String {
    let output = onward(config, arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "onward {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn init_alias_check_serve_trace() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("etc/onward.toml");
    let state = directory.path().join("state");
    let listen = free_address();
    let listen_option = format!("--listen={listen}");
    let state_option = format!("--state-dir={}", state.display());
    let init = ["init", "--hostname", "mx.example.org", "--domain", "example.org"];
    let owner = ["--postmaster", "you@mailbox.example", &listen_option, &state_option];
    run(&config, &[&init[..], &owner].concat());
    run(&config, &["alias", "add", "hello@example.org", "you@mailbox.example"]);
    run(&config, &["alias", "add", "*@example.org", "catch@mailbox.example"]);

    // What DNS would say elsewhere.
    let receiver = Receiver::smtp().start();
    let route = format!("[[route]]\ndomain = \"mailbox.example\"\nto = \"{}\"\n", receiver.name());
    fs::File::options().append(true).open(&config).unwrap().write_all(route.as_bytes()).unwrap();
    let checked = run(&config, &["check"]);
    assert!(checked.contains(&listen.to_string()), "{checked}");

    let mut daemon = Process::spawn("onward serve", &mut onward(&config, &["serve"]));
    daemon.wait_for_line("readiness", |line| line.contains("listening"));
    let mut client = Client::session(listen);
    let message = b"From: <alice@sender.test>\r\n\r\nhello\r\n";
    for (to, mailbox) in [
        ("hello@example.org", "you@mailbox.example"),
        ("anything@example.org", "catch@mailbox.example"),
        ("postmaster@example.org", "you@mailbox.example"),
    ] {
        client.transaction("alice@sender.test", &[to], message).expect("250 2.0.0");
        assert_eq!(receiver.messages().last().unwrap().to, [mailbox]);
    }
    // SIGTERM writes the journal out.
    daemon.signal("TERM");
    assert!(daemon.wait_exit(Duration::from_secs(60)).success());
    let trace = run(&config, &["trace", "--to", "hello@example.org"]);
    assert!(trace.contains("forwarded") && trace.contains("you@mailbox.example"), "{trace}");
    assert!(!trace.contains("anything@example.org"), "{trace}");
}
