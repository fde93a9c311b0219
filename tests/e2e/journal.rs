//! Every message has an outcome somebody can look up, also one that never reached a verdict.

use crate::support::{onward::Onward, receiver::Receiver, wait_until};
use serde_json::Value;

/// The traced messages, once there are `count`.
fn traced(onward: &Onward, count: usize) -> Vec<Value> {
    wait_until(format!("{count} messages in the journal"), || {
        let lines = onward.run(&["trace", "--json"]);
        let found: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (found.len() >= count).then_some(found)
    })
}

fn field<'a>(message: &'a Value, name: &str) -> &'a str {
    message[name].as_str().unwrap_or_else(|| panic!("{name} in {message}"))
}

#[test]
fn messages_refused_for_their_form_and_unfinished_ones_are_in_the_journal() {
    let sink = Receiver::smtp().start();
    let onward =
        Onward::forwarding_to(&sink.route()).config("delivery.max_message_size = \"1KiB\"").start();

    let mut client = onward.session();
    let to = ["hello@example.org"];
    let (from, good) = ("alice@sender.test", b"From: a@b.c\r\n\r\nhi\r\n");
    client.transaction(from, &to, good).expect("250 2.0.0");
    client.transaction(from, &to, b"From: a@b.c\r\n\r\nbare\rline\r\n").expect("550 5.6.0");
    client.transaction(from, &to, &b"x".repeat(2000)).expect("552 5.3.4");
    client.mail(from).expect_code(250);
    client.rcpt(to[0]).expect_code(250);
    client.command("DATA").expect_code(354);
    client.send(b"From: a@b.c\r\n\r\nand then nothing");
    client.reset();

    let messages = traced(&onward, 4);
    let outcomes: Vec<_> = messages.iter().map(|message| field(message, "outcome")).collect();
    assert_eq!(outcomes, ["forwarded", "refused", "refused", "aborted"]);
    assert!(field(&messages[1], "reply").starts_with("550 5.6.0"));
    assert!(field(&messages[2], "reply").starts_with("552 5.3.4"));
    for message in &messages {
        assert_eq!(field(message, "from"), "alice@sender.test");
        assert_eq!(message["to"][0], "hello@example.org");
    }
    assert!(field(&messages[0], "srs_from").starts_with("SRS0="));
    assert_eq!(messages[0]["attempts"][0]["host"], sink.address().to_string());
}
