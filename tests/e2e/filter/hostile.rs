//! Servers in the filter's place that answer what they should not.

use super::{dns, last_record, onward, send};
use crate::support::{
    fake_filter::{FakeFilter, Say},
    receiver::Receiver,
};

/// None is believed, none costs memory, and a message is taken all the same, as `filter.fail` says.
#[test]
fn answers_that_make_no_sense() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::Nothing);
    let onward = onward(&sink, &dns, &filter.place()).config("filter.timeout = \"5s\"").start();
    let octets = |text: &str| Say::Octets(text.as_bytes().to_vec());
    let good = Say::action("no action", 1.0, "");
    let mut count = 0;
    for (say, why) in [
        (Say::Body("garbage".to_owned()), "no JSON object"),
        (Say::Body("[".repeat(500_000)), "no JSON object"),
        (Say::Body(r#"{"error":"busy"}"#.to_owned()), "no action"),
        (Say::action("drop it\r\n250 ok", 1.0, "").clone(), "no JSON object"),
        (Say::action("vanish", 1.0, ""), "the action \"vanish\""),
        (octets("220 mx.test ESMTP\r\n"), "no HTTP answer"),
        (octets("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}"), "no HTTP answer"),
        (octets("HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n"), "500 Internal"),
        (octets("HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\n\r\n"), "302 Found"),
        (octets(""), "no HTTP answer"),
        (octets(&format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(100_000))), "no HTTP answer"),
    ] {
        filter.say(say);
        send(&onward, "").expect_code(250);
        count += 1;
        let record = last_record(&onward, count);
        let note = record["note"].as_str().unwrap();
        assert!(
            note.contains("the spam filter said nothing: ") && note.contains(why),
            "{why}: {note}"
        );
        // Whoever sends what brings such an answer keeps no other message from being judged.
        filter.say(good.clone());
        send(&onward, "").expect_code(250);
        count += 1;
        assert_eq!(last_record(&onward, count)["filter"]["score"], 1.0, "behind {why}");
    }
    // Whoever sends a message of many links can bring about such an answer: it is put off whatever `filter.fail` says.
    filter.say(Say::Endless);
    send(&onward, "").expect("451 4.3.0");
    let record = last_record(&onward, count + 1);
    assert!(record["note"].as_str().unwrap().contains("more than 1048576 octets"), "{record}");
    filter.say(good);
    send(&onward, "").expect_code(250);
    let memory = crate::limits::memory_kilobytes(onward.process_id(), "VmHWM");
    assert!(memory < 128 * 1024, "{memory} kB");
}

#[test]
fn header_fields_of_the_filter_cannot_be_more_than_they_are() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let long = "x".repeat(2000);
    let added = format!(
        r#","milter":{{"add_headers":{{
            "X-Fine":{{"value":"ok","order":1}},
            "X-Folded":"a\r\n\tb",
            "X-Inject":"a\r\nBcc: victim@evil.test\r\n\r\nnew body",
            "X-Nul":"a\u0000b",
            "X-Long":"{long}",
            "X-Utf8":"caf\u00e9",
            "X-Name\r\nBcc":"victim@evil.test",
            "From":"ceo@example.org",
            "Authentication-Results":"mx.example.org; dmarc=pass",
            "DKIM-Signature":"v=1",
            "X-Onward-Seal":"forged",
            "Received":"from localhost",
            "":"x"
        }},"remove_headers":{{"Subject":0,"From":0}},"change_from":"x@evil.test","body_block":true}},
        "subject":"changed","dkim-signature":"v=1""#
    );
    let filter = FakeFilter::start(Say::action("add header", 7.0, &added));
    let onward = onward(&sink, &dns, &filter.place()).config("filter.spam = \"mark\"").start();
    send(&onward, "").expect_code(250);
    let message = sink.wait_for_message();
    let text = String::from_utf8(message.data.clone()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap();
    for line in ["X-Fine: ok", "X-Folded: a b", "X-Utf8: caf?"] {
        assert!(head.split("\r\n").any(|found| found == line), "{line}: {head}");
    }
    let inject = "X-Inject: a Bcc: victim@evil.test new body";
    assert!(head.contains(inject), "{head}");
    for name in ["X-Nul", "X-Long", "X-Name", "ceo@", "v=1", "forged", "from localhost"] {
        assert!(!head.contains(name), "{name}: {head}");
    }
    assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{head}");
    assert_eq!(head.lines().filter(|line| line.starts_with("From:")).count(), 1, "{head}");
    assert_eq!(head.lines().filter(|line| line.starts_with("Subject: x")).count(), 1, "{head}");
    assert_eq!(message.body(), b"hello\r\n");
}

#[test]
fn words_of_the_filter_for_the_client_stay_one_reply() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let words = r#"{"action":"reject","score":20,"messages":{"smtp_message":"no\r\n250 2.0.0 OK \u001b[0m"}}"#;
    let filter = FakeFilter::start(Say::Body(words.to_owned()));
    let onward = onward(&sink, &dns, &filter.place()).start();
    let refused = send(&onward, "");
    assert_eq!(refused.lines.len(), 1, "{refused}");
    refused.expect("550 5.7.1 Refused by the spam filter here: no 250 2.0.0 OK ?[0m");
    assert_eq!(sink.count(), 0);
}
