//! `Delivered-To`: which alias a mail was addressed to, for the filters of its mailbox; and mail that comes round.

use crate::support::onward::Onward;
use crate::support::receiver::Receiver;

const MESSAGE: &str = "From: alice@sender.test\r\n\r\nhello\r\n";

fn named(data: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(data);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let fields = head.lines().filter_map(|line| line.strip_prefix("Delivered-To: "));
    fields.map(str::to_owned).collect()
}

#[test]
fn a_filter_at_the_mailbox_sees_which_alias_it_was() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .alias("team@example.org", &["bob@sink.test", "carol@sink.test"])
        .start();
    let mut client = onward.session();
    let mut send = |from: &str, to: &[&str]| {
        client.transaction(from, to, MESSAGE.as_bytes()).expect("250 2.0.0");
    };
    send("alice@sender.test", &["Hello+News@example.org"]);
    send("alice@sender.test", &["team@example.org"]);
    // They are not to learn of each other.
    send("alice@sender.test", &["hello@example.org", "team@example.org"]);
    let got = sink.wait_for_messages(3);
    let told: Vec<_> = got.iter().map(|message| named(&message.data)).collect();
    assert_eq!(
        told,
        [vec!["Hello+News@example.org"], vec!["team@example.org"], vec![] as Vec<&str>]
    );
    for message in &got {
        let text = String::from_utf8_lossy(&message.data);
        assert!(text.ends_with(MESSAGE), "{text}");
    }
}

#[test]
fn mail_that_was_delivered_to_this_very_alias_is_a_loop_and_to_others_passes() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .alias("other@example.org", &["carol@sink.test"])
        .start();
    let mut client = onward.session();
    let mut send = |to: &str, field: &str| {
        let message = format!("{field}{MESSAGE}");
        client.transaction("alice@sender.test", &[to], message.as_bytes())
    };
    send("hello@example.org", "Delivered-To: bob@sink.test\r\n").expect("250 2.0.0");
    send("hello@example.org", "Delivered-To: other@example.org\r\n").expect("250 2.0.0");
    send("hello@example.org", "delivered-to:\r\n\t<HELLO@Example.org>\r\n").expect("554 5.4.6");
    send("hello+a@example.org", "Delivered-To: hello+a@example.org\r\n").expect("554 5.4.6");
    // Round once: the field is ours, without our tokens.
    let came = sink.wait_for_messages(2).remove(1);
    let mut ours = named(&came.data);
    assert_eq!(ours, ["hello@example.org", "other@example.org"]);
    let field = format!("Delivered-To: {}\r\n", ours.remove(0));
    send("hello@example.org", &field).expect("554 5.4.6");
    send("other@example.org", &field).expect("250 2.0.0");
}

#[test]
fn what_returns_names_no_srs_address() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).route("sender.test", &sink.route()).start();
    let srs = onward.srs_forward("alice@sender.test");
    let bounce = "From: MAILER-DAEMON@sink.test\r\nSubject: no\r\n\r\nno such user\r\n";
    onward.session().transaction("", &[&srs], bounce.as_bytes()).expect("250 2.0.0");
    assert_eq!(named(&sink.wait_for_message().data), [""; 0]);
}
