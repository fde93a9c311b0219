//! Connections that are kept, given back, found dead and closed.

use crate::{
    AMPLE, SHORT, deliver, mail, outbound,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::{
    outbound::{OutboundLimits, Outgoing},
    slots::Cause,
};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn one_connection_takes_many_messages() {
    for script in [Script::pipelining(), Script::plain()] {
        let peer = Peer::start(script).await;
        let limits = OutboundLimits { messages_per_connection: 5, ..OutboundLimits::default() };
        let outbound = outbound(limits);
        for _ in 0..12 {
            let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
            assert!(shown(&attempts[0]).starts_with("Delivered"));
        }
        peer.wait_for(|record| record.closed == 2).await;
        let record = peer.record();
        assert_eq!((record.connections, record.messages.len()), (3, 12));
        assert_eq!((record.count("QUIT"), record.count("RSET")), (2, 0));
    }
}

#[tokio::test]
async fn a_transaction_that_ended_midway_is_reset() {
    for script in [Script::pipelining(), Script::plain()] {
        let script = script
            .on("mail", Act::Say("250 2.1.0 ok\r\n"))
            .on("mail", Act::Say("551 5.3.0 not this\r\n"))
            .on("rcpt", Act::Say("550 5.1.1 no\r\n"));
        let peer = Peer::start(script).await;
        let outbound = outbound(OutboundLimits::default());
        let mut seen = Vec::new();
        for _ in 0..3 {
            let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
            seen.push(shown(&attempts[0]));
        }
        assert_eq!(
            seen[..2],
            ["Refused 550 5.1.1 Destination: no", "Refused 551 5.3.0 Destination: not this"]
        );
        assert_eq!((peer.record().connections, peer.record().count("RSET")), (1, 2));
    }
}

#[tokio::test]
async fn a_kept_connection_that_is_dead_is_no_failure() {
    let second = [
        Act::Close,
        Act::Reset,
        Act::SayAndClose("421 4.4.2 idle for too long\r\n"),
        Act::Say("what\r\n"),
    ];
    for act in second {
        for script in [Script::pipelining(), Script::plain()] {
            let script = script.on("mail", Act::Say("250 2.1.0 ok\r\n")).on("mail", act);
            let peer = Peer::start(script).await;
            let outbound = outbound(OutboundLimits::default());
            for _ in 0..2 {
                let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
                assert!(shown(&attempts[0]).starts_with("Delivered"), "{act:?}");
            }
            assert_eq!((peer.record().connections, peer.record().messages.len()), (2, 2));
        }
    }
}

#[tokio::test]
async fn a_4xx_to_the_second_mail_of_a_kept_connection_is_tried_once_more_on_a_new_one() {
    let busy = Act::Say("452 4.5.3 too many messages on this connection\r\n");
    for script in [Script::pipelining(), Script::plain()] {
        let script = script
            .on("mail", Act::Say("250 2.1.0 ok\r\n"))
            .on("mail", busy)
            .on("mail", Act::Say("250 2.1.0 ok\r\n"))
            .on("mail", busy)
            .on("mail", busy);
        let peer = Peer::start(script).await;
        let outbound = outbound(OutboundLimits::default());
        let mut seen = Vec::new();
        for _ in 0..3 {
            let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
            seen.push(shown(&attempts[0]));
        }
        assert!(seen[..2].iter().all(|outcome| outcome.starts_with("Delivered")), "{seen:?}");
        assert!(seen[2].starts_with("Deferred 451 4.5.3"), "a new one says the same: {seen:?}");
        assert_eq!((peer.record().connections, peer.record().messages.len()), (3, 2));
    }
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_meanwhile_is_not_used() {
    for act in [
        Act::SayAndClose("250 2.0.0 taken\r\n"),
        Act::Say("250 2.0.0 taken\r\n421 4.3.2 going down\r\n"),
    ] {
        let peer = Peer::start(Script::pipelining().on("end", act)).await;
        let outbound = outbound(OutboundLimits::default());
        deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
        if matches!(act, Act::SayAndClose(_)) {
            peer.wait_for(|record| record.closed == 1).await;
        }
        let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Delivered"));
        assert_eq!((peer.record().connections, peer.record().messages.len()), (2, 2));
    }
}

#[tokio::test]
async fn a_kept_connection_that_is_silent_costs_a_share_only() {
    let script =
        Script::pipelining().on("mail", Act::Say("250 2.1.0 ok\r\n")).on("mail", Act::Silence);
    let peer = Peer::start(script).await;
    let outbound = outbound(OutboundLimits { command_time: SHORT, ..OutboundLimits::default() });
    for _ in 0..2 {
        let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Delivered"));
    }
    assert_eq!(peer.record().connections, 2);
}

#[tokio::test]
async fn idle_connections_are_closed_in_time_and_politely() {
    let peer = Peer::start(Script::pipelining()).await;
    let outbound = outbound(OutboundLimits { idle_time: SHORT, ..OutboundLimits::default() });
    for round in 1..=2 {
        deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
        assert_eq!(outbound.idle_connections(), 1);
        peer.wait_for(|record| record.closed == round).await;
        assert_eq!(peer.record().count("QUIT"), round);
        assert_eq!(outbound.idle_connections(), 0);
    }
}

#[tokio::test]
async fn closing_takes_leave_and_dropping_closes() {
    let peer = Peer::start(Script::pipelining()).await;
    let outbound = outbound(OutboundLimits::default());
    deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
    outbound.close().await;
    peer.wait_for(|record| record.closed == 1).await;
    assert_eq!(peer.record().count("QUIT"), 1);
    deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
    drop(outbound);
    peer.wait_for(|record| record.closed == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_in_use_are_bounded_and_waiting_counts() {
    let peer = Peer::start(Script::pipelining()).await;
    let limits = OutboundLimits { per_route: 3, idle_per_next_hop: 2, ..OutboundLimits::default() };
    let outbound = Arc::new(outbound(limits));
    let mut tasks = tokio::task::JoinSet::new();
    for nth in 0..60 {
        let (outbound, hop) = (Arc::clone(&outbound), peer.hop.clone());
        tasks.spawn(async move {
            let mail = mail(&["bob@sink.test"], &format!("Subject: {nth}\r\n\r\n"));
            let attempts = deliver(&outbound, &hop, &mail, AMPLE).await;
            assert!(shown(&attempts[0]).starts_with("Delivered"));
        });
    }
    tasks.join_all().await;
    let record = peer.record();
    let mut messages = record.messages.clone();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), 60, "each arrived once");
    assert!(record.connections - record.count("QUIT") <= 3, "{record:?}");
    assert!(outbound.idle_connections() <= 2);

    let silent = Peer::start(Script::pipelining().on("greeting", Act::Silence)).await;
    let limits = OutboundLimits { per_route: 1, ..OutboundLimits::default() };
    let outbound = crate::outbound(limits);
    let mail = simple_mail();
    let (first, second) = tokio::join!(
        deliver(&outbound, &silent.hop, &mail, SHORT * 2),
        deliver(&outbound, &silent.hop, &mail, SHORT)
    );
    for attempts in [first, second] {
        assert!(shown(&attempts[0]).starts_with("Deferred 451 4.4.7"));
        assert!(attempts[0].elapsed < Duration::from_secs(5));
    }
    assert_eq!(silent.record().connections, 1);
}

#[tokio::test]
async fn one_who_causes_much_mail_does_not_hold_all_places_of_a_destination() {
    let script = (0..5).fold(Script::pipelining(), |script, _| script.on("mail", Act::Silence));
    let peer = Peer::start(script).await;
    let limits = OutboundLimits { per_route: 10, ..OutboundLimits::default() };
    let outbound = Arc::new(outbound(limits));
    let caused_by = |cause: &str| Outgoing { cause: Cause::named(cause), ..simple_mail() };
    let mut held = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (outbound, hop, mail) = (Arc::clone(&outbound), peer.hop.clone(), caused_by("flood"));
        held.spawn(async move { deliver(&outbound, &hop, &mail, AMPLE).await });
    }
    peer.wait_for(|record| record.count("MAIL") == 5).await;
    for other in ["one", "two"] {
        let attempts = deliver(&outbound, &peer.hop, &caused_by(other), SHORT).await;
        assert!(shown(&attempts[0]).starts_with("Delivered"), "{attempts:?}");
    }
    assert_eq!(peer.record().messages.len(), 2, "nobody else had a place");
}

#[tokio::test]
async fn a_delivery_that_is_dropped_gives_its_place_back() {
    let peer = Peer::start(Script::pipelining().on("mail", Act::Silence)).await;
    let outbound = outbound(OutboundLimits { per_route: 1, ..OutboundLimits::default() });
    let mail = simple_mail();
    tokio::select! {
        _ = deliver(&outbound, &peer.hop, &mail, AMPLE) => panic!("the peer is silent"),
        () = peer.wait_for(|record| record.count("MAIL") == 1) => {}
    }
    let attempts = deliver(&outbound, &peer.hop, &mail, AMPLE).await;
    assert!(shown(&attempts[0]).starts_with("Delivered"));
}

#[tokio::test]
async fn a_kept_connection_that_breaks_midway_is_tried_afresh() {
    for step in ["rcpt", "data"] {
        let usual = if step == "data" { "354 go\r\n" } else { "250 2.1.5 ok\r\n" };
        let script = Script::plain().on(step, Act::Say(usual)).on(step, Act::Reset);
        let peer = Peer::start(script).await;
        let outbound = outbound(OutboundLimits::default());
        for _ in 0..2 {
            let attempts = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await;
            assert!(shown(&attempts[0]).starts_with("Delivered"), "{step}");
        }
        assert_eq!((peer.record().connections, peer.record().messages.len()), (2, 2));
    }
}

#[tokio::test]
async fn without_recipients_nothing_is_done() {
    let peer = Peer::start(Script::plain()).await;
    let outbound = outbound(OutboundLimits::default());
    assert!(deliver(&outbound, &peer.hop, &mail(&[], "x\r\n"), AMPLE).await.is_empty());
    assert_eq!(peer.record().connections, 0);
}
