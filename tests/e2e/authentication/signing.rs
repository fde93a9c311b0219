//! What our keys sign, what their signatures cover, and what they carry.

use super::publish_own_keys;
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use crate::support::verifiers::{Arrival, Verifiers, strict};

const MESSAGE: &[u8] = b"From: Alice <alice@sender.test>\r\nTo: hello@example.org\r\n\
      Subject: a test\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";

#[test]
fn only_what_is_authenticated_is_signed() {
    for (sign, signed, unsigned) in
        [("authenticated", true, false), ("all", true, true), ("none", false, false)]
    {
        let (dns, sink) = (Dns::start(), Receiver::smtp().start());
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").txt("other.test", "v=spf1 -all");
        for check in ["mark", "off"] {
            let onward = Onward::forwarding_to(sink.name())
                .dns(&dns)
                .config(&format!("auth.sign = \"{sign}\""))
                .config(&format!("auth.spf = \"{check}\""))
                .config(&format!("auth.dkim = \"{check}\""))
                .config(&format!("auth.dmarc = \"{check}\""))
                .run_first(&["dkim", "key", "add", "example.org", "--kind", "ed25519"])
                .start();
            for (from, is_signed) in [("a@spf.test", signed), ("a@other.test", unsigned)] {
                let message = b"From: a@nobody.test\r\nMessage-ID: <1@nobody.test>\r\n\r\nx\r\n";
                onward.session().transaction(from, &["hello@example.org"], message).expect("250");
                let arrived = sink.messages().pop().unwrap();
                let field = arrived.header("DKIM-Signature");
                assert_eq!(field.is_some(), is_signed, "{sign}, {check}, {from}: {field:?}");
            }
        }
    }
}

#[test]
fn a_field_that_is_added_or_doubled_breaks_our_signature() {
    let Some(verifiers) = Verifiers::start() else { return };
    let (dns, sink) = (Dns::start(), Receiver::smtp().start());
    dns.txt("sender.test", "v=spf1 ip4:127.0.0.1 -all");
    let onward = Onward::forwarding_to(sink.name())
        .dns(&dns)
        .run_first(&["dkim", "key", "add", "example.org"])
        .start();
    publish_own_keys(&onward, &dns);
    onward
        .session()
        .transaction("alice@sender.test", &["hello@example.org"], MESSAGE)
        .expect("250 2.0.0");
    let arrived = sink.wait_for_message();
    let verify = |before: &str| {
        let message = [before.as_bytes(), &arrived.data].concat();
        let arrival = Arrival::from_onward(&arrived.from, &message);
        verifiers.verify(dns.address(), &arrival).dkim.remove(0).result
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

/// Hosted beside the SRS domain, whose signature and reverse-path say nothing for it.
#[test]
fn munged_mail_of_a_second_domain_passes_dmarc_too() {
    let Some(verifiers) = Verifiers::start() else { return };
    let second_key = |builder: Builder| builder.run_first(&["dkim", "key", "add", "two.test"]);
    let own_key = |builder: Builder| builder.run_first(&["dkim", "key", "add", "example.org"]);
    let no_key = |builder: Builder| builder;
    for (configured, is_own) in
        [(&second_key as &dyn Fn(Builder) -> Builder, true), (&own_key, false), (&no_key, false)]
    {
        let dns = Dns::start();
        for domain in ["sender.test", "example.org", "two.test"] {
            dns.txt(domain, "v=spf1 ip4:127.0.0.1 -all");
            dns.txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject");
        }
        let receiver = strict(&verifiers, &dns).start();
        let builder = Onward::forwarding_to(receiver.name())
            .domain("two.test")
            .alias("hi@two.test", &["bob@sink.test"])
            .dns(&dns);
        let onward = configured(builder).start();
        publish_own_keys(&onward, &dns);
        onward
            .session()
            .transaction("alice@sender.test", &["hi@two.test"], MESSAGE)
            .expect("250 2.0.0");
        let arrived = receiver.wait_for_message();
        let address = if is_own { "hi@two.test" } else { &arrived.from };
        let from = arrived.header("From").unwrap();
        assert_eq!(from, format!("\"Alice via hi@two.test\" <{address}>"));
        assert_eq!(arrived.header("Reply-To").unwrap(), "Alice <alice@sender.test>");
        let found = verifiers.verify(dns.address(), &Arrival::of(&arrived));
        assert_eq!(found.dmarc.result, "pass", "{from}");
    }
}
