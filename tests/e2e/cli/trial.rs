//! `onward try`: README's first command.
use crate::doctor::{healthy_zone, publish_key};
use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::process::Process;
use serde_json::Value;
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
        // Long lines are broken between words.
        let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
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
    let wide = output.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "it fits a terminal");
    assert!(output.contains("All three as they should be"), "{output}");
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

/// What Gmail's rules say, as rule and whether it is kept.
fn rules(
    onward: &Onward,
    receiver: &str,
    more: &[&str],
) -> (Option<i32>, Vec<(String, Option<bool>)>) {
    let asked = ["try", "--receiver", receiver, "--json", "--address", "192.0.2.10"];
    let told = onward.cli(&[&asked[..], more].concat());
    let rules = told.stdout.lines().map(|line| {
        let rule: Value = serde_json::from_str(line).unwrap();
        assert!(rule["source"].as_str().unwrap().contains(", 202"), "{rule}");
        (rule["rule"].as_str().unwrap().to_owned(), rule["kept"].as_bool())
    });
    (told.code, rules.collect())
}

fn broken(rules: &[(String, Option<bool>)]) -> Vec<&str> {
    let broken = rules.iter().filter(|(_, kept)| *kept == Some(false));
    broken.map(|(rule, _)| rule.as_str()).collect()
}

#[test]
fn a_set_up_is_held_against_what_receivers_publish() {
    let dns = healthy_zone();
    let onward = Onward::builder().dns(&dns).domain("example.org").build();
    let (code, before) = rules(&onward, "gmail", &["--bulk"]);
    assert_eq!((code, broken(&before)), (Some(1), vec!["bulk-dkim"]), "{before:?}");
    let (_, apple) = rules(&onward, "apple", &[]);
    assert_eq!(broken(&apple), ["arc"]);
    onward.run(&["dkim", "key", "add", "example.org", "--kind", "rsa"]);
    publish_key(&onward, &dns);
    for receiver in ["gmail", "microsoft", "yahoo", "apple"] {
        let (code, rules) = rules(&onward, receiver, &["--bulk"]);
        assert_eq!((code, broken(&rules)), (Some(0), vec![]), "{receiver}: {rules:?}");
    }
    dns.clear("10.2.0.192.in-addr.arpa").clear("example.org");
    dns.mx("example.org", 10, "mx.example.org").txt("example.org", "v=spf1 -all");
    let (code, unnamed) = rules(&onward, "gmail", &[]);
    assert_eq!((code, broken(&unnamed)), (Some(1), vec!["name", "reverse-path"]), "{unnamed:?}");
    let text = onward.cli(&["try", "--receiver", "gmail", "--address", "192.0.2.10"]).stdout;
    assert!(text.contains("BROKEN  the sending address has a name (PTR)"), "{text}");
    assert!(text.contains("else: 550 5.7.25"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_message_is_held_against_them_too() {
    let dns = healthy_zone();
    dns.txt("_dmarc.bank.test", "v=DMARC1; p=reject");
    let onward = Onward::builder().dns(&dns).domain("example.org").build();
    let file = onward.config_path().with_file_name("message.eml");
    let message = file.to_str().unwrap();
    fs::write(&file, "From: a@bank.test\nSubject: x\nSubject: y\n\nhello\n").unwrap();
    let (code, gmail) = rules(&onward, "gmail", &[message]);
    assert_eq!(
        (code, broken(&gmail)),
        (Some(1), vec!["dmarc-policy", "message-id", "single-fields"]),
        "{gmail:?}"
    );
    // Nothing is known of a set-up without a configuration, and that is no failure.
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.args(["--config", "/nonexistent/onward.toml", "try", "--receiver", "apple", message]);
    let told = command.output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(1), "{text}");
    assert!(text.contains("BROKEN  a message has the form of RFC 5322"), "{text}");
    assert!(text.contains("?       the sending address has a name"), "{text}");
}
