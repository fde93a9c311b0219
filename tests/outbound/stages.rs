//! What goes wrong at each step of the dialogue, and what it means for the message.

use crate::{
    AMPLE, SHORT, deliver, mail, outbound,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::{
    address::Mailbox,
    envelope::{EnvelopeId, MailDsn, Notify, OriginalRecipient, RcptDsn, Returned},
    outbound::{Checkpoint, DsnRequest, OutboundLimits, Outgoing},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const STEPS: [&str; 7] = ["greeting", "ehlo", "mail", "rcpt", "data", "text", "end"];

/// One peer, one failure, for both ways of sending the envelope.
async fn outcome(step: &'static str, act: Act, time: Duration) -> String {
    let mut seen = Vec::new();
    for script in [Script::pipelining(), Script::plain()] {
        let mut script = script.on(step, act);
        if step == "ehlo" && matches!(act, Act::Say(_)) {
            script = script.on("helo", act);
        }
        let peer = Peer::start(script).await;
        let limits = OutboundLimits { final_time: time, ..OutboundLimits::default() };
        let outbound = outbound(limits);
        let attempts = deliver(&outbound, &peer.hop, &simple_mail(), time).await;
        seen.push(shown(&attempts[0]));
        assert_eq!(attempts[0].remote.as_deref(), Some(peer.hop.to_string().as_str()));
    }
    assert_eq!(seen[0], seen[1], "pipelined and one by one differ at {step} {act:?}");
    seen.swap_remove(0)
}

#[tokio::test]
async fn transient_replies() {
    for step in STEPS {
        let expected = "Deferred 451 4.2.1 Destination: later";
        assert_eq!(outcome(step, Act::Say("450 4.2.1 later\r\n"), AMPLE).await, expected, "{step}");
        let closing = Act::SayAndClose("421 4.2.1 later\r\n");
        assert_eq!(outcome(step, closing, AMPLE).await, expected, "{step}");
    }
}

#[tokio::test]
async fn permanent_replies() {
    for step in STEPS {
        let expected = match step {
            // Of this server, not of the message.
            "greeting" | "ehlo" => {
                "Deferred 451 4.7.0 The destination does not accept this server, try again later"
            }
            _ => "Refused 550 5.7.515 Destination: never / ever",
        };
        let act = Act::Say("550-5.7.515 never\r\n550 5.7.515 ever\r\n");
        assert_eq!(outcome(step, act, AMPLE).await, expected, "{step}");
    }
}

#[tokio::test]
async fn authentication_wanted_is_for_the_operator_to_mend() {
    for step in ["greeting", "ehlo", "mail", "rcpt", "data", "end"] {
        for act in [
            Act::Say("530 5.7.0 Must issue a STARTTLS command first\r\n"),
            Act::Say("535 5.7.8 no\r\n"),
            Act::Say("538 5.7.11 no\r\n"),
        ] {
            assert_eq!(
                outcome(step, act, AMPLE).await,
                "Deferred 451 4.7.0 The destination does not accept this server, try again later",
                "{step}"
            );
        }
    }
}

#[tokio::test]
async fn silence_until_the_deadline() {
    for step in STEPS {
        // The few octets of the text were all sent before the peer stopped reading.
        let mark = if matches!(step, "text" | "end") { " ?" } else { "" };
        assert_eq!(
            outcome(step, Act::Silence, SHORT).await,
            format!("Deferred 451 4.4.7 The destination took too long, try again later{mark}"),
            "{step}"
        );
    }
}

#[tokio::test]
async fn lost_connections() {
    let acts = [
        Act::Close,
        Act::Reset,
        Act::SayAndClose("2"),
        Act::SayAndClose("250"),
        Act::SayAndClose("250 2.0.0 ok"),
        Act::SayAndClose("250-2.0.0 ok\r\n"),
        Act::SayAndClose("550 5.1.1 no"),
        Act::SayAndClose("354 "),
    ];
    for step in STEPS {
        // The few octets of the text were all sent before the peer stopped reading.
        let mark = if matches!(step, "text" | "end") { " ?" } else { "" };
        for act in acts {
            assert_eq!(
                outcome(step, act, AMPLE).await,
                format!(
                    "Deferred 451 4.4.2 The connection to the destination broke, try again \
                     later{mark}"
                ),
                "{step} {act:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_smtp() {
    let endless: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
    let many_lines: &'static str = Box::leak("250-x\r\n".repeat(10_000).into_boxed_str());
    for step in ["greeting", "ehlo", "mail", "rcpt", "data", "end"] {
        for act in [
            Act::Say("HTTP/1.1 400 Bad Request\r\n\r\n"),
            Act::Say("\0\u{1}\u{2}\r\n"),
            Act::Say("999 what\r\n"),
            Act::Say("250-a\r\n550 b\r\n"),
            Act::Say(endless),
            Act::Say(many_lines),
        ] {
            let mark = if step == "end" { " ?" } else { "" };
            assert_eq!(
                outcome(step, act, AMPLE).await,
                format!(
                    "Deferred 451 4.4.2 The connection to the destination broke, try again \
                     later{mark}"
                ),
                "{step} {act:?}"
            );
        }
    }
}

#[tokio::test]
async fn replies_that_come_octet_by_octet_or_in_many_lines() {
    for (step, text) in [
        ("greeting", "220-a\r\n220-b\r\n220 c\r\n"),
        ("mail", "250-2.1.0 a\r\n250 2.1.0 b\r\n"),
        ("rcpt", "250-2.1.5 a\r\n250 2.1.5 b\r\n"),
        ("data", "354-a\r\n354 b\r\n"),
        ("end", "250-2.0.0 a\r\n250 2.0.0 b\r\n"),
    ] {
        for act in [Act::Say(text), Act::Spell(text)] {
            let outcome = outcome(step, act, AMPLE).await;
            assert!(outcome.starts_with("Delivered 250 2.0.0 "), "{step}: {outcome}");
        }
    }
}

#[tokio::test]
async fn a_success_before_the_end_of_data_is_none() {
    for (step, text) in [
        ("data", "354 go\r\n250 2.0.0 taken\r\n"),
        ("rcpt", "250 2.1.5 ok\r\n354 go\r\n250 2.0.0 taken\r\n250 2.0.0 taken\r\n"),
    ] {
        let peer = Peer::start(Script::pipelining().on(step, Act::Say(text))).await;
        let outbound = outbound(OutboundLimits::default());
        let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Deferred 451 4.4.2"), "{}", shown(&attempts[0]));
        assert!(!attempts[0].uncertain);
        peer.wait_for(|record| record.closed == 1).await;
        assert_eq!(peer.record().messages.len(), 0, "the end of data was not sent");
    }
}

#[tokio::test]
async fn a_peer_that_gives_up_in_the_text_is_heard() {
    let body = "x".repeat(70).to_string() + "\r\n";
    let big = mail(&["bob@sink.test"], &format!("Subject: big\r\n\r\n{}", body.repeat(300_000)));
    for (act, expected) in [
        (Act::SayAndClose("552 5.3.4 too big\r\n"), "Refused 552 5.3.4 Destination: too big"),
        (Act::SayAndClose("421 4.3.0 down\r\n"), "Deferred 451 4.3.0 Destination: down"),
        (Act::Close, "Deferred 451 4.4.2 The connection to the destination broke, try again later"),
    ] {
        let peer = Peer::start(Script::offering(&["PIPELINING"]).on("text", act)).await;
        let outbound = outbound(OutboundLimits::default());
        let attempts = deliver(&outbound, &peer.hop, &big, AMPLE).await;
        assert_eq!(shown(&attempts[0]), expected);
    }
}

#[tokio::test]
async fn recipients_get_their_own_verdicts() {
    for script in [Script::pipelining(), Script::plain()] {
        let script = script
            .on("rcpt", Act::Say("250 2.1.5 ok\r\n"))
            .on("rcpt", Act::Say("550 5.1.1 <b@sink.test> unknown\r\n"))
            .on("rcpt", Act::Say("450 4.2.2 full\r\n"));
        let peer = Peer::start(script).await;
        let outbound = outbound(OutboundLimits::default());
        let to = ["a@sink.test", "b@sink.test", "c@sink.test", "d@sink.test"];
        let attempts = deliver(&outbound, &peer.hop, &mail(&to, "Subject: x\r\n\r\n"), AMPLE).await;
        let seen: Vec<_> = attempts.iter().map(shown).collect();
        assert_eq!(
            seen,
            [
                "Delivered 250 2.0.0 Destination: taken",
                "Refused 550 5.1.1 Destination: (hidden) unknown",
                "Deferred 451 4.2.2 Destination: full",
                "Delivered 250 2.0.0 Destination: taken",
            ]
        );
        let raw = attempts[1].theirs.clone().unwrap();
        assert_eq!((raw.code, raw.text.as_str()), (550, "<b@sink.test> unknown"));
        assert_eq!(peer.record().messages.len(), 1);
    }
}

#[tokio::test]
async fn all_recipients_refused() {
    for (script, kept) in [
        (Script::pipelining(), 1),
        (Script::plain(), 1),
        // It says 354 all the same: whatever followed could be taken for a message.
        (Script::pipelining().on("data", Act::Say("354 go\r\n")), 0),
    ] {
        let script = script
            .on("rcpt", Act::Say("550 5.1.1 no\r\n"))
            .on("rcpt", Act::Say("550 5.1.1 no\r\n"));
        let peer = Peer::start(script).await;
        let outbound = outbound(OutboundLimits::default());
        let to = ["a@sink.test", "b@sink.test"];
        let attempts = deliver(&outbound, &peer.hop, &mail(&to, "Subject: x\r\n\r\n"), AMPLE).await;
        for attempt in &attempts {
            assert_eq!(shown(attempt), "Refused 550 5.1.1 Destination: no");
            assert!(!attempt.uncertain);
        }
        assert_eq!(outbound.idle_connections(), kept);
        assert_eq!(peer.record().messages.len(), 0);
    }
}

#[tokio::test]
async fn nobody_listens() {
    let peer = Peer::start(Script::plain()).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outbound = outbound(OutboundLimits::default());
    let hop = free.to_string().parse().unwrap();
    let attempts = deliver(&outbound, &hop, &simple_mail(), AMPLE).await;
    assert_eq!(
        shown(&attempts[0]),
        "Deferred 451 4.4.1 The destination cannot be reached, try again later"
    );
    drop(peer);
}

#[tokio::test]
async fn helo_where_ehlo_is_unknown() {
    let peer = Peer::start(Script::pipelining().on("ehlo", Act::Say("502 5.5.1 what\r\n"))).await;
    let outbound = outbound(OutboundLimits::default());
    let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
    assert_eq!(shown(&attempts[0]), "Delivered 250 2.0.0 Destination: taken");
    let commands = peer.record().commands;
    assert_eq!(
        commands[..3],
        ["EHLO mx.onward.test", "HELO mx.onward.test", "MAIL FROM:<SRS0=x=y=a.test=b@srs.test>",]
    );
}

#[tokio::test]
async fn the_deadline_holds_however_slowly_the_peer_talks() {
    let many: &'static str = Box::leak("220-wait\r\n".repeat(50).into_boxed_str());
    let peer = Peer::start(Script::pipelining().on("greeting", Act::Spell(many))).await;
    let outbound = outbound(OutboundLimits::default());
    let started = std::time::Instant::now();
    let attempts = deliver(&outbound, &peer.hop, &simple_mail(), SHORT).await;
    assert!(shown(&attempts[0]).starts_with("Deferred 451 4.4.7"), "{}", shown(&attempts[0]));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(attempts[0].elapsed >= SHORT);
}

#[tokio::test]
async fn without_leave_the_end_of_data_is_not_sent() {
    for script in [Script::pipelining(), Script::plain()] {
        let script = script.on("rcpt", Act::Say("550 5.1.1 no\r\n"));
        let peer = Peer::start(script).await;
        let outbound = outbound(OutboundLimits::default());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::clone(&asked);
        let checkpoint = Checkpoint::new(move |to| {
            accepted.lock().unwrap().extend(to);
            std::future::ready(false)
        });
        let mail = mail(&["a@sink.test", "b@sink.test"], "Subject: x\r\n\r\n");
        let mail = Outgoing { checkpoint: Some(checkpoint), ..mail };
        let attempts = deliver(&outbound, &peer.hop, &mail, AMPLE).await;
        assert_eq!(shown(&attempts[0]), "Refused 550 5.1.1 Destination: no");
        assert_eq!(shown(&attempts[1]), "Deferred 451 4.3.0 Local problem, try again later");
        assert!(!attempts[1].is_asleep, "the host is not to blame");
        assert_eq!(*asked.lock().unwrap(), mail.recipients[1..]);
        peer.wait_for(|record| record.closed == 1).await;
        assert_eq!((peer.record().messages.len(), outbound.idle_connections()), (0, 0));
    }
}

/// RFC 3461 §5.2.1 and §5.2.2: a host that does not offer DSN is asked nothing, and makes no reports.
#[tokio::test]
async fn what_is_asked_of_dsns_goes_to_hosts_that_offer_them() {
    let to = |text: &str| Mailbox::parse(text).unwrap();
    let dsn = RcptDsn {
        notify: Notify::parse("SUCCESS,DELAY"),
        original: OriginalRecipient::parse("rfc822;b+2Bob@sink.test"),
    };
    let mail = Outgoing {
        dsn: DsnRequest {
            message: MailDsn {
                returned: Some(Returned::Headers),
                envelope_id: EnvelopeId::parse("QQ"),
            },
            recipients: vec![(to("bob@sink.test"), dsn)],
        },
        ..mail(&["ann@sink.test", "bob@sink.test"], "Subject: x\r\n\r\nx\r\n")
    };
    for (extensions, from, bob) in [
        (
            &["PIPELINING", "DSN"][..],
            " RET=HDRS ENVID=QQ",
            " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bob@sink.test",
        ),
        (&["DSN"][..], " RET=HDRS ENVID=QQ", " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bob@sink.test"),
        (&["PIPELINING"][..], "", ""),
    ] {
        let peer = Peer::start(Script::offering(extensions)).await;
        let outbound = outbound(OutboundLimits::default());
        let attempts = deliver(&outbound, &peer.hop, &mail, AMPLE).await;
        let offers_dsn = extensions.contains(&"DSN");
        assert!(attempts.iter().all(|attempt| attempt.offers_dsn == offers_dsn), "{attempts:?}");
        let commands = peer.record().commands;
        let sent = |start: &str| {
            let found = commands.iter().find(|line| line.starts_with(start));
            found.map(|line| line.trim_end().to_owned())
        };
        let from = format!("MAIL FROM:<SRS0=x=y=a.test=b@srs.test>{from}");
        assert_eq!(sent("MAIL"), Some(from));
        assert_eq!(sent("RCPT TO:<ann"), Some("RCPT TO:<ann@sink.test>".to_owned()));
        assert_eq!(sent("RCPT TO:<bob"), Some(format!("RCPT TO:<bob@sink.test>{bob}")));
    }
}
