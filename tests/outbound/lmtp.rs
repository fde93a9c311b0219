//! LMTP: a verdict for each recipient (RFC 2033).

use crate::{
    AMPLE, deliver, mail, outbound,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::{next_hop::NextHop, outbound::OutboundLimits};

fn lmtp(peer: &Peer) -> NextHop {
    format!("lmtp:{}", peer.hop).parse().unwrap()
}

const TO: [&str; 4] = ["a@sink.test", "b@sink.test", "c@sink.test", "d@sink.test"];

#[tokio::test]
async fn each_accepted_recipient_has_its_own_final_reply() {
    for script in [Script::pipelining(), Script::plain()] {
        let script = script
            .on("rcpt", Act::Say("250 2.1.5 ok\r\n"))
            .on("rcpt", Act::Say("550 5.1.1 no\r\n"))
            .on("end", Act::Say("250 2.0.0 stored\r\n"))
            .on("end", Act::Say("452 4.2.2 full\r\n"))
            .on("end", Act::Say("552 5.2.2 full for ever\r\n"));
        let peer = Peer::start(script).await;
        let outbound = outbound(OutboundLimits::default());
        let mail = mail(&TO, "Subject: x\r\n\r\n");
        let attempts = deliver(&outbound, &lmtp(&peer), &mail, AMPLE).await;
        let seen: Vec<_> = attempts.iter().map(shown).collect();
        assert_eq!(
            seen,
            [
                "Delivered 250 2.0.0 Destination: stored",
                "Refused 550 5.1.1 Destination: no",
                "Deferred 451 4.2.2 Destination: full",
                "Refused 552 5.2.2 Destination: full for ever",
            ]
        );
        assert_eq!(outbound.idle_connections(), 1, "in step");
        assert_eq!(peer.record().commands[0], "LHLO mx.onward.test");
    }
}

#[tokio::test]
async fn verdicts_before_a_lost_connection_stand() {
    let script = Script::pipelining()
        .on("end", Act::Say("250 2.0.0 stored\r\n"))
        .on("end", Act::Say("550 5.7.1 no\r\n"))
        .on("end", Act::SayAndClose("250 2.0"));
    let peer = Peer::start(script).await;
    let outbound = outbound(OutboundLimits::default());
    let attempts = deliver(&outbound, &lmtp(&peer), &mail(&TO, "Subject: x\r\n\r\n"), AMPLE).await;
    let seen: Vec<_> = attempts.iter().map(shown).collect();
    let lost =
        "Deferred 451 4.4.2 The connection to the destination broke, try again later ?".to_owned();
    assert_eq!(
        seen,
        [
            "Delivered 250 2.0.0 Destination: stored",
            "Refused 550 5.7.1 Destination: no",
            &lost,
            &lost
        ]
    );
    assert_eq!(peer.record().connections, 1, "not tried again");
}

#[tokio::test]
async fn unix_sockets() {
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::start_unix(&dir.path().join("lmtp"), Script::pipelining());
    let outbound = outbound(OutboundLimits::default());
    for _ in 0..2 {
        let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
        assert_eq!(shown(&attempts[0]), "Delivered 250 2.0.0 Destination: taken");
        let path = dir.path().join("lmtp");
        assert_eq!(attempts[0].remote, Some(format!("unix:{}", path.display())));
    }
    assert_eq!(peer.record().connections, 1);
    let nobody = format!("lmtp:unix:{}/none", dir.path().display()).parse().unwrap();
    let attempts = deliver(&outbound, &nobody, &simple_mail(), AMPLE).await;
    assert!(shown(&attempts[0]).starts_with("Deferred 451 4.4.1"));
}

#[tokio::test]
async fn a_peer_without_lhlo_is_not_spoken_to() {
    let peer = Peer::start(Script::plain().on("lhlo", Act::Say("500 5.5.1 what\r\n"))).await;
    let outbound = outbound(OutboundLimits::default());
    let attempts = deliver(&outbound, &lmtp(&peer), &simple_mail(), AMPLE).await;
    assert!(shown(&attempts[0]).starts_with("Deferred 451 4.7.0"));
    assert_eq!(peer.record().commands, ["LHLO mx.onward.test"]);
}
