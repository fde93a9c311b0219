//! A From that programs read in different ways evades no policy, and what honest senders write gets through.

use std::sync::Arc;

use crate::support::client::Client;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Message, Receiver};
use crate::support::verifiers::{Arrival, Findings, Signing, Verifiers};

/// Header sections by which somebody at evil.test writes as bank.test, whose policy is to reject that.
const EVASIONS: &[&str] = &[
    "From: ceo@bank.test",
    "From: CEO <ceo@bank.test>",
    "FROM:ceo@BANK.test",
    // Names that are none, or are one in one reading.
    "From: ceo@bank.test.",
    "From: CEO <ceo@bank.test.>",
    "From: ceo@bank.test .",
    "From: ceo@bank..test",
    "From: ceo@ba(x)nk.test",
    "From: ceo@ba nk.test",
    "From: ceo@bank(x).test",
    "From: ceo@bank. test",
    "From: ceo@bank.test(",
    "From: ceo@bank.test(@evil.test)",
    "From: CEO <ceo@bank.test(@evil.test)>",
    "From: ceo@[bank.test]",
    "From: ceo@\"bank.test\"",
    "From: ceo@bank.test\u{200b}",
    "From: ceo@ba\u{ad}nk.test",
    "From: ceo@bank\u{3002}test",
    "From: ceo@\u{ff42}ank.test",
    "From: ceo@bank.test\t\r\n\t",
    "From: ceo@\r\n bank.test",
    // No address for some, that of bank.test for others.
    "From: =?utf-8?q?CEO_=3Cceo=40bank=2Etest=3E?=",
    "From: =?utf-8?b?Y2VvQGJhbmsudGVzdA==?=",
    "From: =?utf-8?q?ceo=40bank=2Etest?=@evil.test",
    "From: \"ceo@bank.test\"",
    "From: \"ceo@bank.test\", x@evil.test",
    "From: ceo@bank.test,",
    "From: ,ceo@bank.test",
    "From: <ceo@bank.test",
    "From: ceo@bank.test>",
    "From: \"CEO <ceo@bank.test>",
    "From: CEO\" <ceo@bank.test>",
    // Several.
    "From: x@evil.test, ceo@bank.test",
    "From: ceo@bank.test, x@evil.test",
    "From: X <x@evil.test>,\r\n CEO <ceo@bank.test>",
    "From: x@evil.test; ceo@bank.test",
    "From: x@evil.test ceo@bank.test",
    "From: <x@evil.test> <ceo@bank.test>",
    "From: <ceo@bank.test> <x@evil.test>",
    "From: ceo@bank.test <x@evil.test>",
    "From: x@evil.test <ceo@bank.test>",
    "From: ceo@bank.test@evil.test",
    "From: \"ceo@bank.test\"@evil.test",
    "From: <@bank.test:x@evil.test>",
    "From: <@evil.test:ceo@bank.test>",
    "From: (<ceo@bank.test>) <x@evil.test>",
    "From: x@evil.test\r\n \r\n , ceo@bank.test",
    "From: =?utf-8?q?ceo@bank.test?= <x@evil.test>",
    "From: \"ceo@bank.test\" =?utf-8?q?,?= <x@evil.test>",
    "From: \"ceo@bank.test\" =?utf-8?q?(?= <x@evil.test>",
    // Groups.
    "From: Bank: ceo@bank.test;",
    "From: Bank: x@evil.test, ceo@bank.test;",
    "From: ceo@bank.test: x@evil.test;",
    "From: Bank:;",
    // Several fields, and sections that some read to the end and others do not.
    "From: x@evil.test\r\nFrom: ceo@bank.test",
    "From: ceo@bank.test\r\nfrom: x@evil.test",
    "From: x@evil.test\r\nFrom : ceo@bank.test",
    "From : ceo@bank.test",
    "From: x@evil.test\r\n\u{dc}nder: x\r\nFrom: ceo@bank.test",
    "From: x@evil.test\r\n: x\r\nFrom: ceo@bank.test",
    "From: x@evil.test\r\nFrom\u{a0}: ceo@bank.test",
    "From: x@evil.test\r\nno field\r\nFrom: ceo@bank.test",
    "From: x@evil.test\r\nFrom\r\n : ceo@bank.test",
    "From: x@evil.test\r\nX Y: z\r\nFrom: ceo@bank.test",
    "From x@evil.test Mon Nov 23 08:00:00 2026\r\nFrom: ceo@bank.test",
    ">From x@evil.test Mon Nov 23 08:00:00 2026\r\nFrom: ceo@bank.test",
    " From: x@evil.test\r\nFrom: ceo@bank.test",
    "From:\r\n \r\n ceo@bank.test",
    "From:\r\nFrom: ceo@bank.test",
    "From: ceo@sub.bank.test",
];

/// What honest people at sender.test write.
const HONEST: &[&str] = &[
    "alice@sender.test",
    "<alice@sender.test>",
    "\"Doe, John\" <john@sender.test>",
    "\"\" <john@sender.test>",
    "John Q. Public <john@sender.test>",
    "J\u{fc}rgen M\u{fc}ller <j@sender.test>",
    "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= <a@sender.test>",
    "=?utf-8?q?Andr=C3=A9?=\r\n =?utf-8?q?_Dupont?= <a@sender.test>",
    "\"alice@other.test\" <alice@sender.test>",
    "alice@sender.test (Alice)",
    "alice@sender.test <alice@sender.test>",
    "a . b @ sender . test",
    "\"john doe\"@sender.test",
    "a..b@sender.test",
    "(c) alice (c) @ (c) sender.test (c)",
];

struct Stage {
    verifiers: Arc<Verifiers>,
    dns: Dns,
    receiver: Receiver,
    client: Client,
    onward: Onward,
}

impl Stage {
    /// `None`: skip.
    fn new() -> Option<Self> {
        let verifiers = Verifiers::start()?;
        let dns = Dns::start();
        dns.txt("example.org", "v=spf1 ip4:127.0.0.1 -all");
        dns.txt("evil.test", "v=spf1 ip4:127.0.0.1 -all");
        for strict in ["bank.test", "sender.test"] {
            dns.txt(strict, "v=spf1 -all");
            dns.txt(&format!("_dmarc.{strict}"), "v=DMARC1; p=reject");
        }
        verifiers.publish_keys(&dns, "sender.test");
        let receiver = Receiver::smtp().start();
        let onward =
            Onward::forwarding_to(receiver.name()).dns(&dns).config("limits.errors = 1000").start();
        let client = onward.session();
        Some(Self { verifiers, dns, receiver, client, onward })
    }

    fn found(&self, arrived: &Message) -> Findings {
        self.verifiers.verify(self.dns.address(), &Arrival::of(arrived))
    }
}

#[test]
fn no_form_of_from_evades_a_policy() {
    let Some(mut stage) = Stage::new() else { return };
    for section in EVASIONS {
        let message =
            format!("{section}\r\nSubject: x\r\nMessage-ID: <1@evil.test>\r\n\r\nhello\r\n");
        let reply =
            stage.client.transaction("x@evil.test", &["hello@example.org"], message.as_bytes());
        assert!(reply.text().starts_with("550 5."), "{section:?}: {reply}");
    }
    assert_eq!(stage.receiver.count(), 0);
    // Without a policy that refuses them, those of one reading go on, and no verifier takes them for the bank's.
    stage.dns.clear("_dmarc.bank.test").txt("_dmarc.bank.test", "v=DMARC1; p=none");
    let mut taken = 0;
    for section in EVASIONS {
        let message =
            format!("{section}\r\nSubject: x\r\nMessage-ID: <1@evil.test>\r\n\r\nhello\r\n");
        let mut client = stage.onward.session();
        let reply = client.transaction("x@evil.test", &["hello@example.org"], message.as_bytes());
        if reply.code == 250 {
            taken += 1;
            let arrived = stage.receiver.wait_for_messages(taken).pop().unwrap();
            let found = stage.found(&arrived);
            let passes = found.dmarc.result == "pass" && found.dmarc.domain.contains("bank.test");
            assert!(!passes, "{section:?}: {found:#?}");
        } else {
            assert!(reply.text().starts_with("550 5.6.0 "), "{section:?}: {reply}");
        }
    }
    assert!(taken > 10, "{taken}");
}

#[test]
fn what_honest_senders_write_passes_here_and_there() {
    let Some(mut stage) = Stage::new() else { return };
    for (number, from) in HONEST.iter().enumerate() {
        let message = format!(
            "From: {from}\r\nTo: hello@example.org\r\nSubject: x\r\n\
             Message-ID: <{number}@sender.test>\r\n\r\nhello\r\n"
        );
        let signed = stage.verifiers.sign(message.as_bytes(), &Signing::rsa("sender.test"));
        stage
            .client
            .transaction("bounce@evil.test", &["hello@example.org"], &signed)
            .expect("250 2.0.0");
        let arrived = stage.receiver.wait_for_messages(number + 1).pop().unwrap();
        assert!(arrived.data.ends_with(&signed), "{from}");
        let results = arrived.header("Authentication-Results").unwrap();
        assert!(results.contains("dmarc=pass header.from=sender.test"), "{from}: {results}");
        let found = stage.found(&arrived);
        found.expect_dkim_of("sender.test");
        assert_eq!(found.dmarc.result, "pass", "{from}: {found:#?}");
    }
}

#[test]
fn every_author_must_vouch() {
    let Some(mut stage) = Stage::new() else { return };
    stage.dns.txt("_dmarc.second.test", "v=DMARC1; p=reject").txt("second.test", "v=spf1 -all");
    stage.verifiers.publish_keys(&stage.dns, "second.test");
    let message = b"From: Alice <alice@sender.test>, Bob <bob@second.test>\r\n\
        Sender: alice@sender.test\r\nSubject: x\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";
    let one = stage.verifiers.sign(message, &Signing::rsa("sender.test"));
    let both = stage.verifiers.sign(&one, &Signing::rsa("second.test"));
    let to = ["hello@example.org"];
    stage.client.transaction("bounce@evil.test", &to, &one).expect("550 5.7.1");
    stage.client.transaction("bounce@evil.test", &to, &both).expect("250 2.0.0");
    let arrived = stage.receiver.wait_for_messages(1).pop().unwrap();
    let results = arrived.header("Authentication-Results").unwrap();
    for domain in ["sender.test", "second.test"] {
        assert!(results.contains(&format!("dmarc=pass header.from={domain}")), "{results}");
    }
    let traced = stage.onward.wait_for_trace(&["--to", "hello@example.org"], 2);
    let checks = traced.iter().map(|message| message["auth"].to_string()).collect::<String>();
    for second in ["dmarc=fail (second.test p=reject)", "dmarc=pass (second.test p=reject)"] {
        assert!(
            checks.contains(&format!("dmarc=pass (sender.test p=reject) {second}")),
            "{checks}"
        );
    }
}
