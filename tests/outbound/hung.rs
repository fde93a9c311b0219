//! Hosts that use up the time of a delivery.

use crate::{
    AMPLE, SHORT, deliver, outbound,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::outbound::{Deadline, OutboundLimits};
use std::time::Duration;
use tokio::time::Instant;

/// Who has waited so long has seen a host hang.
fn quickly() -> OutboundLimits {
    OutboundLimits { connect_time: SHORT / 2, ..OutboundLimits::default() }
}

#[tokio::test]
async fn one_that_hung_is_waited_for_by_one_at_a_time_until_it_answers() {
    for step in ["greeting", "mail"] {
        let usual = if step == "mail" { "250 2.1.0 ok\r\n" } else { "220 here\r\n" };
        let script = Script::plain().on(step, Act::Silence).on(step, Act::Silence);
        let peer = Peer::start(script.on(step, Act::Say(usual))).await;
        let (outbound, mail) = (outbound(quickly()), simple_mail());
        let first = deliver(&outbound, &peer.hop, &mail, SHORT).await;
        assert!(shown(&first[0]).starts_with("Deferred 451 4.4.7"), "{step}");

        let (second, third) = tokio::join!(
            deliver(&outbound, &peer.hop, &mail, SHORT),
            deliver(&outbound, &peer.hop, &mail, AMPLE)
        );
        for attempt in [&second[0], &third[0]] {
            assert!(shown(attempt).starts_with("Deferred 451 4.4.7"), "{step}: {attempt:?}");
            assert!(attempt.is_asleep, "{step}");
        }
        assert!(third[0].elapsed < SHORT, "{step}: the third did not wait: {third:?}");
        assert_eq!(peer.record().connections, 2, "{step}");

        let fourth = deliver(&outbound, &peer.hop, &mail, AMPLE).await;
        assert!(shown(&fourth[0]).starts_with("Delivered"), "{step}: {fourth:?}");
        let (one, other) = tokio::join!(
            deliver(&outbound, &peer.hop, &mail, AMPLE),
            deliver(&outbound, &peer.hop, &mail, AMPLE)
        );
        for attempts in [one, other] {
            assert!(shown(&attempts[0]).starts_with("Delivered"), "{step}: awake again");
        }
    }
}

#[tokio::test]
async fn the_time_for_a_greeting_is_no_limit_for_what_follows() {
    let silent = Peer::start(Script::plain().on("greeting", Act::Silence)).await;
    let outbound = outbound(OutboundLimits::default());
    let mail = simple_mail();
    let within = |opening| Deadline { end: Instant::now() + AMPLE, opening: Some(opening) };
    let attempts = outbound.deliver(&silent.hop, &mail, within(SHORT)).await;
    assert!(shown(&attempts[0]).starts_with("Deferred 451 4.4.7") && attempts[0].is_asleep);
    assert!(attempts[0].elapsed < Duration::from_secs(5), "{attempts:?}");

    let slow = Peer::start(Script::plain().on("mail", Act::Silence)).await;
    let deadline = Deadline { end: Instant::now() + SHORT * 4, opening: Some(SHORT) };
    let attempts = outbound.deliver(&slow.hop, &mail, deadline).await;
    assert!(attempts[0].elapsed > SHORT * 3, "{attempts:?}");
}
