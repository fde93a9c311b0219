//! `onward init`, `check`, `trace` and the frame around them, as a person or a script meets them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod check;

use assert_cmd::Command;
use onward::{
    account::Password,
    address::{Mailbox, ReversePath},
    store::journal::{AttemptLine, Bounds, Journal, Outcome, Record},
    time::Millis,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

struct Answer {
    code: i32,
    out: String,
    err: String,
}

fn onward(args: &[&str]) -> Answer {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("onward"));
    for variable in ["ONWARD_CONFIG", "ONWARD_LOG", "STATE_DIRECTORY", "JOURNAL_STREAM"] {
        command.env_remove(variable);
    }
    let output = command.args(args).output().unwrap();
    Answer {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A directory in which `onward init` was run; gives it and the configuration file.
fn initialised() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("etc/onward.toml");
    let answer = init(dir.path(), &config);
    assert_eq!(answer.code, 0, "{}", answer.err);
    (dir, config)
}

fn init(dir: &Path, config: &Path) -> Answer {
    onward(&[
        "init",
        "--config",
        config.to_str().unwrap(),
        "--hostname=mx.example.org",
        "--domain=example.org",
        "--postmaster=\"me \\\"myself\\\"\"@mailbox.example",
        "--listen=127.0.0.1:2525",
        "--state-dir",
        dir.join("state \"x\"").to_str().unwrap(),
        "--yes",
    ])
}

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn init_writes_what_check_accepts() {
    let (dir, config) = initialised();
    let secret = dir.path().join("etc/srs.secret");
    assert_eq!(mode(&secret), 0o600);
    assert_eq!(mode(&dir.path().join("state \"x\"")), 0o700);
    let text = fs::read_to_string(&secret).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(text.trim().len() >= 43, "256 bits");

    let checked = onward(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    for part in
        ["smtp on 127.0.0.1:2525", "mx.example.org", "srs        srs.example.org", "1 secret"]
    {
        assert!(checked.out.contains(part), "{part}: {}", checked.out);
    }
    assert!(!checked.out.contains(text.trim()), "the secret stays secret");
    assert!(!checked.out.contains("warning"), "{}", checked.out);
    let hosted = onward(&["domain", "list", "--config", config.to_str().unwrap()]);
    assert_eq!(hosted.out, "example.org\n");
}

#[test]
fn init_never_overwrites() {
    let (dir, config) = initialised();
    let before = fs::read_to_string(&config).unwrap();
    let again = init(dir.path(), &config);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("etc/onward.toml exists"), "{}", again.err);
    assert_eq!(again.err.lines().count(), 1);
    assert_eq!(fs::read_to_string(&config).unwrap(), before);

    fs::remove_file(&config).unwrap();
    let again = init(dir.path(), &config);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("etc/tls.crt exists"), "{}", again.err);
    assert!(!config.exists());

    // A secret that is there is used: addresses that it has signed are about.
    let secret = dir.path().join("etc/srs.secret");
    let before = fs::read_to_string(&secret).unwrap();
    for file in ["tls.crt", "tls.key", "dns.zone"] {
        fs::remove_file(dir.path().join("etc").join(file)).unwrap();
    }
    let again = init(dir.path(), &config);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("kept "), "{}", again.out);
    assert_eq!(fs::read_to_string(&secret).unwrap(), before);
    fs::remove_file(&config).unwrap();
    fs::write(&secret, "\n").unwrap();
    assert_eq!(init(dir.path(), &config).code, 1, "an empty one is none");
}

#[test]
fn init_without_a_terminal_needs_the_domain() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("onward.toml");
    let answer = onward(&["init", "--config", config.to_str().unwrap()]);
    assert_eq!(answer.code, 2);
    assert_eq!(
        answer.err,
        "onward: --domain or ONWARD_DOMAIN is needed, as nobody is asked for it\n"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn two_secrets_are_made_differently() {
    let secret = || fs::read(initialised().0.path().join("etc/srs.secret")).unwrap();
    assert_ne!(secret(), secret());
}

#[test]
fn an_absent_config_and_wrong_usage() {
    let absent = onward(&["check", "--config", "/nonexistent/onward.toml"]);
    assert_eq!(absent.code, 1);
    assert!(absent.err.starts_with("/nonexistent/onward.toml: cannot be read: "), "{}", absent.err);
    assert_eq!(onward(&["chekc"]).code, 2);
    assert_eq!(onward(&["check", "--no-such-flag"]).code, 2);
    assert_eq!(onward(&["init", "--domain", "a b"]).code, 2);
    assert_eq!(onward(&["--version"]).code, 0);
}

#[tokio::test]
async fn trace_finds_messages_while_the_daemon_writes() {
    let (dir, config) = initialised();
    let state_dir = dir.path().join("state \"x\"");
    let config = config.to_str().unwrap();
    let none = onward(&["trace", "--config", config]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("there is no journal yet"), "{}", none.err);

    // The record is of a fixed day, whatever day it is.
    let age = Duration::from_hours(24 * 365 * 100);
    let bounds = Bounds { age, refused_age: age, ..Bounds::default() };
    let journal = Journal::open(&state_dir, bounds).unwrap();
    journal.record(record()).await;
    // Not flushed: within a second the writer shows it by itself.
    let deadline = Instant::now() + Duration::from_secs(10);
    let found = loop {
        let answer = onward(&["trace", "--config", config, "--json", "--id", "3f2a"]);
        if !answer.out.is_empty() {
            break answer.out;
        }
        assert!(Instant::now() < deadline, "not shown: {}", answer.err);
    };
    assert_eq!(
        found,
        "{\"id\":\"3f2a\",\"time\":\"2026-01-31T12:00:00.250Z\",\"client\":\"192.0.2.1\",\
         \"from\":\"alice@sender.example\",\"srs_from\":\"SRS0=t=XY=sender.example=alice@example.org\",\
         \"to\":[\"hello@example.org\"],\"outcome\":\"deferred\",\"reply\":\"451 4.4.1 later\",\
         \"attempts\":[{\"time\":\"2026-01-31T12:00:00.300Z\",\"host\":\"mx.mailbox.example\",\
         \"reply\":\"421 4.3.2 busy\",\"ms\":40,\"tls\":\"\"}],\"auth\":\"\",\
         \"tls\":\"TLSv1.3 TLS_AES_256_GCM_SHA384\",\"note\":\"\"}\n"
    );
    let text = onward(&["trace", "--config", config, "--from", "@sender.example"]).out;
    assert!(text.starts_with("2026-01-31T12:00:00.250Z  3f2a  deferred in 123 ms\n"), "{text}");
    assert!(text.contains("helo\\u{1b}[2J"), "a terminal is not steered: {text}");
    for absent in
        [["--since", "2026-02-01"], ["--since", "2026-01-31T12:00:01Z"], ["--to", "x@y.example"]]
    {
        let answer = onward(&[&["trace", "--config", config], &absent[..]].concat());
        assert_eq!((answer.code, answer.out.as_str()), (0, ""));
        assert_eq!(answer.err, "onward: no message matches\n");
    }
    let since = onward(&["trace", "--config", config, "--since", "2026-01-31", "--json"]);
    assert_eq!(since.out.lines().count(), 1);
    assert_eq!(onward(&["trace", "--since", "yesterday"]).code, 2);
    journal.close().await;
}

fn record() -> Record {
    Record {
        id: "3f2a".into(),
        time: Millis::new(1_769_860_800_250),
        client: Some("192.0.2.1".parse().unwrap()),
        helo: "helo\u{1b}[2J".into(),
        from: ReversePath::Mailbox(Mailbox::parse("alice@sender.example").unwrap()),
        srs_from: Some("SRS0=t=XY=sender.example=alice@example.org".into()),
        to: vec!["hello@example.org".into()],
        outcome: Outcome::Deferred,
        reply: "451 4.4.1 later".into(),
        size: 2048,
        ms: 123,
        auth: String::new(),
        tls: "TLSv1.3 TLS_AES_256_GCM_SHA384".into(),
        filter: None,
        detail: String::new(),
        attempts: vec![AttemptLine {
            time: Millis::new(1_769_860_800_300),
            to: vec!["me@mailbox.example".into()],
            host: "mx.mailbox.example".into(),
            reply: "421 4.3.2 busy".into(),
            ms: 40,
            tls: String::new(),
            verdict: "deferred".into(),
        }],
        ways: None,
        node: None,
    }
}

#[test]
fn the_password_of_an_account_is_on_stdout_once_and_nowhere_else() {
    let (dir, config) = initialised();
    let run = |line: &str| {
        let config = ["--log", "debug", "--config", config.to_str().unwrap()];
        let answer = onward(&[&line.split(' ').collect::<Vec<_>>()[..], &config].concat());
        assert_eq!(answer.code, 0, "{line}: {}", answer.err);
        answer
    };
    run("alias add hello@example.org me@mailbox.example");
    fs::remove_dir_all(dir.path().join("state \"x\"/dkim")).unwrap();
    let added = run("account add hello@example.org");
    assert!(added.err.contains("onward dkim key add example.org"), "{}", added.err);
    assert!(added.err.contains("onward account password add hello@example.org"), "{}", added.err);
    let answer = run("account password add hello@example.org --label phone");
    let typed = answer.out.strip_suffix('\n').unwrap().to_owned();
    let password = Password::parse(&typed).expect("one line, which is the password");
    assert!(!answer.err.contains(&typed), "{}", answer.err);

    let backup = dir.path().join("copy.db");
    run(&format!("backup {}", backup.to_str().unwrap()));
    for listing in [
        "account list",
        "account list --json",
        "account show hello@example.org --json",
        "account password list hello@example.org --json",
    ] {
        let Answer { out, err, .. } = run(listing);
        assert!(out.contains("hello@example.org") || out.contains("phone"), "{out}");
        assert!(!format!("{out}{err}").contains(&typed), "{out}{err}");
    }
    let letters = typed.replace('-', "");
    let octets = base32::decode(base32::Alphabet::Crockford, &letters).unwrap();
    let kept =
        [backup, dir.path().join("state \"x\"/onward.db")].map(|file| fs::read(file).unwrap());
    for file in kept {
        let has = |part: &[u8]| file.windows(part.len()).any(|found| found == part);
        assert!(has(password.hash().as_bytes()), "it could be restored");
        assert!(!has(typed.as_bytes()) && !has(letters.as_bytes()) && !has(&octets));
    }
}

/// Every command says in one line what it does: a capital first, no full stop at the end.
#[test]
fn help_is_of_one_style() {
    for command in [
        &[][..],
        &["domain"],
        &["alias"],
        &["account"],
        &["account", "password"],
        &["srs"],
        &["srs", "key"],
        &["queue"],
    ] {
        let help = onward(&[command, &["-h"]].concat()).out;
        let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for line in commands.lines().filter(|line| !line.trim().starts_with("help ")) {
            let about = line.trim().split_once("  ").expect(line).1.trim();
            assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "{line}");
            let verb = about.split(' ').next().unwrap();
            assert!(verb.ends_with('s') || verb.ends_with("s,"), "not what it does: {line}");
        }
        let options = help.split("Options:\n").nth(1).unwrap();
        let order = ["--config", "--log", "--help"].map(|option| options.find(option).unwrap());
        assert!(order.is_sorted(), "{options}");
    }
}
