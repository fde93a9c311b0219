//! `delivery.keep_tag`, and the word of an alias on the `+tag` of its recipients.

use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::wait_until;

const MESSAGE: &[u8] = b"From: alice@sender.test\r\n\r\nhello\r\n";

/// Changes the alias; the daemon sees it within a second.
fn set(onward: &Onward, sink: &Receiver, option: &str, seen: &str) {
    // Remembered as it was, it is asked for anew when all the rest is.
    reached(onward, sink, "hello+x@example.org");
    onward.run(&["alias", "set", "hello@example.org", option]);
    wait_until("the change of the alias", || {
        (reached(onward, sink, "hello+x@example.org") == [seen]).then_some(())
    });
}

/// The mailboxes that get what is sent to `recipient`.
fn reached(onward: &Onward, sink: &Receiver, recipient: &str) -> Vec<String> {
    let before = sink.count();
    let reply = onward.session().transaction("alice@sender.test", &[recipient], MESSAGE);
    reply.expect("250 2.0.0");
    let mut to = Vec::new();
    for message in sink.wait_for_messages(before + 1).into_iter().skip(before) {
        to.extend(message.to);
    }
    to.sort();
    to
}

#[test]
fn a_tag_is_lost_unless_it_is_kept_for_all_or_for_one_alias() {
    let sink = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(&sink.route())
        .alias("team@example.org", &["carol@sink.test", "dan+own@sink.test", "hello@example.org"])
        .alias("never@example.org", &["eve@sink.test"])
        .alias("*@example.org", &["rest@sink.test"])
        .start();
    assert_eq!(reached(&onward, &sink, "hello+news@example.org"), ["bob@sink.test"]);

    // One alias, while the daemon runs.
    set(&onward, &sink, "--keep-tag", "bob+x@sink.test");
    assert_eq!(reached(&onward, &sink, "Hello+News@example.org"), ["bob+News@sink.test"]);
    assert_eq!(reached(&onward, &sink, "hello+news@example.org"), ["bob+news@sink.test"]);
    assert_eq!(reached(&onward, &sink, "hello@example.org"), ["bob@sink.test"]);
    set(&onward, &sink, "--keep-tag=default", "bob@sink.test");
    assert_eq!(reached(&onward, &sink, "hello+news@example.org"), ["bob@sink.test"]);

    // All of them, but for one.
    onward.run(&["alias", "set", "never@example.org", "--keep-tag=false"]);
    onward.change_config(|config| config.set("delivery.keep_tag", true));
    onward.run(&["reload"]);
    assert_eq!(
        reached(&onward, &sink, "team+a@example.org"),
        ["bob+a@sink.test", "carol+a@sink.test", "dan+own@sink.test"]
    );
    assert_eq!(reached(&onward, &sink, "never+a@example.org"), ["eve@sink.test"]);
    assert_eq!(reached(&onward, &sink, "other+a@example.org"), ["rest@sink.test"]);
    // What would route on, or be too long, arrives without.
    assert_eq!(reached(&onward, &sink, "hello+a%evil.test@example.org"), ["bob@sink.test"]);
    let long = format!("hello+{}@example.org", "t".repeat(70));
    assert_eq!(reached(&onward, &sink, &long), ["bob@sink.test"]);

    let explained = onward.run(&[
        "explain",
        "hello+a@example.org",
        "--from",
        "alice@sender.test",
        "--ip",
        "127.0.0.1",
    ]);
    assert!(explained.contains("leads to bob+a@sink.test at "), "{explained}");
}
