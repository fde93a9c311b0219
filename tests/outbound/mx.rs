//! Which hosts are tried, in which order, and when not.

use crate::{
    AMPLE, SHORT, config, deliver, dns,
    dns::Zone,
    outbound_with_dns,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::{
    address::Domain,
    next_hop::NextHop,
    outbound::{Deadline, Outbound, OutboundLimits, Preferences},
};
use std::net::TcpListener;
use tokio::time::Instant;

/// A port that is free on 127.0.0.1 to 127.0.0.7: the hosts of a domain share theirs.
pub(crate) fn shared_port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let others =
            [2, 3, 4, 5, 6, 7].map(|host| TcpListener::bind(format!("127.0.0.{host}:{port}")));
        if others.iter().all(Result::is_ok) {
            return port;
        }
    }
}

struct Net {
    port: u16,
    outbound: Outbound,
    asked: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

impl Net {
    async fn new(zone: Zone) -> Self {
        Self::with(zone, OutboundLimits::default()).await
    }

    async fn with(zone: Zone, limits: OutboundLimits) -> Self {
        let (server, asked) = dns::serve(zone).await;
        let port = shared_port();
        Self { port, outbound: outbound_with_dns(limits, &[server], port), asked }
    }

    async fn host(&self, host: u8, script: Script) -> Peer {
        Peer::start_at(([127, 0, 0, host], self.port).into(), script).await
    }

    async fn send(&self, domain: &str) -> (String, Option<String>) {
        let hop = NextHop::of(&Domain::parse(domain).unwrap());
        let attempts = deliver(&self.outbound, &hop, &simple_mail(), AMPLE).await;
        (shown(&attempts[0]), attempts[0].remote.clone())
    }
}

/// Two hosts, the first preferred.
fn two_hosts() -> Zone {
    Zone::default()
        .mx("sink.test", 20, "mx2.sink.test")
        .mx("sink.test", 10, "mx1.sink.test")
        .a("mx1.sink.test", "127.0.0.1")
        .a("mx2.sink.test", "127.0.0.2")
}

#[tokio::test]
async fn the_preferred_host_is_tried_first_and_is_asked_for_alone() {
    let net = Net::new(two_hosts()).await;
    let first = net.host(1, Script::pipelining()).await;
    let second = net.host(2, Script::pipelining()).await;
    let (outcome, remote) = net.send("sink.test").await;
    assert_eq!(outcome, "Delivered 250 2.0.0 Destination: taken");
    assert_eq!(remote, Some(format!("mx1.sink.test [127.0.0.1]:{}", net.port)));
    assert_eq!((first.record().messages.len(), second.record().connections), (1, 0));
    assert!(!net.asked.lock().unwrap().iter().any(|q| q.starts_with("mx2")));
}

#[tokio::test]
async fn hosts_that_hang_have_their_time_together() {
    let silent = || Script::plain().on("greeting", Act::Silence);
    let short = OutboundLimits { greeting_time: SHORT, ..OutboundLimits::default() };
    let net = Net::with(two_hosts(), short).await;
    let (first, second) = (net.host(1, silent()).await, net.host(2, silent()).await);
    let hop = NextHop::of(&Domain::parse("sink.test").unwrap());
    let deadline = Deadline { end: Instant::now() + AMPLE, opening: Some(SHORT * 4) };
    let attempts = net.outbound.deliver(&hop, &simple_mail(), deadline).await;
    assert!(shown(&attempts[0]).starts_with("Deferred 451 4.4.7"));
    assert_eq!((first.record().connections, second.record().connections), (1, 1));
    assert!(attempts[0].elapsed < AMPLE / 2, "{attempts:?}");
}

#[tokio::test]
async fn the_second_host_is_tried_when_the_first_does_not_serve() {
    let short = OutboundLimits { greeting_time: SHORT, ..OutboundLimits::default() };
    for (step, act) in [
        ("greeting", Act::Close),
        ("greeting", Act::Silence),
        ("greeting", Act::Say("554 5.7.1 not you\r\n")),
        ("greeting", Act::Say("421 4.3.2 busy\r\n")),
        ("greeting", Act::Say("450 4.3.2 busy\r\n")),
        ("greeting", Act::Say("hello\r\n")),
        ("ehlo", Act::SayAndClose("421 4.3.2 busy\r\n")),
        ("mail", Act::Reset),
        ("mail", Act::SayAndClose("421 4.3.2 busy\r\n")),
        ("rcpt", Act::SayAndClose("421 4.3.2 busy\r\n")),
        ("rcpt", Act::Close),
        ("data", Act::Close),
    ] {
        let net = Net::with(two_hosts(), short).await;
        let first = net.host(1, Script::pipelining().on(step, act)).await;
        let second = net.host(2, Script::pipelining()).await;
        let (outcome, remote) = net.send("sink.test").await;
        assert_eq!(outcome, "Delivered 250 2.0.0 Destination: taken", "{step} {act:?}");
        assert!(remote.unwrap().starts_with("mx2.sink.test"));
        assert_eq!((first.record().connections, second.record().messages.len()), (1, 1));
    }
}

#[tokio::test]
async fn the_second_host_is_tried_when_nobody_listens_at_the_first() {
    let net = Net::new(two_hosts()).await;
    let second = net.host(2, Script::pipelining()).await;
    assert!(net.send("sink.test").await.0.starts_with("Delivered"));
    assert_eq!(second.record().messages.len(), 1);
}

#[tokio::test]
async fn a_verdict_of_the_first_host_stands() {
    for (step, act, expected) in [
        ("mail", Act::Say("550 5.7.1 no\r\n"), "Refused 550 5.7.1 Destination: no"),
        ("rcpt", Act::Say("550 5.1.1 no\r\n"), "Refused 550 5.1.1 Destination: no"),
        ("rcpt", Act::Say("450 4.2.0 grey\r\n"), "Deferred 451 4.2.0 Destination: grey"),
        ("data", Act::SayAndClose("421 4.3.2 busy\r\n"), "Deferred 451 4.3.2 Destination: busy"),
        ("end", Act::Say("554 5.6.0 spam\r\n"), "Refused 554 5.6.0 Destination: spam"),
        (
            "end",
            Act::Close,
            "Deferred 451 4.4.2 The connection to the destination broke, try again later ?",
        ),
    ] {
        let net = Net::new(two_hosts()).await;
        let _first = net.host(1, Script::pipelining().on(step, act)).await;
        let second = net.host(2, Script::pipelining()).await;
        assert_eq!(net.send("sink.test").await.0, expected);
        assert_eq!(second.record().connections, 0, "{step}");
    }
}

#[tokio::test]
async fn all_hosts_fail_and_a_reply_tells_more_than_silence() {
    let net = Net::new(two_hosts()).await;
    let _first = net.host(1, Script::plain().on("greeting", Act::Say("554 5.7.1 no\r\n"))).await;
    let (outcome, remote) = net.send("sink.test").await;
    assert!(outcome.starts_with("Deferred 451 4.7.0"), "{outcome}");
    assert!(remote.unwrap().starts_with("mx1.sink.test"));
}

#[tokio::test]
async fn several_addresses_of_one_host() {
    let zone = Zone::default()
        .mx("sink.test", 10, "mx.sink.test")
        .aaaa("mx.sink.test", "::")
        .a("mx.sink.test", "0.0.0.0")
        .a("mx.sink.test", "224.0.0.1")
        .a("mx.sink.test", "255.255.255.255")
        .a("mx.sink.test", "127.0.0.1")
        .a("mx.sink.test", "127.0.0.2");
    let net = Net::new(zone).await;
    let second = net.host(2, Script::pipelining()).await;
    assert!(net.send("sink.test").await.0.starts_with("Delivered"));
    assert_eq!(second.record().messages.len(), 1);
}

#[tokio::test]
async fn implicit_mx_and_cnames() {
    let zone = Zone::default()
        .a("host.test", "127.0.0.1")
        .cname("alias.test", "real.test")
        .mx("real.test", 10, "mx-alias.test")
        .cname("mx-alias.test", "host.test");
    let net = Net::new(zone).await;
    let peer = net.host(1, Script::pipelining()).await;
    for domain in ["host.test", "alias.test"] {
        let (outcome, _) = net.send(domain).await;
        assert!(outcome.starts_with("Delivered"), "{domain}: {outcome}");
    }
    assert_eq!(peer.record().messages.len(), 2);
}

#[tokio::test]
async fn domains_that_cannot_be_reached() {
    let zone = Zone::default()
        .mx("null.test", 0, ".")
        .txt("text.test", "neither MX nor address")
        .mx("ours.test", 10, "mx.onward.test")
        .mx("ours.test", 20, "mx1.sink.test")
        .mx("dangling.test", 10, "none.test")
        .mx("zero.test", 10, "zero.test")
        .a("zero.test", "0.0.0.0")
        .mx("half.test", 10, "broken.test")
        .mx("half.test", 20, "none.test")
        .a("mx1.sink.test", "127.0.0.1")
        .servfail("broken.test");
    let net = Net::new(zone).await;
    let peer = net.host(1, Script::pipelining()).await;
    let not_found =
        "Deferred 451 4.4.4 The destination's domain has no mail server, try again later";
    let nonexistent = "Refused 550 5.1.2 The domain that this address leads to does not exist";
    let no_answer = "Deferred 451 4.4.3 DNS of the destination does not answer, try again later";
    for (domain, expected) in [
        ("null.test", "Refused 556 5.1.10 The destination does not accept mail (null MX)"),
        ("ours.test", "Refused 554 5.4.6 Mail loop detected"),
        ("none.test", nonexistent),
        ("text.test", nonexistent),
        ("dangling.test", not_found),
        ("zero.test", not_found),
        ("broken.test", no_answer),
        ("[0.0.0.0]", not_found),
    ] {
        let (outcome, remote) = net.send(domain).await;
        assert_eq!((outcome.as_str(), remote), (expected, None), "{domain}");
    }
    assert_eq!(peer.record().connections, 0);
}

#[tokio::test]
async fn dns_that_says_nothing_costs_its_share_only() {
    let limits = OutboundLimits { dns_time: SHORT, ..OutboundLimits::default() };
    let net = Net::with(Zone::default().silent("silent.test"), limits).await;
    let started = std::time::Instant::now();
    assert!(net.send("silent.test").await.0.starts_with("Deferred 451 4.4.3"));
    assert!(started.elapsed() < AMPLE / 4);
}

#[tokio::test]
async fn no_more_hosts_and_addresses_than_allowed() {
    let mut zone = Zone::default();
    for nth in 0..20 {
        let host = format!("mx{nth}.sink.test");
        zone = zone.mx("sink.test", nth, &host).a(&host, "127.0.0.3").a(&host, "127.0.0.1");
    }
    let net = Net::new(zone).await;
    let mut script = Script::pipelining();
    for _ in 0..100 {
        script = script.on("greeting", Act::Say("421 4.3.2 busy\r\n"));
    }
    let peer = net.host(1, script).await;
    assert_eq!(net.send("sink.test").await.0, "Deferred 451 4.3.2 Destination: busy");
    assert_eq!(peer.record().connections, 10);
}

#[tokio::test]
async fn a_route_to_a_host_name_has_no_mx() {
    let zone = Zone::default().mx("sink.test", 10, "mx.test").a("sink.test", "127.0.0.2");
    let net = Net::new(zone).await;
    let peer = net.host(2, Script::pipelining()).await;
    let hop = format!("sink.test:{}", net.port).parse().unwrap();
    let attempts = deliver(&net.outbound, &hop, &simple_mail(), AMPLE).await;
    assert!(shown(&attempts[0]).starts_with("Delivered"), "{attempts:?}");
    assert_eq!(peer.record().messages.len(), 1);
}

#[tokio::test]
async fn a_host_that_failed_lately_is_tried_last() {
    // One message a connection: none is kept that would hide which host is tried.
    let limits = OutboundLimits { messages_per_connection: 1, ..OutboundLimits::default() };
    let net = Net::with(two_hosts(), limits).await;
    let second = net.host(2, Script::pipelining()).await;
    let (_, remote) = net.send("sink.test").await;
    assert!(remote.unwrap().starts_with("mx2.sink.test"), "nobody listens at the first");
    let first = net.host(1, Script::pipelining()).await;
    net.send("sink.test").await;
    assert_eq!((first.record().connections, second.record().messages.len()), (0, 2));
}

#[tokio::test]
async fn the_family_that_is_preferred_comes_first() {
    let Ok(probe) = TcpListener::bind("[::1]:0") else { return };
    drop(probe);
    let zone = Zone::default()
        .mx("sink.test", 10, "mx.sink.test")
        .a("mx.sink.test", "127.0.0.1")
        .aaaa("mx.sink.test", "::1");
    let (server, _) = dns::serve(zone).await;
    let port = shared_port();
    let v4 = Peer::start_at(([127, 0, 0, 1], port).into(), Script::pipelining()).await;
    let v6 =
        Peer::start_at((std::net::Ipv6Addr::LOCALHOST, port).into(), Script::pipelining()).await;
    let hop = NextHop::of(&Domain::parse("sink.test").unwrap());
    let pattern = |text: &str| vec![text.parse().unwrap()];
    for (ipv4_first, ipv6_first, expected) in [
        (Vec::new(), Vec::new(), (1, 0)),
        (Vec::new(), pattern("sink.test"), (1, 1)),
        (Vec::new(), pattern("*.sink.test"), (1, 2)),
        (pattern("mx.sink.test"), pattern("*"), (2, 2)),
    ] {
        let mut config = config(OutboundLimits::default(), &[server], port);
        config.preferences = Preferences { ipv4_first, ipv6_first, ..Preferences::default() };
        deliver(&Outbound::new(config), &hop, &simple_mail(), AMPLE).await;
        assert_eq!((v4.record().messages.len(), v6.record().messages.len()), expected);
    }
}
