//! Forwarding breaks no signature and mends none.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::corpus::{AUTHOR, SERVICE, messages, signings};
use crate::support::client::Client;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Message, Receiver};
use crate::support::verifiers::{Arrival, Findings, Signing, Verifiers, spfquery};

/// Everything a message passes through, and those who look at it before and after.
struct Hop {
    verifiers: Arc<Verifiers>,
    dns: Dns,
    receiver: Receiver,
    client: Client,
    _onward: Onward,
}

impl Hop {
    /// `None`: skip.
    fn new() -> Option<Self> {
        let verifiers = Verifiers::start()?;
        let dns = Dns::start();
        // By SPF alone the author's mail would fail: DMARC depends on the signatures.
        dns.txt(AUTHOR, "v=spf1 -all").txt("_dmarc.sender.test", "v=DMARC1; p=reject");
        dns.txt("example.org", "v=spf1 ip4:127.0.0.1 -all");
        verifiers.publish_keys(&dns, AUTHOR);
        verifiers.publish_keys(&dns, SERVICE);
        let receiver = Receiver::smtp().start();
        // Mail that fails is let through too: what becomes of it behind the hop is the question.
        let onward = Onward::forwarding_to(receiver.name())
            .dns(&dns)
            .config("auth.dmarc = \"mark\"")
            .start();
        let client = onward.session();
        Some(Self { verifiers, dns, receiver, client, _onward: onward })
    }

    fn signed(&self, message: &[u8], signings: &[Signing]) -> Vec<u8> {
        signings.iter().fold(message.to_vec(), |message, how| self.verifiers.sign(&message, how))
    }

    /// What is found in a message by whom the author sends it to.
    fn before(&self, message: &[u8]) -> Findings {
        let (client, helo) = (Ipv4Addr::LOCALHOST.into(), "client.test");
        let arrival = Arrival { client, helo, mail_from: "alice@sender.test", message };
        self.verifiers.verify(self.dns.address(), &arrival)
    }

    /// Forwards it; what arrived, and what is found there.
    fn forward(&mut self, message: &[u8]) -> (Message, Findings) {
        let earlier = self.receiver.count();
        self.client.command("MAIL FROM:<alice@sender.test> BODY=8BITMIME").expect_code(250);
        self.client.rcpt("hello@example.org").expect_code(250);
        self.client.data(message).expect_code(250);
        let arrived = self.receiver.wait_for_messages(earlier + 1).pop().unwrap();
        let found = self.verifiers.verify(self.dns.address(), &Arrival::of(&arrived));
        (arrived, found)
    }

    /// Forwards it and compares.
    #[track_caller]
    fn check(&mut self, name: &str, message: &[u8]) -> (Findings, Message) {
        let before = self.before(message);
        let (arrived, after) = self.forward(message);
        assert!(arrived.data.ends_with(message), "{name}: the bytes arrive as they were");
        // A signature of ours would stand above.
        let ours = after.dkim.len() - before.dkim.len();
        assert_eq!(after.dkim[ours..], before.dkim[..], "{name}");
        assert_eq!(after.dmarc, before.dmarc, "{name}");
        assert_eq!(before.spf.result, "fail", "{name}");
        assert_eq!((after.spf.result.as_str(), after.spf.domain.as_str()), ("pass", "example.org"));
        (before, arrived)
    }
}

#[test]
fn signatures_verify_behind_the_hop_as_before_it() {
    let Some(mut hop) = Hop::new() else { return };
    for (message_name, message) in messages() {
        for (signing_name, signings) in signings() {
            let name = format!("{message_name}, {signing_name}");
            let signed = hop.signed(&message, &signings);
            let (before, _) = hop.check(&name, &signed);
            assert_eq!(before.dkim.len(), signings.len(), "{name}");
            assert!(before.dkim.iter().all(|found| found.result == "pass"), "{name}: {before:#?}");
            assert_eq!(before.dmarc.result, "pass", "{name}");
        }
    }
}

#[test]
fn what_does_not_verify_does_not_verify_behind_the_hop() {
    let Some(mut hop) = Hop::new() else { return };
    let (_, message) = messages().remove(0);
    let signed = |how: Signing| hop.verifiers.sign(&message, &how);
    let (relaxed, simple) =
        (Signing::rsa(AUTHOR), Signing::rsa(AUTHOR).canonical("simple", "simple"));
    let keyless = signed(Signing::rsa("keyless.test"));
    let cases = [
        ("a changed word", replaced(&signed(relaxed.clone()), "how are", "who are"), "fail"),
        ("a changed field", replaced(&signed(relaxed.clone()), ": a test", ": a trap"), "fail"),
        ("blanks, simple", replaced(&signed(simple), ": a test", ":  a test"), "fail"),
        ("blanks, relaxed", replaced(&signed(relaxed.clone()), ": a test", ":  a test"), "pass"),
        ("more text", [signed(relaxed.clone()), b"more\r\n".to_vec()].concat(), "fail"),
        (
            "more text behind l=",
            [signed(relaxed.clone().with_length()), b"more\r\n".to_vec()].concat(),
            "pass",
        ),
        ("another's key", replaced(&signed(relaxed), "s=rsa;", "s=ed;"), "fail"),
        ("no key", keyless, "fail"),
    ];
    for (name, message, result) in cases {
        let (before, _) = hop.check(name, &message);
        assert_eq!(before.dkim.len(), 1, "{name}");
        assert_eq!(before.dkim[0].result, result, "{name}: {:?}", before.dkim);
    }
}

#[test]
fn an_arc_chain_passes_behind_the_hop_and_a_broken_one_does_not() {
    let Some(mut hop) = Hop::new() else { return };
    let (_, message) = messages().remove(0);
    let mut sealed = hop.signed(&message, &[Signing::rsa(AUTHOR)]);
    for (domain, chain) in [(SERVICE, "none"), (AUTHOR, "pass")] {
        let results = format!("Authentication-Results: {domain}; spf=pass; arc={chain}\r\n");
        let with_results = [results.as_bytes(), &sealed].concat();
        sealed = hop.verifiers.seal(&with_results, domain);
    }
    let (before, arrived) = hop.check("a chain of two", &sealed);
    assert_eq!(before.arc.sealers, [SERVICE, AUTHOR]);
    before.expect_arc_of(AUTHOR).expect_dkim_of(AUTHOR);
    // A seal of ours would be the third.
    let after = hop.verifiers.verify(hop.dns.address(), &Arrival::of(&arrived));
    assert_eq!(after.arc.result, "pass", "{:?}", after.arc);
    let (before, arrived) = hop.check("broken", &[&sealed[..], b"more\r\n"].concat());
    let after = hop.verifiers.verify(hop.dns.address(), &Arrival::of(&arrived));
    assert_eq!([before.arc.result, after.arc.result], ["fail", "fail"]);
}

#[test]
fn spfquery_agrees_that_our_address_may_send_for_the_srs_domain() {
    let Some(mut hop) = Hop::new() else { return };
    let (_, message) = messages().remove(0);
    let (_, arrived) = hop.check("unsigned", &message);
    assert!(arrived.from.starts_with("SRS0=") && arrived.from.ends_with("@example.org"));
    let arrival = Arrival::of(&arrived);
    let Some(result) = spfquery(&hop.dns, &arrival) else { return };
    assert_eq!(result, "pass");
    let elsewhere = Arrival { client: [127, 0, 0, 2].into(), ..arrival };
    assert_eq!(spfquery(&hop.dns, &elsewhere).as_deref(), Some("fail"));
    let unrewritten = Arrival { mail_from: "alice@sender.test", ..arrival };
    assert_eq!(spfquery(&hop.dns, &unrewritten).as_deref(), Some("fail"));
}

#[track_caller]
fn replaced(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = message.windows(from.len()).position(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{from:?} is not there"));
    [&message[..at], to.as_bytes(), &message[at + from.len()..]].concat()
}
