//! `onward doctor --received`: a mail that was forwarded, as its receiver shows it.

use crate::support::dns::Dns;
use crate::support::onward::{Onward, Output};
use crate::support::receiver::{Message, Receiver};
use serde_json::Value;
use std::fs;

/// A mail without a signature, of a domain that only SPF passes for.
fn forwarded(auth: &[&str]) -> (Onward, Message) {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.txt("sender.test", "v=spf1 ip4:127.0.0.1 -all")
        .txt("_dmarc.sender.test", "v=DMARC1; p=reject");
    let builder = Onward::forwarding_to(sink.name()).dns(&dns);
    let onward = auth.iter().fold(builder, |builder, line| builder.config(line)).start();
    let message = b"From: Alice <alice@sender.test>\r\nSubject: x\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";
    let reply = onward.session().transaction("alice@sender.test", &["hello@example.org"], message);
    reply.expect("250 2.0.0");
    (onward, sink.wait_for_message())
}

/// As Gmail shows it, with LF and a line of a mailbox file; `dmarc` is its verdict.
fn shown_by_gmail(arrived: &Message, dmarc: &str) -> String {
    let results = format!(
        "mx.google.com;\n       spf=pass (google.com: domain of {from} designates 192.0.2.10 as permitted sender) \
         smtp.mailfrom=\"{from}\";\n       dmarc={dmarc} header.from=sender.test\n",
        from = arrived.from
    );
    let message = String::from_utf8(arrived.data.clone()).unwrap().replace("\r\n", "\n");
    format!(
        "From MAILER-DAEMON Mon Nov 23 08:00:00 2026\nDelivered-To: bob@gmail.com\nReturn-Path: <{}>\n\
         Received: from mx.example.org (mx.example.org. [192.0.2.10])\n        by mx.google.com with ESMTPS id x\n        \
         for <bob@gmail.com>; Mon, 23 Nov 2026 00:00:01 -0800 (PST)\nAuthentication-Results: {results}{message}",
        arrived.from
    )
}

fn doctor(onward: &Onward, shown: &str, more: &[&str]) -> Output {
    let file = onward.config_path().with_file_name("shown.eml");
    fs::write(&file, shown).unwrap();
    onward.cli(&[&["doctor", "--received", file.to_str().unwrap()], more].concat())
}

fn told(onward: &Onward, shown: &str) -> (Option<i32>, Value) {
    let output = doctor(onward, shown, &["--json"]);
    let json = serde_json::from_str(&output.stdout);
    (output.code, json.unwrap_or_else(|_| panic!("{}{}", output.stdout, output.stderr)))
}

#[test]
fn what_dmarc_lost_by_the_forward_is_told_with_what_mends_it() {
    let (onward, arrived) = forwarded(&["auth.spf_only = \"pass\""]);
    let shown = shown_by_gmail(&arrived, "fail (p=REJECT sp=REJECT dis=NONE)");
    let (code, json) = told(&onward, &shown);
    let traced = onward.wait_for_trace(&["--to", "hello@example.org"], 1);
    assert_eq!(json["hop"]["id"], traced[0]["id"]);
    assert_eq!(json["hop"]["recipient"], "hello@example.org");
    assert_eq!(
        (&json["here"]["who"], &json["there"]["who"]),
        (&"mx.example.org".into(), &"Gmail".into())
    );
    assert_eq!(
        (&json["here"]["spf"]["result"], &json["there"]["spf"]["domain"]),
        (&"pass".into(), &"example.org".into())
    );
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(
        (code, findings.len(), &findings[0]["id"]),
        (Some(1), 1, &"dmarc-by-spf".into()),
        "{json:#}"
    );

    let text = doctor(&onward, &shown, &[]);
    assert_eq!(text.code, Some(1), "{}", text.stderr);
    for line in [
        "          here (mx.example.org)            there (Gmail)",
        "SPF       pass sender.test                 pass example.org",
        "DMARC     pass sender.test p=reject        fail sender.test p=reject",
        "    mend: in [auth]: spf_only = \"munge\", dmarc = \"enforce\"; then onward reload",
    ] {
        assert!(text.stdout.lines().any(|told| told == line), "{line}\n{}", text.stdout);
    }
}

#[test]
fn what_the_message_does_not_say_the_journal_does() {
    let (onward, arrived) = forwarded(&["auth.spf_only = \"munge\""]);
    assert!(arrived.header("From").unwrap().contains("hello@example.org"), "munged");
    let shown = shown_by_gmail(&arrived, "pass (p=NONE)");
    onward.wait_for_trace(&["--to", "hello@example.org"], 1);
    let bare = shown.replace("Authentication-Results: mx.example.org", "X-Results: mx.example.org");
    assert_ne!(bare, shown);
    let (_, json) = told(&onward, &bare);
    assert_eq!(json["here"]["spf"]["result"], "pass", "{json:#}");
    assert_eq!(json["here"]["dmarc"]["domain"], "sender.test", "{json:#}");
    assert_eq!(json["here"]["dmarc"]["policy"], "reject", "{json:#}");
}

#[test]
fn what_never_passed_here_is_told() {
    let onward = Onward::builder().domain("example.org").build();
    let text = doctor(&onward, "From: a@b.test\nSubject: \u{1b}[2J\n\nx\n", &[]);
    assert_eq!(text.code, Some(1), "{}", text.stderr);
    assert!(
        text.stdout.starts_with("ERROR no-hop: no Received field of mx.example.org"),
        "{}",
        text.stdout
    );
    let absent = onward.cli(&["doctor", "--received", "/nonexistent/file"]);
    assert_eq!((absent.code, absent.stdout.as_str()), (Some(1), ""));
    let both = onward.cli(&["doctor", "--received", "x", "--postfix"]);
    assert_eq!(both.code, Some(2));
}
