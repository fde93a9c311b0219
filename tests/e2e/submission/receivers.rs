//! What a receiver that enforces SPF, DKIM and DMARC says of what accounts send.

use super::{Host, begins};
use crate::authentication::publish_own_keys;
use crate::support::dns::Dns;
use crate::support::receiver::Message;
use crate::support::verifiers::{Arrival, Findings, Verifiers, facts, judge};
use crate::support::wait_until;
use onward::provider::published::{Facts, RuleBook};
use std::sync::Arc;

/// The host, where the account may send as everybody at two.test too, and the receivers' name server.
fn strict() -> Option<(Arc<Verifiers>, Dns, Host)> {
    let verifiers = Verifiers::start()?;
    let dns = Dns::start();
    for domain in ["example.org", "two.test"] {
        dns.txt(domain, "v=spf1 ip4:127.0.0.1 -all");
        dns.txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject; adkim=s; aspf=s");
    }
    let host = Host::start_with(|builder| {
        builder
            .domain("two.test")
            .alias("info@two.test", &["bob@sink.test"])
            .run_first(&["dkim", "key", "add", "two.test", "--kind", "ed25519"])
            .run_first(&["dkim", "key", "add", "two.test", "--kind", "rsa"])
            .run_first(&["account", "set", super::NAME, "--as", "*@two.test"])
            .dns(&dns)
    });
    publish_own_keys(&host.onward, &dns);
    Some((verifiers, dns, host))
}

fn send(host: &Host, reverse_path: &str, message: &[u8]) -> Message {
    let before = host.sink.count();
    let mut client = host.session();
    begins(&mut client, &format!("MAIL FROM:<{reverse_path}> SMTPUTF8 BODY=8BITMIME"), "250");
    begins(&mut client, "RCPT TO:<stranger@sink.test>", "250");
    client.send(format!("BDAT {} LAST\r\n", message.len()).as_bytes());
    client.send(message);
    let reply = client.reply().unwrap();
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    host.sink.wait_for_messages(before + 1).remove(before)
}

/// Both ways by themselves: what arrived without its signatures, and with another reverse-path.
fn passes_by_each(verifiers: &Verifiers, dns: &Dns, arrived: &Message) {
    let found = |from: &str, data: &[u8]| -> Findings {
        verifiers.verify(dns.address(), &Arrival::from_onward(from, data))
    };
    let domain = arrived.header("From").unwrap().rsplit_once('@').unwrap().1.replace('>', "");
    let by_dkim = found("x@elsewhere.test", &arrived.data);
    assert_eq!(by_dkim.dmarc.result, "pass", "by DKIM: {by_dkim:#?}");
    by_dkim.expect_dkim_of(&domain);
    let text = String::from_utf8_lossy(&arrived.data).replace("DKIM-Signature:", "X-Was:");
    let by_spf = found(&arrived.from, text.as_bytes());
    assert!(by_spf.dkim.is_empty());
    assert_eq!((by_spf.spf.result.as_str(), by_spf.dmarc.result.as_str()), ("pass", "pass"));
    let as_it_came = found(&arrived.from, &arrived.data);
    assert_eq!(judge(&as_it_came), None);
    // What is published for those who send many is kept by each message, too.
    for book in RuleBook::ALL {
        let known = Facts {
            is_bulk: true,
            own_dmarc: Some(true),
            ..facts(&as_it_came, &arrived.data, false)
        };
        assert_eq!(book.refusal(&known), None, "{book}: {as_it_came:#?}");
    }
}

#[test]
fn each_alias_passes_dmarc_by_dkim_and_by_spf() {
    let Some((verifiers, dns, host)) = strict() else { return };
    for alias in ["hello@example.org", "info@two.test", "any.other@two.test"] {
        let message =
            format!("From: Me <{alias}>\r\nTo: stranger@sink.test\r\nSubject: x\r\n\r\nhello\r\n");
        let arrived = send(&host, alias, message.as_bytes());
        assert_eq!(arrived.from, alias);
        passes_by_each(&verifiers, &dns, &arrived);
        let message_id = arrived.header("Message-ID").unwrap();
        assert!(message_id.ends_with(&format!("@{}>", alias.split_once('@').unwrap().1)));
        assert!(arrived.header("Date").is_some());
    }
    // From of one domain, reverse-path of another: the signature alone says who it is.
    let arrived = send(&host, "hello@example.org", b"From: info@two.test\r\n\r\nhello\r\n");
    let found = verifiers.verify(dns.address(), &Arrival::of(&arrived));
    assert_eq!(judge(&found), None, "{found:#?}");
}

/// The forms that programs give their messages; bodies leave as they came.
#[test]
fn every_form_of_message_passes() {
    let Some((verifiers, dns, host)) = strict() else { return };
    let long = "x".repeat(998);
    for (fields, body) in [
        ("Subject: none", ""),
        ("Subject: no end of line", "hello"),
        ("Subject: blanks \t at  ends ", "hello  \r\n\t \r\n\r\n\r\n"),
        ("Subject: Gr\u{fc}\u{df}e", "Gr\u{fc}\u{df}e\r\n"),
        ("Subject: dots", ".\r\n..\r\n.hidden\r\n"),
        ("Subject: long", &long),
        (
            "Date: Mon, 23 Nov 2026 08:00:00 +0000\r\nMessage-ID: <a@b.test>\r\nBcc: hidden@sink.test,\r\n more@sink.test\r\n\
             user-agent: Bob's\r\nX-Originating-IP: 192.0.2.7\r\nReturn-Path: <bob@sink.test>\r\nSubject:\r\n folded",
            "hello\r\n",
        ),
        (
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nCc: <a@b.test>,\r\n\t<c@d.test>",
            "--b\r\n\r\nFrom: x\r\n--b--\r\n",
        ),
        (
            "Received: from bobs-laptop.home (192.0.2.7)\r\n\tby smtp.office.test; Mon, 23 Nov 2026 08:00:00 +0000",
            "x\r\n",
        ),
    ] {
        let message = format!("{fields}\r\nFrom: hello@example.org\r\n\r\n{body}");
        let arrived = send(&host, "hello@example.org", message.as_bytes());
        passes_by_each(&verifiers, &dns, &arrived);
        // A last line without its end is ended on the way (RFC 5321 §4.1.1.4).
        let body = if body.is_empty() || body.ends_with("\r\n") {
            body.to_owned()
        } else {
            format!("{body}\r\n")
        };
        assert_eq!(String::from_utf8_lossy(arrived.body()), body, "{fields}");
        for name in ["Bcc", "User-Agent", "X-Originating-IP", "Return-Path"] {
            assert_eq!(arrived.header(name), None, "{fields}");
        }
    }
}

/// Whoever gets a message cannot make another of it that is still signed.
#[test]
fn a_field_that_is_added_or_doubled_breaks_the_signature() {
    let Some((verifiers, dns, host)) = strict() else { return };
    let arrived = send(
        &host,
        "hello@example.org",
        b"From: hello@example.org\r\nTo: a@b.test\r\nSubject: x\r\n\r\nhello\r\n",
    );
    let verify = |before: &str| {
        let message = [before.as_bytes(), &arrived.data].concat();
        verifiers.verify_dkim(dns.address(), &message).remove(0).result
    };
    assert_eq!(verify("X-Other: 1\r\nReceived: by a\r\n"), "pass");
    for name in [
        "From",
        "To",
        "Cc",
        "Subject",
        "Date",
        "Reply-To",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "In-Reply-To",
        "References",
    ] {
        assert_eq!(verify(&format!("{name}: x@evil.test\r\n")), "fail", "{name}");
    }
}

#[test]
fn without_a_key_nothing_leaves() {
    let host = Host::start_with(|builder| {
        builder.domain("two.test").run_first(&["account", "set", super::NAME, "--as", "*@two.test"])
    });
    let mut client = host.session();
    begins(&mut client, "MAIL FROM:<hello@example.org>", "250");
    begins(&mut client, "RCPT TO:<stranger@sink.test>", "250");
    begins(&mut client, "DATA", "354");
    let reply = client.command("From: info@two.test\r\n\r\nhello\r\n.");
    assert!(reply.starts_with("554 5.7.5 two.test has no DKIM key"), "{reply}");
    assert!(reply.contains("onward dkim key add two.test"), "{reply}");
    // What the reply says to do helps at once.
    host.onward.run(&["dkim", "key", "add", "two.test"]);
    wait_until("the new key", || {
        begins(&mut client, "MAIL FROM:<info@two.test>", "250");
        begins(&mut client, "RCPT TO:<stranger@sink.test>", "250");
        begins(&mut client, "DATA", "354");
        let reply = client.command("From: info@two.test\r\n\r\nhello\r\n.");
        reply.starts_with("250 2.0.0").then_some(())
    });
    assert!(host.sink.wait_for_message().header("DKIM-Signature").unwrap().contains("d=two.test"));
}
