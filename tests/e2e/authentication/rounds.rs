//! What is asked about a sender is asked side by side: a sender that nobody knows costs one round trip to DNS.

use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;

/// Who sends by a service of its own domain, and signs: all names that the checks ask for.
const NAMES: [&str; 6] = [
    "bounce.author.test",
    "s._domainkey.author.test",
    "_dmarc.news.author.test",
    "_dmarc.author.test",
    "_dmarc.test",
    // The reverse-path may be aligned.
    "_dmarc.bounce.author.test",
];

/// The signature is of that body; it does not verify, which its key is needed for.
const MESSAGE: &[u8] = b"DKIM-Signature: v=1; a=rsa-sha256; d=author.test; s=s; h=From; \
    bh=s14J+iztnrytnRYzb7lhFG/jS/vrxWJnnahfijFMnco=; b=AAAA\r\n\
    From: <ann@news.author.test>\r\nMessage-ID: <1@author.test>\r\n\r\nx\r\n";

#[test]
fn all_that_is_asked_about_a_new_sender_is_asked_before_any_answer() {
    let (dns, sink) = (Dns::start(), Receiver::smtp().start());
    dns.txt("bounce.author.test", "v=spf1 ip4:127.0.0.1 -all");
    dns.txt("_dmarc.author.test", "v=DMARC1; p=reject");
    for name in NAMES {
        dns.fault(name, Fault::Held);
    }
    let onward = Onward::forwarding_to(&sink.address().to_string()).dns(&dns).start();
    let mut client = onward.session();
    client.mail("ann@bounce.author.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.command("DATA").expect_code(354);
    client.send(&[MESSAGE, b".\r\n"].concat());
    for name in NAMES {
        dns.wait_for_question(name);
    }
    for name in NAMES {
        dns.release(name);
    }
    client.reply().expect_code(250);
}
