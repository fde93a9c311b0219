//! The message that finds out whether a suspension can end, and what replies say of whom.

use crate::{
    AMPLE, SHORT, config, deliver,
    dns::{Zone, serve},
    mail,
    mx::shared_port,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::{
    address::Domain,
    fate::Verdict,
    next_hop::NextHop,
    outbound::{Outbound, OutboundLimits},
    provider::governor::{Kept, State},
};
use std::net::{Ipv4Addr, SocketAddr};

const TSS04: &str =
    "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to user complaints\r\n";

/// Yahoo with two hosts of three addresses each, and a hoster.
struct World {
    outbound: Outbound,
    port: u16,
}

impl World {
    async fn new() -> Self {
        let (one, other) = ("mta5.am0.yahoodns.net", "mta6.am0.yahoodns.net");
        let zone = Zone::default()
            .mx("yahoo.test", 10, one)
            .mx("yahoo.test", 20, other)
            .mx("hoster.test", 10, "mx.hoster.test")
            .a("mx.hoster.test", "127.0.0.17");
        let zone = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
            .iter()
            .fold(zone, |zone, ip| zone.a(one, ip));
        let zone = ["127.0.0.14", "127.0.0.15"].iter().fold(zone, |zone, ip| zone.a(other, ip));
        let (dns, _) = serve(zone).await;
        let port = shared_port();
        let outbound = Outbound::new(config(OutboundLimits::default(), &[dns], port));
        Self { outbound, port }
    }

    async fn host(&self, last: u8, script: Script) -> Peer {
        let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), self.port));
        Peer::start_at(address, script).await
    }

    fn state(&self, provider: &str) -> State {
        let told = self.outbound.governor().told();
        told.into_iter().find(|one| one.provider == provider).map_or(State::Usual, |one| one.state)
    }

    /// It is time for a probe.
    fn let_one_ask(&self) {
        let governor = self.outbound.governor();
        let mut kept = serde_json::to_value(governor.kept()).unwrap();
        kept["providers"][0]["suspended"]["probe_at"] = 0.into();
        governor.go_on(serde_json::from_value::<Kept>(kept).unwrap());
        assert_eq!(governor.hold("yahoo"), None);
    }

    async fn send(&self, domain: &str) -> String {
        let hop = NextHop::of(&Domain::parse(domain).unwrap());
        shown(&deliver(&self.outbound, &hop, &simple_mail(), AMPLE).await.remove(0))
    }
}

#[tokio::test]
async fn a_probe_is_one_connection_however_many_hosts_and_addresses_there_are() {
    let world = World::new().await;
    let mut peers = Vec::new();
    // Nobody is at the first address of all, which is no answer.
    for last in 12..=15 {
        let script = (0..9)
            .fold(Script::pipelining(), |script, _| script.on("greeting", Act::SayAndClose(TSS04)));
        peers.push(world.host(last, script).await);
    }
    let connections = || peers.iter().map(|peer| peer.record().connections).sum::<usize>();
    assert!(world.send("yahoo.test").await.starts_with("Deferred"));
    assert_eq!((connections(), world.state("yahoo")), (1, State::Suspended));
    for probe in 2..5 {
        world.let_one_ask();
        assert!(world.send("yahoo.test").await.starts_with("Deferred"));
        assert_eq!((connections(), world.state("yahoo")), (probe, State::Suspended));
        assert!(world.outbound.governor().hold("yahoo").is_some(), "nobody else asks");
    }
}

/// It is not known what that was about; the others are not asked all the same.
#[tokio::test]
async fn a_probe_that_hears_what_nobody_knows_asks_no_other_host() {
    let world = World::new().await;
    let first = world.host(11, Script::pipelining().on("mail", Act::SayAndClose(TSS04))).await;
    let other = world.host(12, Script::pipelining()).await;
    assert!(world.send("yahoo.test").await.starts_with("Deferred"));
    let before = first.record().connections + other.record().connections;
    for act in [Act::SayAndClose("421 4.0.0 what\r\n"), Act::Close] {
        let script = |peer: &Peer| peer.then("mail", act);
        [&first, &other].into_iter().for_each(script);
        world.let_one_ask();
        assert!(world.send("yahoo.test").await.starts_with("Deferred"), "{act:?}");
        assert_eq!(world.state("yahoo"), State::Suspended);
        [&first, &other].into_iter().for_each(Peer::forget_script);
    }
    assert_eq!(first.record().connections + other.record().connections, before + 2);
    world.let_one_ask();
    assert!(world.send("yahoo.test").await.starts_with("Delivered"));
    assert_eq!(world.state("yahoo"), State::Slowed, "it begins again with one");
}

#[tokio::test]
async fn while_a_probe_hangs_nobody_else_asks_and_its_place_comes_back() {
    let world = World::new().await;
    let yahoo = world.host(11, Script::pipelining().on("mail", Act::SayAndClose(TSS04))).await;
    assert!(world.send("yahoo.test").await.starts_with("Deferred"));
    yahoo.then("mail", Act::Silence);
    world.let_one_ask();
    let hop = NextHop::of(&Domain::parse("yahoo.test").unwrap());
    let one = simple_mail();
    let (hung, other) = tokio::join!(deliver(&world.outbound, &hop, &one, SHORT), async {
        yahoo.wait_for(|record| record.count("MAIL") == 2).await;
        deliver(&world.outbound, &hop, &one, AMPLE).await.remove(0)
    });
    assert!(shown(&hung[0]).starts_with("Deferred 451 4.4.7"), "{hung:?}");
    assert!(other.held.is_some(), "{other:?}");
    assert_eq!(yahoo.record().connections, 2);
    let told = world.outbound.governor().told().remove(0);
    assert_eq!((told.state, told.in_use), (State::Suspended, 0));
}

#[tokio::test]
async fn what_is_said_of_all_on_a_kept_connection_is_heard_there() {
    let world = World::new().await;
    let script = Script::pipelining().on("mail", Act::Say("250 2.1.0 ok\r\n"));
    let yahoo = world.host(11, script.on("mail", Act::SayAndClose(TSS04))).await;
    assert!(world.send("yahoo.test").await.starts_with("Delivered"));
    assert!(world.send("yahoo.test").await.starts_with("Deferred 451 4.7.0"));
    assert_eq!((yahoo.record().connections, world.state("yahoo")), (1, State::Suspended));
}

#[tokio::test]
async fn how_a_mailbox_is_called_decides_nothing() {
    let world = World::new().await;
    let hoster = world.host(17, Script::plain()).await;
    let hop = NextHop::of(&Domain::parse("hoster.test").unwrap());
    for (name, said) in [
        ("throttled", "450 4.7.1 throttled: Recipient address rejected\r\n"),
        ("throttl.x", "450 4.7.1 Recipient 'throttl' of throttle.test is not here\r\n"),
    ] {
        hoster.then("rcpt", Act::Say(said));
        let one = mail(&[&format!("{name}@hoster.test")], "Subject: x\r\n\r\nx\r\n");
        let attempt = deliver(&world.outbound, &hop, &one, AMPLE).await.remove(0);
        assert_eq!(attempt.outcome.verdict, Verdict::Deferred);
        assert_eq!(world.state("hoster.test"), State::Usual, "{said}");
    }
    hoster.then("rcpt", Act::Say("450 4.7.1 Throttled, come back later\r\n"));
    assert!(world.send("hoster.test").await.starts_with("Deferred"));
    assert_eq!(world.state("hoster.test"), State::Slowed);
}

/// What their hosts say is passed on, but for what tells who they are.
#[tokio::test]
async fn replies_do_not_name_the_host_or_its_domain() {
    let world = World::new().await;
    let hoster = world.host(17, Script::plain()).await;
    hoster.then(
        "rcpt",
        Act::Say("550 5.7.1 mx.hoster.test: see https://help.hoster.test/1, or ask Gmail\r\n"),
    );
    assert_eq!(
        world.send("hoster.test").await,
        "Refused 550 5.7.1 Destination: (hidden) see (hidden) or ask (hidden)"
    );
}
