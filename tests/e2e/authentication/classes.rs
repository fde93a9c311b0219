//! What Onward concludes of a message holds at a receiver that enforces DMARC: what is forwarded is
//! taken there, and what would not be is refused beforehand.

use std::sync::Arc;

use super::publish_own_keys;
use crate::support::client::Reply;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Message, Receiver};
use crate::support::verifiers::{Arrival, Findings, Signing, Verifiers, facts, published};
use onward::provider::published::RuleBook;

const MESSAGE: &[u8] = b"From: \"Alice, A.\" <alice@sender.test>\r\nTo: hello@example.org\r\n\
      Subject: a test\r\nMessage-ID: <1@sender.test>\r\n\r\nhello  \r\n \r\n\t\r\n\r\n";

/// Onward with keys of both kinds in DNS, which seals all it sends, before a receiver that takes what keeps Gmail's
/// published rules.
struct Forwarder {
    verifiers: Arc<Verifiers>,
    receiver: Receiver,
    onward: Onward,
    dns: Dns,
}

impl Forwarder {
    /// `None`: skip.
    fn start() -> Option<Self> {
        let verifiers = Verifiers::start()?;
        let dns = Dns::start();
        dns.txt("example.org", "v=spf1 ip4:127.0.0.1 -all");
        dns.txt("elsewhere.test", "v=spf1 -all");
        for signer in ["sender.test", "service.test"] {
            verifiers.publish_keys(&dns, signer);
        }
        let receiver = published(RuleBook::Gmail, &verifiers, &dns).start();
        let add = ["dkim", "key", "add", "example.org", "--selector"];
        let onward = Onward::forwarding_to(receiver.name())
            .dns(&dns)
            .config("auth.arc = \"on\"")
            .run_first(&[&add[..], &["r1"]].concat())
            .run_first(&[&add[..], &["e1", "--kind", "ed25519"]].concat())
            .start();
        publish_own_keys(&onward, &dns);
        Some(Self { verifiers, receiver, onward, dns })
    }

    /// The author's domain as it is for the next message.
    fn author(&self, spf: &str, dmarc: Option<&str>) {
        self.dns.clear("sender.test").txt("sender.test", spf);
        self.dns.clear("_dmarc.sender.test");
        if let Some(policy) = dmarc {
            self.dns.txt("_dmarc.sender.test", policy);
        }
    }

    fn send(&self, from: &str, message: &[u8]) -> Reply {
        self.onward.session().transaction(from, &["hello@example.org"], message)
    }

    /// Sends what has to be taken; what arrived, and what is found there.
    #[track_caller]
    fn forward(&self, from: &str, message: &[u8]) -> (Message, Findings) {
        let earlier = self.receiver.count();
        self.send(from, message).expect("250 2.0.0");
        let arrived = self.receiver.wait_for_messages(earlier + 1).pop().unwrap();
        let found = self.verifiers.verify(self.dns.address(), &Arrival::of(&arrived));
        found.expect_arc_of("example.org");
        let known = facts(&found, &arrived.data, true);
        for book in RuleBook::ALL {
            let mut rules = book.rules_for(&known);
            let broken = rules.find(|rule| rule.is_kept(&known) == Some(false));
            assert!(broken.is_none(), "{book}: {broken:?}\n{found:#?}");
        }
        assert_eq!((found.spf.result.as_str(), found.spf.domain.as_str()), ("pass", "example.org"));
        (arrived, found)
    }

    /// [`Self::forward`] of what is authenticated, and so signed.
    #[track_caller]
    fn forward_signed(&self, from: &str, message: &[u8]) -> (Message, Findings) {
        let (arrived, found) = self.forward(from, message);
        found.expect_dkim_of("example.org");
        let ours = found.dkim.iter().filter(|signature| signature.domain == "example.org");
        let mut kinds: Vec<&str> = ours.map(|signature| signature.algorithm.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["ed25519-sha256", "rsa-sha256"]);
        (arrived, found)
    }
}

#[test]
fn an_aligned_signature_carries_it_untouched() {
    let Some(forwarder) = Forwarder::start() else { return };
    forwarder.author("v=spf1 -all", Some("v=DMARC1; p=reject; adkim=s"));
    for how in [Signing::rsa("sender.test"), Signing::ed25519("sender.test")] {
        let signed = forwarder.verifiers.sign(MESSAGE, &how);
        // As a list or a service sends it: its own reverse-path, a signature of the author.
        let (arrived, found) = forwarder.forward_signed("bounce@elsewhere.test", &signed);
        assert!(arrived.data.ends_with(&signed));
        found.expect_dkim_of("sender.test");
        assert_eq!((found.dmarc.result.as_str(), found.dmarc.policy.as_str()), ("pass", "reject"));
    }
}

#[test]
fn without_an_enforced_policy_srs_suffices() {
    let Some(forwarder) = Forwarder::start() else { return };
    for policy in [None, Some("v=DMARC1; p=none")] {
        forwarder.author("v=spf1 -all", policy);
        let (arrived, found) = forwarder.forward("alice@sender.test", MESSAGE);
        assert!(arrived.data.ends_with(MESSAGE));
        assert!(found.dkim.is_empty(), "nobody is authenticated, and nothing is signed");
        assert_ne!(found.dmarc.result, "pass");
    }
}

#[test]
fn what_passes_by_spf_alone_is_munged_and_passes_by_our_signature() {
    let Some(forwarder) = Forwarder::start() else { return };
    forwarder.dns.txt("_dmarc.example.org", "v=DMARC1; p=reject; adkim=s; aspf=s");
    for policy in ["v=DMARC1; p=quarantine", "v=DMARC1; p=reject"] {
        forwarder.author("v=spf1 ip4:127.0.0.1 -all", Some(policy));
        let (arrived, found) = forwarder.forward_signed("alice@sender.test", MESSAGE);
        assert_eq!(
            arrived.header("From").unwrap(),
            "\"Alice, A. via hello@example.org\" <hello@example.org>"
        );
        assert_eq!(arrived.header("X-Original-From").unwrap(), "\"Alice, A.\" <alice@sender.test>");
        assert_eq!(found.dmarc.domain, "example.org");
        assert_eq!((found.dmarc.result.as_str(), found.dmarc.policy.as_str()), ("pass", "reject"));
    }
}

#[test]
fn what_fails_an_enforced_policy_already_is_refused_here() {
    let Some(forwarder) = Forwarder::start() else { return };
    forwarder.author("v=spf1 -all", Some("v=DMARC1; p=reject"));
    let signed = forwarder.verifiers.sign(MESSAGE, &Signing::rsa("sender.test"));
    let unaligned = forwarder.verifiers.sign(MESSAGE, &Signing::rsa("service.test"));
    let changed = [&signed[..], b"more\r\n"].concat();
    for message in [MESSAGE, &unaligned, &changed] {
        forwarder.send("alice@sender.test", message).expect("550 5.7.1");
    }
    assert_eq!(forwarder.receiver.count(), 0);
}

/// A chain of others stays whole below our set.
#[test]
fn a_chain_is_continued() {
    let Some(forwarder) = Forwarder::start() else { return };
    forwarder.author("v=spf1 -all", Some("v=DMARC1; p=reject"));
    let signed = forwarder.verifiers.sign(MESSAGE, &Signing::rsa("sender.test"));
    let results = b"Authentication-Results: service.test; spf=pass; arc=none\r\n";
    let sealed = forwarder.verifiers.seal(&[&results[..], &signed].concat(), "service.test");
    let (_, found) = forwarder.forward_signed("bounce@elsewhere.test", &sealed);
    assert_eq!(found.arc.sealers, ["service.test", "example.org"]);
}
