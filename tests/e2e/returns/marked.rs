//! A bounce is written by a machine: its form and its author are told, and keep it from nobody.

use super::ALICE;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;

#[test]
fn a_bounce_is_taken_whatever_its_author_and_its_fields() {
    let dns = Dns::start();
    dns.txt("_dmarc.corp.test", "v=DMARC1; p=reject");
    dns.txt("corp.test", "v=spf1 -all");
    let senders = Receiver::smtp().start();
    let onward = Onward::forwarding_to(senders.name())
        .route("sender.test", senders.name())
        .dns(&dns)
        .config("auth.spf = \"enforce\"")
        .config("auth.dkim = \"enforce\"")
        .config("auth.unauthenticated = \"refuse\"")
        .config("auth.missing_message_id = \"refuse\"")
        .start();
    let to = onward.srs_forward(ALICE);
    let id = "Message-ID: <1@corp.test>\r\n";
    let bounces = [
        // Exchange does not sign its bounces.
        format!("From: postmaster@corp.test\r\n{id}"),
        "From: postmaster@corp.test\r\n".to_owned(),
        format!("From: MAILER-DAEMON\r\n{id}"),
        format!("Subject: no From\r\n{id}"),
        format!("From: a@b.test\r\nFrom: c@d.test\r\n{id}"),
        "Subject: neither\r\n".to_owned(),
    ];
    for (count, fields) in bounces.iter().enumerate() {
        let message = format!("{fields}\r\nsorry\r\n");
        let mut client = onward.connect();
        client.reply().expect_code(220);
        client.ehlo("corp.test").expect_code(250);
        client.mail("").expect_code(250);
        client.rcpt(&to).expect_code(250);
        client.data(message.as_bytes()).expect("250 2.0.0");
        let arrived = senders.wait_for_messages(count + 1).remove(count);
        assert!(arrived.data.ends_with(message.as_bytes()), "as it was");
        assert_eq!((arrived.from.as_str(), &*arrived.to[0]), ("", ALICE));
    }
    let records = onward.wait_for_trace(&["--from", "<>"], bounces.len());
    let told = |text: &str| {
        let tells = |record: &&serde_json::Value| record.to_string().contains(text);
        records.iter().filter(tells).count()
    };
    assert!(told("taken as a bounce, else: 550 5.7.") > 0, "{records:#?}");
    assert!(told("taken as a bounce, else: 550 5.6.0") > 0, "{records:#?}");

    // Other mail from nobody is judged as ever.
    let mut client = onward.session();
    let message = "From: postmaster@corp.test\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n";
    client.transaction("", &["hello@example.org"], message.as_bytes()).expect_code(550);
    client
        .transaction("", &["hello@example.org"], b"Subject: no From\r\n\r\nhello\r\n")
        .expect("550 5.6.0");
}

/// What is dangerous on its way stays refused.
#[test]
fn loops_and_broken_lines_stay_refused() {
    let senders = Receiver::smtp().start();
    let onward = Onward::forwarding_to(senders.name())
        .route("sender.test", senders.name())
        .config("limits.received_hops = 3")
        .start();
    let to = onward.srs_forward(ALICE);
    let hops = "Received: from x by y\r\n".repeat(4);
    for (message, reply) in [
        (format!("{hops}\r\nsorry\r\n"), "554 5.4.6"),
        ("From: <a@b.test>\r\n\r\nbare\rCR\r\n".to_owned(), "550 5.6.0"),
        ("From: <a@b.test>\r\n\r\nNUL\0\r\n".to_owned(), "550 5.6.0"),
    ] {
        onward.session().transaction("", &[&to], message.as_bytes()).expect(reply);
    }
    assert_eq!(senders.count(), 0);
}
