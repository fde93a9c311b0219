//! `_dmarc` names whose servers answer SERVFAIL for months: whose mail is kept waiting, and whose is not.

use super::Signer;
use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;

#[test]
fn servfail_at_dmarc_keeps_no_mail_with_an_aligned_signature() {
    let dns = Dns::start();
    let author = Signer::new(&dns, "signed.test");
    let other = Signer::new(&dns, "other.test");
    dns.fault("_dmarc.signed.test", Fault::ServFail);
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).start();
    let message = "From: <alice@signed.test>\r\nSubject: x\r\n\r\nhello\r\n";
    let mut client = onward.session();
    let mut send = |message: &[u8]| {
        client.transaction("alice@elsewhere.test", &["hello@example.org"], message)
    };
    send(message.as_bytes()).expect("451 4.4.3");
    send(&other.sign(&["From"], message)).expect("451 4.4.3");
    let signed = author.sign(&["From", "Subject"], message);
    send(&signed).expect("250 2.0.0");
    let arrived = sink.wait_for_message();
    assert!(arrived.data.ends_with(&signed));
    let results = arrived.header("Authentication-Results").unwrap();
    assert!(results.contains("dmarc=temperror"), "{results}");
    let records = onward.wait_for_trace(&[], 3);
    let record = records.iter().find(|record| record["outcome"] == "forwarded").unwrap();
    let checks = record["auth"].as_str().unwrap();
    assert!(checks.contains("dmarc=temperror (signed.test p=unknown)"), "{checks}");
    assert_eq!(sink.count(), 1);
}

/// What is ours is lent to a From of ours by the same proof.
#[test]
fn servfail_at_our_own_dmarc_keeps_no_mail_that_is_proven() {
    let dns = Dns::start();
    let ours = Signer::new(&dns, "example.org");
    dns.fault("_dmarc.example.org", Fault::ServFail);
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).start();
    let message = "From: <ceo@example.org>\r\nSubject: x\r\n\r\nhello\r\n";
    let mut client = onward.session();
    for (message, reply) in [
        (message.as_bytes().to_vec(), "451 4.4.3"),
        (ours.sign(&["From", "Subject"], message), "250 2.0.0"),
    ] {
        client.transaction("news@service.test", &["hello@example.org"], &message).expect(reply);
    }
    assert_eq!(sink.count(), 1);
}

/// A signature is judged on what leaves: without the line of a mailbox file.
#[test]
fn a_mailbox_line_above_a_signed_message_goes_and_the_signature_stays() {
    let dns = Dns::start();
    dns.txt("_dmarc.signed.test", "v=DMARC1; p=reject");
    let author = Signer::new(&dns, "signed.test");
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).start();
    let message = "From: <alice@signed.test>\r\nSubject: x\r\n\r\nhello\r\n";
    let signed = author.sign(&["From", "Subject"], message);
    let came = [b"From alice@signed.test Mon Nov 23 08:00:00 2026\r\n", &signed[..]].concat();
    let mut client = onward.session();
    client.transaction("alice@elsewhere.test", &["hello@example.org"], &came).expect("250 2.0.0");
    let arrived = sink.wait_for_message();
    assert!(arrived.data.ends_with(&[b"\r\n", &signed[..]].concat()));
    let results = arrived.header("Authentication-Results").unwrap();
    assert!(results.contains("dkim=pass header.d=signed.test"), "{results}");
    let record = &onward.wait_for_trace(&[], 1)[0];
    let note = record["note"].as_str().unwrap();
    assert!(note.contains("a mailbox file's line before the header taken out"), "{note}");
}
