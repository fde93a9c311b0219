//! What a provider gets: connections, messages over one, nothing for a time. Measured where it arrives.

use crate::{
    AMPLE, config, deliver,
    dns::{Zone, serve},
    mail,
    mx::shared_port,
    outbound,
    peer::{Act, Peer, Script},
    shown, simple_mail,
};
use onward::{
    address::Domain,
    fate::Verdict,
    next_hop::NextHop,
    outbound::{Attempt, Governor, Outbound, OutboundLimits, Outgoing},
    provider::{Limits, OwnProvider, Providers, governor::State},
    rate::parse_rate,
    slots::Cause,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, interval, timeout},
};

/// Gmail, Yahoo, Apple, Outlook.com and one that nobody knows, all at one port of addresses of their own.
struct World {
    outbound: Arc<Outbound>,
    port: u16,
}

const HOSTS: [(&str, &str); 7] = [
    ("gmail-smtp-in.l.google.com", "127.0.0.1"),
    ("alt1.gmail-smtp-in.l.google.com", "127.0.0.6"),
    ("mta5.am0.yahoodns.net", "127.0.0.2"),
    ("mx01.mail.icloud.com", "127.0.0.3"),
    ("outlook-com.olc.protection.outlook.com", "127.0.0.4"),
    ("mx.hoster.test", "127.0.0.5"),
    ("mx.rated.test", "127.0.0.7"),
];

const GOOGLE: u8 = 1;
const YAHOO: u8 = 2;
const APPLE: u8 = 3;
const OUTLOOK: u8 = 4;
const HOSTER: u8 = 5;

impl World {
    async fn new(own: Vec<OwnProvider>) -> Self {
        let zone = (0..200).fold(Zone::default(), |zone, task| {
            zone.mx(&format!("*.t{task}.google.test"), 10, HOSTS[0].0)
        });
        let zone = zone
            .mx("*.google.test", 10, HOSTS[0].0)
            .mx("other.google.test", 10, HOSTS[1].0)
            .mx("yahoo.test", 10, HOSTS[2].0)
            .mx("apple.test", 10, HOSTS[3].0)
            .mx("outlook.test", 10, HOSTS[4].0)
            .mx("hoster.test", 10, HOSTS[5].0)
            .mx("rated.test", 10, HOSTS[6].0);
        let zone = HOSTS.iter().fold(zone, |zone, (host, ip)| zone.a(host, ip));
        let (dns, _) = serve(zone).await;
        let port = shared_port();
        let mut config = config(OutboundLimits::default(), &[dns], port);
        config.governor = Governor::new(Providers::new(own));
        Self { outbound: Arc::new(Outbound::new(config)), port }
    }

    async fn host(&self, last: u8, script: Script) -> Peer {
        let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), self.port));
        Peer::start_at(address, script).await
    }

    async fn send(&self, domain: &str) -> Attempt {
        self.send_as(domain, &simple_mail()).await
    }

    async fn send_as(&self, domain: &str, mail: &Outgoing) -> Attempt {
        deliver(&self.outbound, &hop(domain), mail, AMPLE).await.remove(0)
    }

    fn state(&self, provider: &str) -> State {
        let told = self.outbound.governor().told();
        told.into_iter().find(|one| one.provider == provider).map_or(State::Usual, |one| one.state)
    }
}

fn hop(domain: &str) -> NextHop {
    NextHop::of(&Domain::parse(domain).unwrap())
}

fn from(cause: usize) -> Outgoing {
    Outgoing { cause: Cause::named(&cause.to_string()), ..simple_mail() }
}

/// `GOVERNED_DOMAINS=10000` has as many as the name says.
#[tokio::test]
async fn ten_thousand_domains_of_one_provider_have_its_connections_in_all() {
    let world = World::new(Vec::new()).await;
    let google = world.host(GOOGLE, Script::pipelining()).await;
    let count = std::env::var("GOVERNED_DOMAINS").map_or(2_000, |count| count.parse().unwrap());
    let mut tasks = JoinSet::new();
    for task in 0..200 {
        let outbound = Arc::clone(&world.outbound);
        tasks.spawn(async move {
            for nth in 0..count / 200 {
                let hop = hop(&format!("d{nth}.t{task}.google.test"));
                let by = Instant::now() + Duration::from_mins(10);
                let attempt = outbound.deliver(&hop, &from(task % 40), by).await.remove(0);
                assert_eq!(attempt.outcome.verdict, Verdict::Delivered, "{attempt:?}");
            }
        });
    }
    tasks.join_all().await;
    let record = google.record();
    assert_eq!(record.messages.len(), count);
    assert!(record.most <= 5, "{} at once", record.most);
    assert!(record.connections >= count / 50, "50 messages over each: {}", record.connections);
    // A connection that has carried all that it may is said good-bye to behind the last answer.
    let is_over = async {
        let mut looks = interval(Duration::from_millis(10));
        while world.outbound.governor().told()[0].in_use > 0 {
            looks.tick().await;
        }
    };
    timeout(Duration::from_secs(10), is_over).await.expect("no connection stays in use");
}

#[tokio::test]
async fn each_provider_has_its_number_of_messages_over_a_connection() {
    for (domain, last, messages) in
        [("yahoo.test", YAHOO, 20), ("apple.test", APPLE, 5), ("a.google.test", GOOGLE, 50)]
    {
        let world = World::new(Vec::new()).await;
        let peer = world.host(last, Script::pipelining()).await;
        for _ in 0..=messages {
            assert!(shown(&world.send(domain).await).starts_with("Delivered"));
        }
        assert_eq!((peer.record().connections, peer.record().most), (2, 1), "{domain}");
        assert_eq!(peer.record().count("QUIT"), 1, "{domain}: it takes leave");
    }
}

/// Its two hosts are two next hops with a connection each that is kept.
#[tokio::test]
async fn a_kept_connection_makes_room_for_another_of_the_provider() {
    let own = OwnProvider {
        name: "google".into(),
        suffixes: vec![".google.com".into()],
        limits: Limits { connections: 1, ..Limits::OTHERS },
    };
    let world = World::new(vec![own]).await;
    let one = world.host(GOOGLE, Script::pipelining()).await;
    let other = world.host(6, Script::pipelining()).await;
    for domain in ["a.google.test", "other.google.test", "b.google.test", "a.google.test"] {
        assert!(shown(&world.send(domain).await).starts_with("Delivered"));
        let open = [&one, &other].map(|peer| peer.record().connections - peer.record().closed);
        assert_eq!(open.iter().sum::<usize>(), 1, "{domain}");
    }
    assert_eq!((one.record().count("QUIT"), other.record().count("QUIT")), (1, 1));
    assert_eq!(
        one.record().connections,
        2,
        "one for both domains at that host, until it made room"
    );
}

#[tokio::test]
async fn a_suspended_provider_gets_no_connection_and_others_are_not_slowed() {
    let world = World::new(Vec::new()).await;
    let said =
        "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to user complaints\r\n";
    let yahoo = world.host(YAHOO, Script::pipelining().on("mail", Act::SayAndClose(said))).await;
    let hoster = world.host(HOSTER, Script::pipelining()).await;
    let first = world.send("yahoo.test").await;
    assert!(shown(&first).starts_with("Deferred 451 4.7.0"), "{first:?}");
    assert!(!first.is_asleep && first.held.is_none());
    assert_eq!(world.state("yahoo"), State::Suspended);
    for _ in 0..3 {
        let held = world.send("yahoo.test").await;
        assert!(shown(&held).starts_with("Deferred 451 4.7.1"), "{held:?}");
        let hold = held.held.unwrap();
        assert!(hold.is_suspended && hold.why.contains("TSS04"), "{hold:?}");
        assert_eq!(held.remote, None);
    }
    assert_eq!(yahoo.record().connections, 1);
    assert!(shown(&world.send("hoster.test").await).starts_with("Delivered"));
    assert_eq!(hoster.record().connections, 1);
    assert!(world.outbound.governor().resume("yahoo"));
    assert!(shown(&world.send("yahoo.test").await).starts_with("Delivered"));
    assert_eq!(yahoo.record().messages.len(), 1);
}

#[tokio::test]
async fn who_waits_for_a_connection_does_not_wait_for_one_who_is_suspended() {
    let own = OwnProvider {
        name: "yahoo".into(),
        suffixes: vec![".yahoodns.net".into()],
        limits: Limits { connections: 1, ..Limits::OTHERS },
    };
    let world = World::new(vec![own]).await;
    let said = "421 4.7.0 [TSS04] temporarily deferred\r\n";
    let yahoo = world.host(YAHOO, Script::pipelining().on("end", Act::SayAndClose(said))).await;
    let mut tasks = JoinSet::new();
    for nth in 0..20 {
        let outbound = Arc::clone(&world.outbound);
        let by = Instant::now() + Duration::from_mins(10);
        tasks.spawn(
            async move { outbound.deliver(&hop("yahoo.test"), &from(nth), by).await.remove(0) },
        );
    }
    let attempts = tasks.join_all().await;
    let held = attempts.iter().filter(|attempt| attempt.held.is_some()).count();
    assert_eq!((held, yahoo.record().connections), (19, 1));
}

#[tokio::test]
async fn a_block_of_our_address_is_no_refusal_of_the_mail() {
    let world = World::new(Vec::new()).await;
    let said = "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Part of their network is on our block list (S3140).\r\n";
    for step in ["greeting", "mail"] {
        let world = World::new(Vec::new()).await;
        let script = Script::pipelining().on(step, Act::SayAndClose(said));
        let outlook = world.host(OUTLOOK, script).await;
        let attempt = world.send("outlook.test").await;
        assert_eq!(attempt.outcome.verdict, Verdict::Deferred, "{step}: {attempt:?}");
        assert!(attempt.theirs.is_some_and(|theirs| theirs.to_string().contains("S3140")));
        assert_eq!(world.state("outlook"), State::Suspended, "{step}");
        assert_eq!(outlook.record().connections, 1);
    }
    // What the mail itself is refused for, it is.
    let refused = "550 5.7.515 Access denied, sending domain a.test does not meet the level\r\n";
    world.host(OUTLOOK, Script::pipelining().on("end", Act::Say(refused))).await;
    assert!(shown(&world.send("outlook.test").await).starts_with("Refused 550 5.7.0"));
    assert_eq!(world.state("outlook"), State::Usual);
}

#[tokio::test]
async fn one_mailbox_that_is_busy_says_nothing_of_the_others() {
    let world = World::new(Vec::new()).await;
    let busy = "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents it\r\n";
    world.host(GOOGLE, Script::pipelining().on("rcpt", Act::Say(busy))).await;
    let attempt = world.send("a.google.test").await;
    assert!(shown(&attempt).starts_with("Deferred 451 4.2.1") && !attempt.is_asleep);
    assert_eq!(world.state("google"), State::Usual);
    assert!(shown(&world.send("a.google.test").await).starts_with("Delivered"));
}

#[tokio::test]
async fn a_421_that_nobody_knows_is_about_the_message_until_the_fifth() {
    let world = World::new(Vec::new()).await;
    let script = (0..5).fold(Script::pipelining(), |script, _| {
        script.on("rcpt", Act::SayAndClose("421 4.0.0 not now\r\n"))
    });
    let hoster = world.host(HOSTER, script).await;
    for nth in 1..=5 {
        let attempt = world.send_as("hoster.test", &from(nth)).await;
        assert!(!attempt.is_asleep && attempt.held.is_none(), "{nth}: {attempt:?}");
    }
    assert!(world.send("hoster.test").await.held.is_some());
    assert_eq!(hoster.record().connections, 5);
}

/// Some recipients at once, the others at once behind them.
#[tokio::test]
async fn recipients_beyond_what_fits_have_a_transaction_of_their_own() {
    let world = World::new(Vec::new()).await;
    let script = Script::plain()
        .on("rcpt", Act::Say("250 2.1.5 ok\r\n"))
        .on("rcpt", Act::Say("250 2.1.5 ok\r\n"))
        .on("rcpt", Act::Say("452 4.5.3 Too many recipients\r\n"));
    let google = world.host(GOOGLE, script).await;
    let three =
        mail(&["a@a.google.test", "b@a.google.test", "c@a.google.test"], "Subject: x\r\n\r\nx\r\n");
    let attempts = deliver(&world.outbound, &hop("a.google.test"), &three, AMPLE).await;
    assert!(
        attempts.iter().all(|attempt| attempt.outcome.verdict == Verdict::Delivered),
        "{attempts:?}"
    );
    let record = google.record();
    assert_eq!((record.connections, record.messages.len()), (1, 2));
    assert_eq!(record.commands.iter().filter(|line| line.contains("<c@")).count(), 2);
    // Nobody gets through: that would go on for ever.
    let script = Script::plain().on("rcpt", Act::Say("452 4.5.3 Too many recipients\r\n"));
    let apple = world.host(APPLE, script).await;
    let attempt = world.send("apple.test").await;
    assert_eq!((attempt.outcome.verdict, apple.record().messages.len()), (Verdict::Deferred, 0));
}

#[tokio::test]
async fn messages_beyond_a_rate_are_held_without_a_connection() {
    let own = OwnProvider {
        name: "rated".into(),
        suffixes: vec!["mx.rated.test".into()],
        limits: Limits { rate: Some(parse_rate("2/1h").unwrap()), ..Limits::OTHERS },
    };
    let world = World::new(vec![own]).await;
    let rated = world.host(7, Script::pipelining()).await;
    for _ in 0..2 {
        assert!(shown(&world.send("rated.test").await).starts_with("Delivered"));
    }
    let held = world.send("rated.test").await.held.unwrap();
    assert!(!held.is_suspended);
    assert_eq!((rated.record().messages.len(), rated.record().connections), (2, 1));
}

/// The operator's own hosts may say what they like.
#[tokio::test]
async fn nothing_is_concluded_from_what_the_host_of_a_route_says() {
    let script = (0..8).fold(Script::pipelining(), |script, _| {
        script.on("mail", Act::SayAndClose("421 4.7.0 rate limited, try again later\r\n"))
    });
    let peer = Peer::start(script).await;
    let outbound = outbound(OutboundLimits::default());
    for _ in 0..8 {
        let attempt = deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await.remove(0);
        assert!(attempt.held.is_none(), "{attempt:?}");
    }
    assert!(
        shown(&deliver(&outbound, &peer.hop, &simple_mail(), AMPLE).await[0])
            .starts_with("Delivered")
    );
}
