//! What the owner of an alias wants done with spam, and whose mail is let past the filter.

use super::{CLIENT, client, dns, last_record, message, onward, send_to, with_aliases};
use crate::support::{
    dns::Fault,
    fake_filter::{FakeFilter, Say},
    receiver::Receiver,
    rspamd::Rspamd,
};
use mail_auth::{common::headers::HeaderWriter as _, dkim::DkimSigner};
use onward::{
    address::Domain,
    auth::dkim::{KeyKind, Selector, SigningKey, new_key},
};

const ALIASES: [&str; 4] = [
    r#"{"address":"hello@example.org","destinations":["bob@sink.test"]}"#,
    r#"{"address":"marks@example.org","destinations":["bob@sink.test"],"spam":"mark"}"#,
    r#"{"address":"refuses@example.org","destinations":["bob@sink.test"],"spam":"refuse"}"#,
    r#"{"address":"friend@example.org","destinations":["bob@sink.test"],"allow":["@sender.test"]}"#,
];

#[test]
fn an_alias_says_what_becomes_of_its_spam_and_never_of_what_is_rejected() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    for (key, hello) in [("refuse", "550 5.7.1"), ("mark", "250 2.0.0")] {
        let builder =
            onward(&sink, &dns, &rspamd.tcp()).config(&format!("filter.spam = \"{key}\""));
        let onward = with_aliases(builder, &ALIASES).start();
        let spam = "X-Test-Score: 7\r\n";
        send_to(&onward, "hello@example.org", spam).expect(hello);
        send_to(&onward, "refuses@example.org", spam).expect("550 5.7.1");
        let before = sink.count();
        send_to(&onward, "marks@example.org", spam).expect("250 2.0.0");
        let marked = sink.wait_for_messages(before + 1).pop().unwrap();
        assert_eq!(marked.header("X-Spam").as_deref(), Some("Yes"), "{key}");
        send_to(&onward, "marks@example.org", "X-Test-Score: 20\r\n").expect("550 5.7.1");
        // Who complains shows the spam that the complaint is about.
        send_to(&onward, "abuse@example.org", "X-Test-Score: 20\r\n").expect("250 2.0.0");
        let marked = sink.wait_for_messages(before + 2).pop().unwrap();
        assert_eq!(marked.header("X-Spam").as_deref(), Some("Yes"), "{key}");
    }
}

#[test]
fn recipients_who_want_different_things_come_one_after_the_other() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::action("add header", 7.0, ""));
    let onward = with_aliases(onward(&sink, &dns, &filter.place()), &ALIASES).start();
    let mut client = client(&onward, CLIENT);
    client.mail("a@sender.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    // Said or not, it is the same.
    client.rcpt("refuses@example.org").expect_code(250);
    for other in ["marks@example.org", "friend@example.org", "abuse@example.org"] {
        client.rcpt(other).expect("452 4.5.3");
    }
    client.data(&message("")).expect("550 5.7.1");
    let to: Vec<String> =
        filter.asked()[0].head.iter().filter(|line| line.starts_with("rcpt: ")).cloned().collect();
    assert_eq!(to, ["rcpt: <hello@example.org>", "rcpt: <refuses@example.org>"]);
    client.transaction("a@sender.test", &["marks@example.org"], &message("")).expect_code(250);
}

#[test]
fn an_allowed_sender_is_let_past_if_he_is_who_he_says() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    dns.txt("else.test", "v=spf1 ip4:192.0.2.9 -all");
    let filter = FakeFilter::start(Say::action("reject", 20.0, ""));
    let onward = with_aliases(onward(&sink, &dns, &filter.place()), &ALIASES).start();
    let friend = ["friend@example.org"];
    // SPF proves the reverse-path, which is allowed.
    client(&onward, CLIENT).transaction("a@sender.test", &friend, &message("")).expect_code(250);
    let record = last_record(&onward, 1);
    assert!(record["filter"].is_null(), "{record}");
    let note = record["note"].as_str().unwrap();
    assert!(
        note.contains("not shown to the spam filter: the alias allows a@sender.test"),
        "{note}"
    );
    assert!(filter.asked().is_empty());
    // Nobody gets past by writing the name down: neither in the envelope nor in From.
    client(&onward, "192.0.2.9")
        .transaction("a@sender.test", &friend, &message(""))
        .expect("550 5.7.1");
    client(&onward, "192.0.2.9")
        .transaction("x@else.test", &friend, &message(""))
        .expect("550 5.7.1");
    assert_eq!(filter.asked().len(), 2);
    // The author counts where SPF of the reverse-path is aligned with From.
    dns.txt("bounces.sender.test", "v=spf1 ip4:192.0.2.9 -all");
    client(&onward, "192.0.2.9")
        .transaction("x@bounces.sender.test", &friend, &message(""))
        .expect_code(250);
    assert_eq!(filter.asked().len(), 2);
    // Others of the alias are asked about.
    client(&onward, CLIENT)
        .transaction("a@sender.test", &["hello@example.org"], &message(""))
        .expect("550 5.7.1");
    assert_eq!(sink.count(), 2);
}

#[test]
fn a_name_whose_spf_passes_everybody_or_whose_signature_leaves_the_body_open_is_no_proof() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::action("reject", 20.0, ""));
    let onward = with_aliases(onward(&sink, &dns, &filter.place()), &ALIASES).start();
    let friend = ["friend@example.org"];
    let reply = |from: &str, message: &[u8]| {
        client(&onward, "192.0.2.9").transaction(from, &friend, message)
    };
    dns.txt("open.sender.test", "v=spf1 +all");
    reply("x@open.sender.test", &message("")).expect("550 5.7.1");
    let pem = new_key(KeyKind::Ed25519).unwrap();
    let domain = Domain::parse("sender.test").unwrap();
    let key = SigningKey::parse(domain, Selector::parse("s").unwrap(), pem.as_bytes()).unwrap();
    dns.txt(&key.dns_name(), &key.dns_text());
    for (is_open, policy) in [(true, ""), (true, "v=DMARC1; p=reject"), (false, "")] {
        if !policy.is_empty() {
            dns.txt("_dmarc.sender.test", policy);
        }
        let signer = DkimSigner::from_key(key.clone())
            .domain("sender.test")
            .selector("s")
            .headers(["From"])
            .body_length(is_open);
        let mut signed = Vec::new();
        signer.sign(&message("")).unwrap().write_header(&mut signed);
        signed.extend(message(""));
        if is_open {
            signed.extend(b"buy this\r\n");
        }
        let reply = reply("x@else.test", &signed);
        reply.expect(if is_open { "550 5.7.1" } else { "250 2.0.0" });
    }
    assert_eq!(sink.count(), 1);
}

#[test]
fn an_allowed_sender_about_whom_dns_does_not_answer_comes_again() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::action("reject", 20.0, ""));
    let onward = with_aliases(onward(&sink, &dns, &filter.place()), &ALIASES).start();
    let friend = ["friend@example.org"];
    let reply = |from: &str| client(&onward, CLIENT).transaction(from, &friend, &message(""));
    dns.fault("sender.test", Fault::ServFail);
    reply("a@sender.test").expect("451 4.4.3");
    // By From alone.
    dns.fault("bounces.sender.test", Fault::ServFail);
    reply("x@bounces.sender.test").expect("451 4.4.3");
    // Whose proof would be another's is judged.
    reply("x@else.test").expect("550 5.7.1");
    // What the filter has nothing against goes on.
    filter.say(Say::action("no action", 0.0, ""));
    reply("a@sender.test").expect_code(250);
}
