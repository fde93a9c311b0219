//! A Postfix that hands domains over to Onward (transport_maps), and gets the forwards back to send.

use crate::support::client::Client;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::{Action, Receiver, Step};

const ALICE: &str = "alice@sender.test";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nTo: hello@hosted.test\r\nSubject: a test\r\n\
      Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";

/// There and back: the client's address goes with the message, so that SPF is that of the client and not
/// of Postfix; what is forwarded leaves by the same Postfix.
#[test]
fn a_domain_is_handed_over_and_its_forwards_come_back() {
    let Some(postfix) = Postfix::builder() else { return };
    let dns = Dns::start();
    // The client may send for it, and this machine may not.
    dns.txt("sender.test", "v=spf1 ip4:127.0.0.9 -all");
    let internet = Receiver::smtp().start();
    let (builder, map) = Onward::builder().dns(&dns).listen("socketmap", &[]);
    let onward = builder
        .smtp_option("xforward = [\"127.0.0.1\"]")
        .domain("hosted.test")
        .alias("hello@hosted.test", &["bob@sink.test"])
        .route("*", &postfix.address().to_string())
        .start();
    let postfix = postfix
        .relay(internet.address())
        .set("relay_domains", &format!("socketmap:inet:{map}:domains example.org"))
        .set("relay_recipient_maps", "")
        .set(
            "transport_maps",
            &format!(
                "socketmap:inet:{map}:transport inline:{{ example.org=smtp:[127.0.0.1]:{} }}",
                onward.address().port()
            ),
        )
        .set("relay_transport", "smtp")
        .set("smtp_send_xforward_command", "yes")
        .set("smtpd_authorized_xforward_hosts", "127.0.0.1")
        .start();

    let mut client = Client::connect_from([127, 0, 0, 9].into(), postfix.address());
    client.reply().expect_code(220);
    client.ehlo("client.sender.test").expect_code(250);
    client.transaction(ALICE, &["hello@hosted.test"], MESSAGE).expect_code(250);
    let message = internet.wait_for_message();
    assert_eq!(message.to, ["bob@sink.test"]);
    assert_eq!(onward.run(&["srs", "reverse", &message.from]).trim(), ALICE);
    assert!(message.data.ends_with(MESSAGE));
    let results = message.header("Authentication-Results").unwrap();
    assert!(results.contains("spf=pass") && results.contains("127.0.0.9"), "{results}");
    let record = onward.wait_for_trace(&["--to", "hello@hosted.test"], 1).remove(0);
    assert_eq!(record["client"], "127.0.0.9");
    assert!(record["auth"].as_str().unwrap().contains("spf=pass"), "{record}");

    // The bounce of it comes the same way.
    client.transaction("", &[&message.from], MESSAGE).expect_code(250);
    let bounce = internet.wait_for_messages(2).pop().unwrap();
    assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &[ALICE.to_owned()][..]));

    // What Onward refuses, Postfix bounces to whoever wrote.
    client.transaction(ALICE, &["nobody@hosted.test"], MESSAGE).expect_code(250);
    let notice = internet.wait_for_messages(3).pop().unwrap();
    assert_eq!((notice.from.as_str(), &notice.to[..]), ("", &[ALICE.to_owned()][..]));
    let text = String::from_utf8_lossy(&notice.data).into_owned();
    assert!(text.contains("Status: 5.1.1") && !text.contains("bob@sink.test"), "{text}");
}

/// What the destination defers stays in Postfix's queue: its sender is not authenticated.
#[test]
fn postfix_keeps_what_onward_cannot_take() {
    let Some(postfix) = Postfix::builder() else { return };
    let internet = Receiver::smtp().on(Step::Rcpt, Action::reply("450 4.2.0 not yet")).start();
    let onward = Onward::forwarding_to(internet.name()).start();
    let transport = |port: u16| format!("inline:{{ example.org=smtp:[127.0.0.1]:{port} }}");
    let postfix = postfix
        .relay(internet.address())
        .set("relay_domains", "example.org")
        .set("transport_maps", &transport(onward.address().port()))
        .set("relay_transport", "smtp")
        .set("minimal_backoff_time", "1s")
        .start();
    let mut client = Client::session(postfix.address());
    client.transaction(ALICE, &["hello@example.org"], MESSAGE).expect_code(250);
    postfix.wait_for_log("status=deferred");
    assert_eq!(internet.count(), 0);
    internet.accept_all();
    postfix.flush();
    assert_eq!(internet.wait_for_message().to, ["bob@sink.test"]);
}
