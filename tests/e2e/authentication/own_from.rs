//! A From of a domain of ours by somebody who does not prove it never passes DMARC behind us, and honest mail of
//! such domains does.

use std::net::IpAddr;
use std::sync::Arc;

use super::publish_own_keys;
use crate::support::client::{Client, Reply};
use crate::support::dns::{Dns, Fault};
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Message, Receiver};
use crate::support::verifiers::{Arrival, Findings, Signing, Verifiers};

/// Where the domains' own servers are, which is where Onward is too.
const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

/// Onward with a key of `example.org`, which asks for quarantine and sends from here only, as does `two.test`, which
/// is hosted here too and has no key.
struct Own {
    verifiers: Arc<Verifiers>,
    dns: Dns,
    receiver: Receiver,
    onward: Onward,
}

impl Own {
    /// `None`: skip.
    fn start(configured: impl FnOnce(Builder) -> Builder) -> Option<Self> {
        let verifiers = Verifiers::start()?;
        let (dns, receiver) = (Dns::start(), Receiver::smtp().start());
        for own in ["example.org", "two.test"] {
            dns.txt(own, "v=spf1 ip4:127.0.0.1 -all");
            dns.txt(&format!("_dmarc.{own}"), "v=DMARC1; p=quarantine");
        }
        dns.a("mx.example.org", [127, 0, 0, 1].into()).txt("mx.example.org", "v=spf1 a -all");
        // A forger's domain passes whatever it is asked for.
        dns.txt("evil.test", "v=spf1 ip4:127.0.0.2 -all");
        verifiers.publish_keys(&dns, "example.org");
        let builder = Onward::forwarding_to(receiver.name())
            .domain("two.test")
            .alias("hi@two.test", &["bob@sink.test"])
            .dns(&dns)
            .run_first(&["dkim", "key", "add", "example.org", "--selector", "own"]);
        let onward = configured(builder).start();
        publish_own_keys(&onward, &dns);
        Some(Self { verifiers, dns, receiver, onward })
    }

    fn send(&self, client: IpAddr, mail_from: &str, to: &str, message: &[u8]) -> Reply {
        let mut client = Client::connect_from(client, self.onward.address());
        client.reply().expect_code(220);
        client.ehlo("client.test").expect_code(250);
        client.transaction(mail_from, &[to], message)
    }

    fn forge(&self, mail_from: &str, from: &str, to: &str) -> Reply {
        self.send(STRANGER, mail_from, to, &message(from))
    }

    /// What came last, and what a receiver finds.
    fn arrived(&self) -> (Message, Findings) {
        let arrived = self.receiver.messages().pop().expect("something arrived");
        let found = self.verifiers.verify(self.dns.address(), &Arrival::of(&arrived));
        (arrived, found)
    }
}

fn message(from: &str) -> Vec<u8> {
    format!("From: {from}\r\nSubject: pay this\r\nMessage-ID: <1@evil.test>\r\n\r\nnow\r\n").into()
}

/// Envelopes and From fields of a forger; all of them once left with a DMARC pass for `example.org`.
const FORGED: [(&str, &str); 8] = [
    ("x@evil.test", "CEO <ceo@example.org>"),
    ("x@evil.test", "CEO <ceo@EXAMPLE.org>"),
    ("x@evil.test", "ceo@staff.example.org"),
    ("ceo@example.org", "CEO <ceo@example.org>"),
    ("x@evil.test", "x@evil.test, ceo@example.org"),
    ("x@evil.test", "ceo@example.org, x@evil.test"),
    ("", "CEO <ceo@example.org>"),
    ("", "ceo@mx.example.org"),
];

#[test]
fn a_forged_own_from_is_refused_with_the_mend() {
    let Some(own) = Own::start(|builder| builder) else { return };
    for (mail_from, from) in FORGED {
        let reply = own.forge(mail_from, from, "hello@example.org").expect("550 5.7.1");
        let text = reply.text();
        assert!(text.contains("example.org does not vouch for this message"), "{from}: {text}");
        assert!(text.contains("DKIM") && text.contains("SPF"), "{text}");
    }
    let records = own.onward.wait_for_trace(&[], FORGED.len());
    assert!(records.iter().all(|record| record["reply"].as_str().unwrap().contains("vouch")));
    let explained = own.onward.cli(&[
        "explain",
        "hello@example.org",
        "--from",
        "ceo@example.org",
        "--ip",
        "127.0.0.2",
    ]);
    assert!(explained.stdout.contains("example.org does not vouch"), "{}", explained.stdout);
    assert_eq!(own.receiver.count(), 0);
}

#[test]
fn checks_that_are_off_lend_nothing_either() {
    let off = |builder: Builder| {
        ["spf", "dkim", "dmarc"]
            .iter()
            .fold(builder, |builder, check| builder.config(&format!("auth.{check} = \"off\"")))
    };
    let Some(own) = Own::start(off) else { return };
    for (mail_from, from) in FORGED {
        own.forge(mail_from, from, "hello@example.org").expect("550 5.7.1");
    }
    own.send(HOME, "ceo@example.org", "hello@example.org", &message("ceo@example.org"))
        .expect("250 2.0.0");
    let (arrived, found) = own.arrived();
    assert_eq!((arrived.from.as_str(), found.dmarc.result.as_str()), ("ceo@example.org", "pass"));
    own.dns.fault("_dmarc.example.org", Fault::ServFail);
    own.forge("x@evil.test", "ceo@example.org", "hello@example.org").expect("451 4.4.3");
}

#[test]
fn honest_mail_of_ones_own_passes_through() {
    let Some(own) = Own::start(|builder| builder) else { return };
    let plain = message("CEO <ceo@example.org>");
    let signed = own.verifiers.sign(&plain, &Signing::rsa("example.org"));
    for (client, mail_from, bytes, leaves_as) in [
        (HOME, "ceo@example.org", &plain, "ceo@example.org"),
        (STRANGER, "ceo@example.org", &signed, "SRS0="),
        (STRANGER, "x@evil.test", &signed, "SRS0="),
        (HOME, "x@elsewhere.test", &signed, "SRS0="),
    ] {
        own.send(client, mail_from, "hello@example.org", bytes).expect("250 2.0.0");
        let (arrived, found) = own.arrived();
        assert!(arrived.from.starts_with(leaves_as), "{mail_from}: {}", arrived.from);
        assert!(arrived.data.ends_with(bytes), "{mail_from}: it is not munged");
        assert_eq!(found.dmarc.result, "pass", "{mail_from}");
    }
    // An owner without a DMARC record is not locked out, and a stranger not let in.
    own.dns.clear("_dmarc.example.org");
    own.send(HOME, "ceo@example.org", "hello@example.org", &plain).expect("250 2.0.0");
    own.send(STRANGER, "x@evil.test", "hello@example.org", &signed).expect("250 2.0.0");
    own.forge("x@evil.test", "ceo@example.org", "hello@example.org").expect("550 5.7.1");
}

#[test]
fn each_domain_that_carries_a_reverse_path_is_ones_own() {
    let Some(own) = Own::start(|builder| builder.config("srs.per_domain = true")) else { return };
    own.forge("x@evil.test", "ceo@two.test", "hi@two.test").expect("550 5.7.1");
    own.forge("ceo@two.test", "ceo@two.test", "hi@two.test").expect("550 5.7.1");
    // Through the other one it leaves with nothing that is aligned.
    own.forge("x@evil.test", "ceo@two.test", "hello@example.org").expect("250 2.0.0");
    assert_ne!(own.arrived().1.dmarc.result, "pass");
    own.send(HOME, "ceo@two.test", "hi@two.test", &message("ceo@two.test")).expect("250 2.0.0");
    assert_eq!(own.arrived().1.dmarc.result, "pass");
}

#[test]
fn whoever_wants_such_mail_gets_it_as_not_verified_and_unsigned() {
    let munge = |builder: Builder| builder.config("auth.own_from = \"munge\"");
    let open = |builder: Builder| {
        builder.config("auth.accept_unauthenticated_for = [\"hello@example.org\"]")
    };
    for configured in [&munge as &dyn Fn(Builder) -> Builder, &open] {
        let Some(own) = Own::start(configured) else { return };
        own.forge("x@evil.test", "The CEO <ceo@example.org>", "hello@example.org")
            .expect("250 2.0.0");
        let (arrived, found) = own.arrived();
        let name = "ceo at example.org, not verified, via hello";
        let from = arrived.header("From").unwrap();
        assert_eq!(from, format!("\"{name}\" <hello@example.org>"));
        assert!(found.dkim.is_empty(), "{:?}", found.dkim);
        let record = own.onward.wait_for_trace(&[], 1).remove(0);
        assert!(record["note"].as_str().unwrap().contains("example.org does not vouch"));
    }
    let mark = |builder: Builder| builder.config("auth.own_from = \"mark\"");
    let Some(own) = Own::start(mark) else { return };
    own.forge("x@evil.test", "The CEO <ceo@example.org>", "hello@example.org").expect("250 2.0.0");
    let record = own.onward.wait_for_trace(&[], 1).remove(0);
    assert!(record["note"].as_str().unwrap().contains("example.org does not vouch"));
}

/// A bounce on its way back leaves with our HELO name and nothing else of ours.
#[test]
fn what_returns_is_never_signed_and_borrows_no_name() {
    for own_from in ["refuse", "munge"] {
        let configured = |builder: Builder| {
            builder.config(&format!("auth.own_from = \"{own_from}\"")).config("auth.sign = \"all\"")
        };
        let Some(own) = Own::start(configured) else { return };
        let address = own.onward.srs_forward("victim@sink.test");
        own.forge("", "MAILER-DAEMON@mx.example.org", &address).expect("550 5.7.1");
        own.forge("", "postmaster@example.org", &address).expect("550 5.7.1");
        own.forge("", "postmaster@corp.test", &address).expect("250 2.0.0");
        let (arrived, found) = own.arrived();
        assert_eq!(arrived.to, ["victim@sink.test"]);
        assert!(found.dkim.is_empty() && arrived.header("ARC-Seal").is_none());
    }
}

/// Customers of one provider are strangers to each other, unless the provider publishes a policy and does not say
/// that it is none of them (RFC 9989).
#[test]
fn a_policy_above_two_domains_makes_them_one_owners() {
    let configured = |builder: Builder| builder.config("srs.domain = \"mine.github.io\"");
    let Some(own) = Own::start(configured) else { return };
    own.dns.txt("mine.github.io", "v=spf1 ip4:127.0.0.1 -all");
    for (record, reply) in [
        ("v=DMARC1; p=none; psd=y", "250 2.0.0"),
        ("v=DMARC1; p=none", "550 5.7.1"),
        ("something else", "250 2.0.0"),
    ] {
        own.dns.clear("_dmarc.github.io").txt("_dmarc.github.io", record);
        own.forge("x@evil.test", "ceo@yours.github.io", "hello@example.org").expect(reply);
    }
}
