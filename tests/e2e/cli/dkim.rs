//! `onward dkim key`: keys that sign, beside a running daemon.

use crate::support::onward::Onward;
use crate::support::receiver::{Message, Receiver};
use crate::support::wait_until;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\n\r\nhello\r\n";

/// The selectors that the next message is signed with.
fn signed_with(onward: &Onward, sink: &Receiver) -> Vec<String> {
    let count = sink.count();
    onward
        .session()
        .transaction("alice@sender.test", &["hello@example.org"], MESSAGE)
        .expect_code(250);
    let message = &sink.messages()[count];
    assert!(message.data.ends_with(MESSAGE));
    selectors(message)
}

fn selectors(message: &Message) -> Vec<String> {
    let text = String::from_utf8_lossy(&message.data).into_owned();
    let fields = text.split("DKIM-Signature:").skip(1);
    fields
        .map(|field| field.split("; s=").nth(1).unwrap().split(';').next().unwrap().to_owned())
        .collect()
}

fn listed(onward: &Onward) -> Vec<(String, String, String)> {
    let lines = onward.run(&["dkim", "key", "list", "--json"]);
    let part = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|line| (part(&line, "selector"), part(&line, "state"), part(&line, "kind")))
        .collect()
}

#[test]
fn keys_sign_from_the_moment_they_are_added_until_they_are_retired() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).config("auth.sign = \"all\"").start();
    assert_eq!(signed_with(&onward, &sink), [""; 0]);
    let wait_for = |selectors: &[&str]| {
        wait_until(format!("signatures by {selectors:?}"), || {
            (signed_with(&onward, &sink) == selectors).then_some(())
        });
    };

    let key = |arguments: &[&str]| onward.run(&[&["dkim", "key"], arguments].concat());
    let added = key(&["add", "example.org", "--selector", "S1"]);
    assert!(added.contains("added s1, rsa of 2048 bits for example.org"), "{added}");
    let record = "s1._domainkey.example.org. IN TXT \"v=DKIM1; k=rsa; p=MII";
    assert!(added.contains(record), "{added}");
    wait_for(&["s1"]);
    key(&["add", "example.org", "--selector", "s2", "--kind", "ed25519"]);
    wait_for(&["s1", "s2"]);

    // The next one waits until it is in DNS.
    key(&["add", "example.org", "--selector", "s3", "--staged"]);
    assert_eq!(signed_with(&onward, &sink), ["s1", "s2"]);
    key(&["activate", "example.org", "s3"]);
    wait_for(&["s3", "s2"]);
    key(&["retire", "example.org", "s2"]);
    wait_for(&["s3"]);
    key(&["add", "other.test", "--selector", "s1"]);
    let states = listed(&onward);
    let states: Vec<_> =
        states.iter().map(|(s, state, kind)| (s.as_str(), state.as_str(), kind.as_str())).collect();
    let expected = [
        ("s1", "active", "rsa"),
        ("s2", "retired", "ed25519"),
        ("s3", "active", "rsa"),
        ("s1", "active", "rsa"),
    ];
    assert_eq!(states, expected);
    assert_eq!(key(&["dns", "example.org"]).matches(" IN TXT ").count(), 3);
    assert_eq!(signed_with(&onward, &sink), ["s3"], "another domain's key signs nothing of ours");

    let file = onward.state_dir().join("dkim/example.org/s1.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let directory = fs::metadata(file.parent().unwrap()).unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_is_refused_says_what_to_do() {
    let sink = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(sink.name()).config("auth.sign = \"all\"").build();
    let refused = |arguments: &[&str], says: &str| {
        let output = onward.cli(&[&["dkim", "key"], arguments].concat());
        assert!(output.code != Some(0) && output.stderr.contains(says), "{}", output.stderr);
    };
    refused(&["dns"], "`onward dkim key add DOMAIN` makes one");
    refused(&["retire", "example.org", "s1"], "`onward dkim key list` shows all");
    refused(&["add", "example.org", "--selector", "../s1"], "no selector");
    let not_pem = onward.config_path();
    let import = ["add", "example.org", "--import", not_pem.to_str().unwrap()];
    refused(&import, "no private key in PEM");
    onward.run(&["dkim", "key", "add", "example.org", "--selector", "s1"]);
    refused(&["add", "example.org", "--selector", "s1"], "choose another with --selector");

    // A key of elsewhere, by its file.
    let file = onward.state_dir().join("dkim/example.org/s1.pem");
    let import = ["dkim", "key", "add", "other.test", "--import", file.to_str().unwrap()];
    assert!(onward.run(&import).contains("-rsa, rsa of 2048 bits for other.test"));

    // One that is none is no key to start with, and no reason to stop.
    let good = fs::read(&file).unwrap();
    fs::write(&file, "damaged").unwrap();
    let stopped = onward.serve_refused();
    assert!(stopped.stderr.contains("s1.pem: no private key in PEM"), "{}", stopped.stderr);
    fs::write(&file, good).unwrap();
    onward.serve();
    assert_eq!(signed_with(&onward, &sink), ["s1"]);
    fs::write(&file, "damaged").unwrap();
    onward.wait_for_log("DKIM keys stay as they were");
    assert_eq!(signed_with(&onward, &sink), ["s1"]);
}

#[test]
fn a_second_key_on_the_same_day_has_a_name_of_its_own() {
    let onward = Onward::builder().domain("example.org").build();
    let add = ["dkim", "key", "add", "example.org", "--kind", "ed25519", "--staged"];
    let added: Vec<String> = (0..3)
        .map(|_| {
            let told = onward.run(&add);
            let selector = told.strip_prefix("added ").unwrap().split_once(',').unwrap().0;
            selector.to_owned()
        })
        .collect();
    assert!(added[0].starts_with("onward-") && added[0].ends_with("-ed25519"), "{added:?}");
    assert_eq!(added[1..], [format!("{}-2", added[0]), format!("{}-3", added[0])]);
    // One that is retired has its name still, and its record.
    onward.run(&["dkim", "key", "retire", "example.org", &added[1]]);
    assert!(onward.run(&add).contains(&format!("added {}-4,", added[0])));
    assert_eq!(listed(&onward).len(), 4);
}
