//! A signature that covers what every hop adds, as the absence of Received, held mail back for ever. What counts is
//! whether From passes DMARC behind us.

use super::Signer;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::verifiers::{Arrival, Findings, Verifiers};
use std::sync::Arc;

const MESSAGE: &str =
    "From: Alice <alice@sender.test>\r\nSubject: x\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";
/// There is no Received, and must be none.
const ODD: [&str; 3] = ["From", "Subject", "Received"];
const USUAL: [&str; 3] = ["From", "From", "Subject"];

struct Scene {
    verifiers: Arc<Verifiers>,
    dns: Dns,
    sink: Receiver,
    onward: Onward,
    author: Signer,
    provider: Signer,
}

impl Scene {
    /// `None`: skip.
    fn start(spf_only: &str) -> Option<Self> {
        let verifiers = Verifiers::start()?;
        let (dns, sink) = (Dns::start(), Receiver::smtp().start());
        dns.txt("sender.test", "v=spf1 -all").txt("_dmarc.sender.test", "v=DMARC1; p=reject");
        dns.txt("example.org", "v=spf1 ip4:127.0.0.1 -all");
        let [author, provider] =
            ["sender.test", "provider.test"].map(|domain| Signer::new(&dns, domain));
        let onward = Onward::forwarding_to(sink.name())
            .dns(&dns)
            .config(&format!("auth.spf_only = \"{spf_only}\""))
            .start();
        Some(Self { verifiers, dns, sink, onward, author, provider })
    }

    /// Forwards it, or is refused like this.
    fn send(&self, message: &[u8], reply: &str) -> (String, Findings) {
        let mut client = self.onward.session();
        client.transaction("bounce@provider.test", &["hello@example.org"], message).expect(reply);
        let arrived = self.sink.messages().pop().expect("something came");
        let found = self.verifiers.verify(self.dns.address(), &Arrival::of(&arrived));
        (arrived.header("From").unwrap(), found)
    }
}

#[test]
fn beside_a_good_one_it_holds_nothing_back() {
    let Some(scene) = Scene::start("refuse") else { return };
    let good = String::from_utf8(scene.author.sign(&USUAL, MESSAGE)).unwrap();
    let (from, found) = scene.send(&scene.provider.sign(&ODD, &good), "250 2.0.0");
    assert_eq!(from, "Alice <alice@sender.test>");
    let results: Vec<_> = found.dkim.iter().map(|found| found.result.as_str()).collect();
    assert_eq!((&results[..], found.dmarc.result.as_str()), (&["fail", "pass"][..], "pass"));
    let record = scene.onward.wait_for_trace(&[], 1).remove(0);
    let note = "a DKIM signature that verified does not behind our fields: provider.test";
    assert_eq!(record["note"], note);
}

#[test]
fn the_only_one_is_as_good_as_spf_alone() {
    for spf_only in ["munge", "pass", "refuse"] {
        let Some(scene) = Scene::start(spf_only) else { return };
        let (good, odd) = (scene.author.sign(&USUAL, MESSAGE), scene.author.sign(&ODD, MESSAGE));
        scene.send(&good, "250 2.0.0");
        let reply = if spf_only == "refuse" { "550 5.7.26" } else { "250 2.0.0" };
        let (from, found) = scene.send(&odd, reply);
        let (named, result) = match spf_only {
            "munge" => ("\"Alice via hello@example.org\" <hello@example.org>", "none"),
            "pass" => ("Alice <alice@sender.test>", "fail"),
            _ => ("Alice <alice@sender.test>", "pass"),
        };
        assert_eq!((from.as_str(), found.dmarc.result.as_str()), (named, result), "{spf_only}");
        let count = if spf_only == "refuse" { 1 } else { 2 };
        assert_eq!(scene.sink.count(), count);
    }
}

/// Nothing is enforced, so nothing is lost.
#[test]
fn without_a_policy_it_leaves_as_it_came() {
    let Some(scene) = Scene::start("refuse") else { return };
    for policy in [None, Some("v=DMARC1; p=none")] {
        scene.dns.clear("_dmarc.sender.test");
        if let Some(policy) = policy {
            scene.dns.txt("_dmarc.sender.test", policy);
        }
        let (from, _) = scene.send(&scene.author.sign(&ODD, MESSAGE), "250 2.0.0");
        assert_eq!(from, "Alice <alice@sender.test>");
    }
}
