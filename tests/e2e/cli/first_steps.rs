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

/// As a container has it: no argument, and on the second start no first configuration.
#[test]
fn the_environment_is_the_first_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("etc/onward.toml");
    let listen = free_address();
    let refused = onward(&config, &["serve", "--init"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("ONWARD_DOMAIN is needed"), "{said}");

    for _ in 0..2 {
        let mut serve = onward(&config, &["serve", "--init"]);
        serve.env("ONWARD_STATE_DIR", directory.path().join("state"));
        serve.env("ONWARD_DOMAIN", "example.org").env("ONWARD_HOSTNAME", "mx.example.org");
        serve.env("ONWARD_ALIAS", "hello@example.org").env("ONWARD_TO", "you@mailbox.example");
        serve
            .env("ONWARD_LISTEN", listen.to_string())
            .env("ONWARD_ADDRESS", "192.0.2.1,2001:db8::1");
        let mut daemon = Process::spawn("onward serve --init", &mut serve);
        daemon.wait_for_line("readiness", |line| line.contains("listening"));
        assert_eq!(run(&config, &["alias", "list"]), "hello@example.org -> you@mailbox.example\n");
        daemon.signal("TERM");
        assert!(daemon.wait_exit(Duration::from_secs(60)).success());
    }
    let zone = fs::read_to_string(directory.path().join("etc/dns.zone")).unwrap();
    assert!(zone.contains("mx.example.org. 3600 IN AAAA 2001:db8::1"), "{zone}");
}

#[test]
fn what_the_environment_says_wrongly_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("etc/onward.toml");
    let mut serve = onward(&config, &["serve", "--init"]);
    let refused = serve.env("ONWARD_DOMAIN", "not a domain").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.starts_with("onward: invalid value 'not a domain' for '--domain"), "{said}");
    assert!(!config.exists());
}
