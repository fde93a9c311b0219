//! A DKIM signature of the author's domain makes a message safe to answer for, as SPF does, where the author is
//! the reverse-path.

use super::Signer;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};

const MESSAGE: &str = "From: <alice@signed.test>\r\nSubject: x\r\n\r\nhello\r\n";

/// With checks and without them, where it is found out only because it matters.
#[test]
fn a_signature_of_the_author_is_as_good_as_spf_where_bounces_go_to_the_author() {
    for checks in ["mark", "off"] {
        let dns = Dns::start();
        dns.txt("signed.test", "v=spf1 -all");
        let signer = Signer::new(&dns, "signed.test");
        let (sink, senders) = (Receiver::smtp().start(), Receiver::smtp().start());
        sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
        let onward = Onward::forwarding_to(sink.name())
            .route("signed.test", senders.name())
            .route("bounces.signed.test", senders.name())
            .dns(&dns)
            .config(&format!("auth.spf = \"{checks}\""))
            .config(&format!("auth.dkim = \"{checks}\""))
            .config(&format!("auth.dmarc = \"{checks}\""))
            .config("spool.retry = [\"100ms\"]")
            .start();
        let to = ["hello@example.org"];
        let send = |from: &str, message: &[u8]| onward.session().transaction(from, &to, message);
        let signed = signer.sign(&["From", "Subject"], MESSAGE);
        send("alice@signed.test", &signed).expect("250 2.0.0");
        // Somebody else there, who did not write.
        send("bob@signed.test", &signed).expect("451 4.2.0");
        send("b+x@bounces.signed.test", &signed).expect("451 4.2.0");
        let other = signer.sign(&["From"], "From: Carol <CAROL@Signed.test>\r\n\r\nhello\r\n");
        send("carol@signed.test", &other).expect("250 2.0.0");

        let mut changed = signed.clone();
        changed.extend_from_slice(b"more\r\n");
        send("alice@signed.test", &changed).expect("451 4.2.0");
        send("alice@signed.test", MESSAGE.as_bytes()).expect("451 4.2.0");
        // A signature of somebody, who may be anybody.
        send("alice@unsigned.test", &signed).expect("451 4.2.0");

        // And whoever wrote is told what becomes of it.
        sink.on(Step::Rcpt, Action::reply("550 5.1.1 no such mailbox"));
        senders.wait_for_count(2, crate::support::DEADLINE);
        let mut told: Vec<String> =
            senders.messages().into_iter().flat_map(|notice| notice.to).collect();
        told.sort();
        assert_eq!(told, ["alice@signed.test", "carol@signed.test"]);
    }
}

/// Somebody has a message of alice's and replays it, to an alias that delivers and to one that refuses.
#[test]
fn a_signature_that_is_replayed_causes_one_dsn_to_its_author_and_none_to_others() {
    let dns = Dns::start();
    dns.txt("signed.test", "v=spf1 -all");
    let signer = Signer::new(&dns, "signed.test");
    let (sink, senders) = (Receiver::smtp().start(), Receiver::smtp().start());
    sink.on_recipient("dead@sink.test", Action::reply("550 5.1.1 no such mailbox"));
    let onward = Onward::forwarding_to(sink.name())
        .alias("dead@example.org", &["dead@sink.test"])
        .route("signed.test", senders.name())
        .dns(&dns)
        .start();
    let signed = signer.sign(&["From", "Subject"], MESSAGE);
    let to = ["hello@example.org", "dead@example.org"];
    let send = |from: &str| {
        let mut client = onward.session();
        client.mail(from).expect_code(250);
        client.rcpt(to[0]).expect_code(250);
        let is_both = client.rcpt(to[1]).code == 250;
        (is_both, client.data(&signed).code)
    };
    assert_eq!(send("bob@signed.test"), (true, 451));
    assert_eq!(send("alice@signed.test"), (true, 250));
    for replay in 0..50 {
        let from = if replay % 2 == 0 { "alice@signed.test" } else { "bob@signed.test" };
        match send(from) {
            (true, code) => assert_eq!(code, 451, "{from}"),
            // What was put off is refused by itself.
            (false, code) => assert_eq!(code, 250, "{from}"),
        }
    }
    let queue = || onward.run(&["queue", "list", "--json"]);
    crate::support::wait_until("an empty spool", || queue().is_empty().then_some(()));
    let told: Vec<_> = senders.messages().into_iter().flat_map(|notice| notice.to).collect();
    assert_eq!(told, ["alice@signed.test"]);
}

/// A notice of ours is signed by the SRS domain, when that has a key.
#[test]
fn a_notice_is_signed() {
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let (sink, senders) = (Receiver::smtp().start(), Receiver::smtp().start());
    sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    let onward = Onward::forwarding_to(sink.name())
        .route("spf.test", senders.name())
        .dns(&dns)
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
        .config("spool.retry = [\"100ms\"]")
        .start();
    let message = b"From: <alice@spf.test>\r\n\r\nhello\r\n";
    onward
        .session()
        .transaction("alice@spf.test", &["hello@example.org"], message)
        .expect("250 2.0.0");
    sink.on(Step::Rcpt, Action::reply("550 5.1.1 no such mailbox"));
    let notice = senders.wait_for_message();
    assert_eq!(notice.from, "");
    let signature = notice.header("DKIM-Signature").unwrap();
    assert!(signature.contains("s=s1; d=example.org;"), "{signature}");
}
