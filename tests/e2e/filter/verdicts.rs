//! What Debian's rspamd says is done: over TCP, a unix socket, and with a password.

use super::{CLIENT, client, dns, last_record, message, onward, send};
use crate::support::{
    receiver::Receiver,
    rspamd::{GTUBE, PASSWORD, Rspamd},
};
use std::fs;

/// The text before the body, as the mailbox has it.
fn head(data: &[u8]) -> String {
    String::from_utf8_lossy(data).split("\r\n\r\n").next().unwrap().to_owned()
}

#[test]
fn each_action_of_rspamd_is_done() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    let onward = onward(&sink, &dns, &rspamd.tcp()).start();

    // Ham goes on without a word, whatever rspamd would add, and what a stranger says of spam stays.
    send(&onward, "X-Test-Score: 2.5\r\nX-Spam: perhaps\r\n").expect_code(250);
    let ham = sink.wait_for_message();
    assert!(!head(&ham.data).contains("X-Spamd-Bar"), "{}", head(&ham.data));
    assert_eq!(head(&ham.data).matches("X-Spam").count(), 1, "{}", head(&ham.data));
    let record = last_record(&onward, 1);
    assert_eq!(record["filter"]["action"], "no action", "{record}");
    assert_eq!(record["filter"]["score"], 2.5);
    assert_eq!(record["filter"]["required"], 15.0);
    assert_eq!(record["filter"]["symbols"][0]["name"], "TEST_SCORE");
    assert_eq!(record["filter"]["symbols"][0]["score"], 2.5);
    let text = onward.run(&["trace"]);
    assert!(text.contains("  filter  no action, 2.50 of 15.00: TEST_SCORE 2.50"), "{text}");

    // What rspamd knew beside the message: it names the client, and SPF and RBL are right.
    let id = record["id"].as_str().unwrap();
    let seen = rspamd.wait_for_seen(id);
    for part in [
        "ip=192.0.2.1",
        "helo=mail.sender.test",
        "hostname=mail.sender.test",
        "from=a@sender.test",
        "rcpt=hello@example.org",
        "MTA-Name=mx.example.org",
        "user=nil",
    ] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(!seen.contains("bob@sink.test"), "{seen}");

    let mut other = client(&onward, "192.0.2.7");
    other.mail("").expect_code(250);
    other.rcpt("hello@example.org").expect_code(250);
    other.data(&message("X-Test-Score: 1\r\n")).expect_code(250);
    let record = last_record(&onward, 2);
    let seen = rspamd.wait_for_seen(record["id"].as_str().unwrap());
    // The name of this address does not lead back to it.
    assert!(seen.contains("ip=192.0.2.7") && seen.contains("hostname=unknown"), "{seen}");

    // GTUBE is refused in DATA, and its reply says why.
    let mut spammer = client(&onward, CLIENT);
    let gtube = [message(""), format!("{GTUBE}\r\n").into_bytes()].concat();
    let refused = spammer.transaction("a@sender.test", &["hello@example.org"], &gtube);
    assert!(refused.to_string().contains("Gtube pattern"), "{refused}");
    refused.expect("550 5.7.1");
    let record = last_record(&onward, 3);
    assert_eq!(record["filter"]["action"], "reject", "{record}");
    assert_eq!(record["outcome"], "refused");

    send(&onward, "X-Test-Score: 20\r\n").expect("550 5.7.1");
    send(&onward, "X-Test-Score: 7\r\n").expect("550 5.7.1");
    assert_eq!(last_record(&onward, 5)["filter"]["action"], "add header");
    let later = send(&onward, "X-Test-Action: soft reject\r\n").expect("451 4.7.1");
    assert!(later.to_string().contains("Asked for by the message"), "{later}");
    send(&onward, "X-Test-Action: greylist\r\n").expect("451 4.7.1");
    send(&onward, "X-Test-Action: rewrite subject\r\n").expect("550 5.7.1");
    assert_eq!(sink.count(), 2);
}

#[test]
fn spam_is_forwarded_with_its_marks_over_a_unix_socket() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    let onward = onward(&sink, &dns, &rspamd.unix()).config("filter.spam = \"mark\"").start();
    let theirs = "X-Spam: No\r\nX-Spam-Status: No, score=-10.0\r\n";
    let sent = message(&format!("{theirs}X-Test-Score: 7\r\n"));
    client(&onward, CLIENT)
        .transaction("a@sender.test", &["hello@example.org"], &sent)
        .expect_code(250);
    let spam = sink.wait_for_message();
    let head = head(&spam.data);
    let marks = "X-Spam: Yes\r\nX-Spam-Flag: YES\r\nX-Spam-Score: 7.00\r\n\
                 X-Spam-Status: Yes, score=7.00 required=15.00 tests=TEST_SCORE\r\nX-Spamd-Bar: +++++++\r\n";
    let ours = head.find(marks).unwrap_or_else(|| panic!("no marks: {head}"));
    let came = head.find(theirs).unwrap_or_else(|| panic!("{head}"));
    assert!(ours < came, "ours stand above what came: {head}");
    assert!(head.starts_with("Received: "), "{head}");
    assert!(spam.data.ends_with(&sent), "the message is as it came: {head}");
    assert_eq!(head.matches("Subject:").count(), 1, "{head}");

    send(&onward, "X-Test-Action: rewrite subject\r\n").expect_code(250);
    let message = sink.wait_for_messages(2).pop().unwrap();
    assert_eq!(message.header("Subject").as_deref(), Some("x"), "it stays the author's");
    send(&onward, "X-Test-Score: 20\r\n").expect("550 5.7.1");
    send(&onward, "X-Test-Action: greylist\r\n").expect("451 4.7.1");
    assert_eq!(sink.count(), 2);
}

#[test]
fn the_password_is_sent_and_followed_and_shown_nowhere() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    let builder = onward(&sink, &dns, &rspamd.controller()).config("filter.fail = \"defer\"");
    let file = builder.directory().join("rspamd.password");
    fs::write(&file, "battery-staple\n").unwrap();
    let password_file = format!("filter.password_file = \"{}\"", file.display());
    let (builder, http) = builder.config(&password_file).listen("http", &[]);
    let onward = builder.start();
    send(&onward, "").expect("451 4.3.0");
    let record = last_record(&onward, 1);
    assert!(record["note"].as_str().unwrap().contains("it refuses the password"), "{record}");
    onward.wait_for_log("the spam filter does not answer: mail is put off");
    let doctor = onward.cli(&["doctor"]).stdout;
    assert!(
        doctor.contains("ERROR filter: ") && doctor.contains("refuses the password"),
        "{doctor}"
    );

    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    onward.wait_for_log("filter password read again");
    send(&onward, "X-Test-Score: 1\r\n").expect_code(250);
    send(&onward, "X-Test-Score: 7\r\n").expect("550 5.7.1");
    let doctor = onward.cli(&["doctor"]).stdout;
    assert!(!doctor.contains("ERROR filter: "), "{doctor}");

    let told = [
        onward.log().join("\n"),
        onward.run(&["trace", "--json"]),
        onward.run(&["status", "--json"]),
        onward.run(&["check"]),
        doctor,
        crate::metrics::get(http, "GET /metrics"),
    ]
    .concat();
    for secret in [PASSWORD, "battery-staple"] {
        assert!(!told.contains(secret), "{told}");
    }
}
