//! The commands of README, from nothing to a forwarded mail.

use crate::submission::{begins, log_in, plain, starttls, submit};
use crate::support::client::Client;
use crate::support::curl::Curl;
use crate::support::port::free_address;
use crate::support::process::Process;
use crate::support::receiver::Receiver;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
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

/// A container is called by a number, a new machine `vm` or `debian`: nobody could look that up.
#[test]
fn a_name_that_is_not_given_is_one_in_dns() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("etc/onward.toml");
    let state = format!("--state-dir={}", directory.path().join("state").display());
    run(&config, &["init", "--yes", "--domain", "example.org", &state]);
    let text = fs::read_to_string(&config).unwrap();
    let hostname = text.lines().find(|line| line.starts_with("hostname = ")).unwrap();
    assert!(hostname.contains('.'), "{hostname}");
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

/// What `onward init` made, at ports that are free; mail for mailbox.example goes to a receiver.
struct Made {
    directory: tempfile::TempDir,
    config: PathBuf,
    receiver: Receiver,
    /// What `onward init` said.
    told: String,
}

impl Made {
    /// With these options, and each of these listeners at the address beside it.
    fn with(options: &[&str], listeners: &[(&str, SocketAddr)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("etc/onward.toml");
        let listen = format!("--listen={}", free_address());
        let state = format!("--state-dir={}", directory.path().join("state").display());
        let init = ["init", "--hostname", "mx.example.org", "--domain", "example.org"];
        let alias =
            ["--alias", "hello@example.org", "--to", "you@mailbox.example", &listen, &state];
        let told = run(&config, &[&init[..], &alias, options].concat());
        let checked = run(&config, &["check"]);
        let mut text = fs::read_to_string(&config).unwrap();
        for (usual, free) in listeners {
            assert!(checked.contains(usual), "{usual}: {checked}");
            assert_eq!(text.matches(usual).count(), 1, "{usual}: {text}");
            text = text.replace(usual, &free.to_string());
        }
        let receiver = Receiver::smtp().start();
        text += &format!("[[route]]\ndomain = \"*.example\"\nto = \"{}\"\n", receiver.name());
        fs::write(&config, text).unwrap();
        Self { directory, config, receiver, told }
    }

    /// A command as it was told to give it, without the program in front and the configuration.
    fn told(&self, command: &str) -> Vec<&str> {
        let config = format!("onward --config {} ", self.config.display());
        let mut lines = self.told.lines().filter_map(|line| line.trim().strip_prefix(&config));
        let line = lines.find(|line| line.starts_with(command));
        line.unwrap_or_else(|| panic!("{command}: {}", self.told)).split(' ').collect()
    }

    fn serve(&self) -> Process {
        let daemon = Process::spawn("onward serve", &mut onward(&self.config, &["serve"]));
        daemon.wait_for_line("readiness", |line| line.contains("listening"));
        daemon
    }
}

#[test]
fn init_with_submission_lets_an_account_send_at_both_ports() {
    let (starting, implicit) = (free_address(), free_address());
    let listeners = [("0.0.0.0:587", starting), ("0.0.0.0:465", implicit)];
    let made = Made::with(&["--submission"], &listeners);
    run(&made.config, &made.told("account add"));
    let password = run(&made.config, &made.told("account password add"));
    let password = password.trim();
    let _daemon = made.serve();

    let mut client = starttls(starting);
    begins(&mut client, &plain("hello@example.org", "hunter2"), "535 5.7.8");
    begins(&mut client, &plain("hello@example.org", password), "235 2.7.0");
    let first = submit(&mut client, "hello@example.org", "bob@friend.example", "");
    assert!(first.starts_with("250 2.0.0"), "{first}");
    let mut client = log_in("127.0.0.1", implicit, "hello@example.org", password).expect("a login");
    let second = submit(&mut client, "hello@example.org", "bob@friend.example", "");
    assert!(second.starts_with("250 2.0.0"), "{second}");
    for message in made.receiver.wait_for_messages(2) {
        assert_eq!(message.to, ["bob@friend.example"]);
        // The key that was made with the configuration.
        assert!(message.header("DKIM-Signature").unwrap().contains("d=example.org"));
    }
}

#[test]
fn init_with_web_lets_in_whoever_has_the_link() {
    let page = free_address();
    let made = Made::with(&["--web"], &[("0.0.0.0:443", page)]);
    let _daemon = made.serve();
    let link = run(&made.config, &made.told("web login"));
    let link = link.trim();
    let base = format!("https://mx.example.org:{}", page.port());
    assert!(link.starts_with(&format!("{base}/login/")), "{link}");
    // Whoever trusts the certificate that was made is let in by a browser of its own.
    let curl = Curl::new(&made.directory.path().join("etc/tls.crt"), "mx.example.org", page);
    let Some(shown) = curl.ask(link, &[]) else { return };
    let shown = shown.unwrap();
    assert!(shown.starts_with("HTTP/1.1 200") && shown.contains("Log in"), "{shown}");
    let origin = format!("Origin: {base}");
    let press = ["-X", "POST", "-d", "", "-H", &origin, "-H", "Sec-Fetch-Site: same-origin"];
    let pressed = curl.ask(link, &press).unwrap().unwrap();
    assert!(pressed.starts_with("HTTP/1.1 303"), "{pressed}");
    let inside = curl.ask(&format!("{base}/aliases"), &[]).unwrap().unwrap();
    assert!(inside.starts_with("HTTP/1.1 200") && inside.contains("hello@example.org"), "{inside}");
    let again = curl.ask(link, &press).unwrap().unwrap();
    assert!(!again.starts_with("HTTP/1.1 303"), "it lets in once: {again}");
}
