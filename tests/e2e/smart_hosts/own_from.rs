//! `from = "munge"`: hosts that take no From but ours.

use super::{ALIAS, forwarding};
use crate::support::{
    dns::Dns,
    onward::Onward,
    receiver::{Message, Receiver},
};

/// Sends a message with that From, and gives it as it arrived last at `sink`.
fn sent(onward: &Onward, sink: &Receiver, from: &str, header: &str) -> Message {
    let count = sink.count();
    let text = format!("From: {header}\r\nSubject: a test\r\n\r\nhello\r\n");
    let mut client = onward.session();
    client.transaction(from, &[ALIAS], text.as_bytes()).expect("250 2.0.0");
    sink.wait_for_messages(count + 1).pop().unwrap()
}

#[test]
fn the_author_is_named_in_it_and_gets_the_answers() {
    let dns = Dns::start();
    dns.txt("proven.test", "v=spf1 ip4:127.0.0.1 -all")
        .txt("example.org", "v=spf1 ip4:127.0.0.1 -all");
    let sink = Receiver::smtp().keywords(&["AUTH PLAIN"]).start();
    let (builder, _) = forwarding(&sink.route(), &["from = \"munge\""]);
    let onward = builder.dns(&dns).start();

    let message = sent(&onward, &sink, "alice@proven.test", "Alice <alice@proven.test>");
    let field = |name: &str| message.header(name).unwrap_or_default();
    assert_eq!(field("From"), "\"Alice via hello@example.org\" <hello@example.org>");
    assert_eq!(field("Reply-To"), "Alice <alice@proven.test>");
    assert_eq!(field("X-Original-From"), "Alice <alice@proven.test>");
    assert!(message.from.ends_with("=proven.test=alice@example.org"), "{}", message.from);

    // We vouch for the new From, and not for who nobody vouches for.
    let message = sent(&onward, &sink, "alice@nobody.test", "The CEO <alice@nobody.test>");
    let from = message.header("From").unwrap();
    assert_eq!(from, "\"alice at nobody.test, not verified, via hello\" <hello@example.org>");

    // Ours already.
    let message = sent(&onward, &sink, "me@example.org", "Me <me@example.org>");
    assert_eq!(message.header("From").unwrap(), "Me <me@example.org>");
    assert_eq!(message.header("X-Original-From"), None);
}

#[test]
fn and_nothing_of_it_without_being_asked() {
    let sink = Receiver::smtp().keywords(&["AUTH PLAIN"]).start();
    let (builder, _) = forwarding(&sink.route(), &[]);
    let onward = builder.start();
    let message = sent(&onward, &sink, "alice@nobody.test", "Alice <alice@nobody.test>");
    assert_eq!(message.header("From").unwrap(), "Alice <alice@nobody.test>");
}
