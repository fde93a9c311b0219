//! What arrives, octet for octet, and what is not sent at all.

use crate::{
    AMPLE, deliver, mail, outbound,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::{
    address::{Mailbox, ReversePath},
    outbound::OutboundLimits,
};

#[tokio::test]
async fn dots_and_empty_messages_arrive_as_they_are() {
    let peer = Peer::start(Script::pipelining()).await;
    let outbound = outbound(OutboundLimits::default());
    let long = format!("Subject: x\r\n\r\n{}", ".dotted line\r\n..\r\n.\r\n".repeat(20_000));
    for (prefix, message) in [
        ("", ".\r\n"),
        ("", ".\r\nMAIL FROM:<>\r\n"),
        ("", "..\r\n...\r\n"),
        ("", ".Subject: x\r\n\r\n.\r\n"),
        ("", ""),
        ("Received: x\r\n", ""),
        ("Received: x\r\n", ".\r\n"),
        (".X: y\r\n", "Subject: x\r\n\r\n.a\r\n.\r\n\r\n"),
        ("Received: x\r\n", "Subject: x\r\n\r\nno dots\r\n"),
        ("Received: x\r\n", long.as_str()),
    ] {
        let mut mail = mail(&["bob@sink.test"], message);
        mail.text.prefix = prefix.to_owned().into();
        let attempts = deliver(&outbound, &peer.hop, &mail, AMPLE).await;
        assert_eq!(shown(&attempts[0]), "Delivered 250 2.0.0 Destination: taken");
        assert!(peer.message() == format!("{prefix}{message}"), "{prefix:?} {message:.40?}");
    }
    let record = peer.record();
    assert_eq!((record.connections, record.messages.len()), (1, 10));
    assert_eq!(record.commands.len(), 1 + 3 * 10, "no line of a message was a command");
}

#[tokio::test]
async fn eight_bit_text_arrives_as_it_is() {
    let peer = Peer::start(Script::pipelining()).await;
    let outbound = outbound(OutboundLimits::default());
    let mut mail = mail(&["jürgen@sink.test"], "Subject: ü\r\n\r\n\u{1F4E7}\r\n");
    mail.eight_bit = true;
    let attempts = deliver(&outbound, &peer.hop, &mail, AMPLE).await;
    assert_eq!(shown(&attempts[0]), "Delivered 250 2.0.0 Destination: taken");
    assert!(peer.message().ends_with("Subject: ü\r\n\r\n\u{1F4E7}\r\n"));
    let size = mail.size();
    assert_eq!(
        peer.record().commands[1..3],
        [
            format!("MAIL FROM:<SRS0=x=y=a.test=b@srs.test> SIZE={size} BODY=8BITMIME SMTPUTF8"),
            "RCPT TO:<jürgen@sink.test>".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_pipelined_envelope_is_one_write_and_so_is_the_text() {
    let peer = Peer::start(Script::pipelining()).await;
    let outbound = outbound(OutboundLimits::default());
    let mail = mail(&["a@sink.test", "b@sink.test"], &"line\r\n".repeat(2000));
    for _ in 0..2 {
        deliver(&outbound, &peer.hop, &mail, AMPLE).await;
    }
    // EHLO, then envelope and text of each message.
    assert_eq!(peer.record().reads.len(), 1 + 2 * 2, "{:?}", peer.record().reads);
}

#[tokio::test]
async fn null_and_quoted_paths() {
    let peer = Peer::start(Script::plain()).await;
    let outbound = outbound(OutboundLimits::default());
    let mut mail = mail(&[r#""a> SIZE=1"@sink.test"#], "Subject: x\r\n\r\n");
    mail.reverse_path = ReversePath::Null;
    deliver(&outbound, &peer.hop, &mail, AMPLE).await;
    let commands = peer.record().commands;
    assert_eq!(commands[1..3], ["MAIL FROM:<>", r#"RCPT TO:<"a> SIZE=1"@sink.test>"#]);
}

#[tokio::test]
async fn what_the_peer_cannot_take_is_refused_and_not_changed() {
    let outbound = outbound(OutboundLimits::default());
    let mut eight_bit = simple_mail();
    eight_bit.eight_bit = true;
    let mut utf8 = simple_mail();
    utf8.smtputf8 = true;
    let mut utf8_sender = simple_mail();
    utf8_sender.reverse_path = ReversePath::Mailbox(Mailbox::parse("ü@a.test").unwrap());
    let big = mail(&["bob@sink.test"], &"0123456789\r\n".repeat(100));
    for (extensions, mail, reply) in [
        (&["SMTPUTF8", "SIZE"][..], &eight_bit, "554 5.6.3"),
        (&["8BITMIME", "SIZE"], &utf8, "554 5.6.7"),
        (&["8BITMIME"], &utf8_sender, "554 5.6.7"),
        (&["SIZE 1000"], &big, "552 5.3.4"),
    ] {
        let peer = Peer::start(Script::offering(extensions)).await;
        let attempts = deliver(&outbound, &peer.hop, mail, AMPLE).await;
        assert!(shown(&attempts[0]).starts_with(&format!("Refused {reply}")), "{attempts:?}");
        assert_eq!(peer.record().commands.len(), 1, "EHLO and nothing else");
        // The connection is as good as it was.
        let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Delivered"));
        assert_eq!(peer.record().connections, 1);
    }
    for (extensions, mail) in [(&["SIZE 0"][..], &big), (&["SIZE"], &big), (&[], &big)] {
        let peer = Peer::start(Script::offering(extensions)).await;
        let attempts = deliver(&outbound, &peer.hop, mail, AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Delivered"), "{extensions:?}");
    }
}

#[tokio::test]
async fn a_message_with_bare_line_ends_does_not_leave() {
    let peer = Peer::start(Script::pipelining()).await;
    let outbound = outbound(OutboundLimits::default());
    for message in [
        "\n",
        "a\r\n\n.\r\n",
        "a\n.\nb\r\n",
        "a\r.\rb\r\n",
        "a\r\n.\r\r\nb\r\n",
        "a",
        "a\r\n.\n",
        "a\r\n.",
    ] {
        let attempts =
            deliver(&outbound, &peer.hop, &mail(&["bob@sink.test"], message), AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Deferred 451 4.3.0"), "{message:?}");
        let mut in_prefix = simple_mail();
        in_prefix.text.prefix = message.to_owned().into();
        let attempts = deliver(&outbound, &peer.hop, &in_prefix, AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Deferred 451 4.3.0"), "{message:?}");
    }
    assert_eq!(peer.record().connections, 0);
}

#[tokio::test]
async fn the_reply_shows_nothing_of_the_destination() {
    let text = "550 5.1.1 <bob@sink.test>: bob at 127.0.0.1 unknown in sink.test\r\n";
    let peer = Peer::start(Script::plain().on("rcpt", Act::Say(text))).await;
    let outbound = outbound(OutboundLimits::default());
    let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
    assert_eq!(
        shown(&attempts[0]),
        "Refused 550 5.1.1 Destination: (hidden) (hidden) at (hidden) unknown in (hidden)"
    );
}
