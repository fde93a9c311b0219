use super::{
    authority::{Authority, Kind},
    counted, dns, sent,
    server::{Between, Server},
    sink, trusting,
};
use crate::{AMPLE, SHORT, deliver, shown, simple_mail};
use onward::{
    next_hop::{NextHop, TlsLevel},
    outbound::{Outbound, Preferences},
};

const DELIVERED: &str = "Delivered 250 2.0.0 Destination: id forwarded, the destination said 2xx";

#[tokio::test]
async fn opportunistic_takes_what_it_gets() {
    let authority = Authority::new();
    let issued = authority.issue("somebody.else.test", Kind::SelfSigned);
    for (between, is_encrypted, results) in [
        (Between::Nobody, true, "no-policy-found success: 1"),
        (Between::Stripper, false, "no-policy-found starttls-not-supported: 1"),
        (Between::Refuser, false, "no-policy-found starttls-not-supported: 1"),
        (Between::Babbler, false, "no-policy-found validation-failure: 1"),
        (Between::Injector, false, "no-policy-found validation-failure: 1"),
        (Between::Mute, false, "no-policy-found validation-failure: 1"),
        (Between::Demander, false, "no-policy-found validation-failure: 1"),
    ] {
        let server = Server::start(&issued, between).await;
        let (name_server, _) = dns::serve(sink()).await;
        let mut config = trusting(&authority, name_server, server.port());
        config.limits.command_time = SHORT;
        let outbound = Outbound::new(config);
        let (verdict, tls) = sent(&outbound, "sink.test").await;
        assert_eq!(verdict, DELIVERED);
        let arrived = server.arrived();
        assert_eq!(arrived.len(), 1);
        assert_eq!((arrived[0].is_some(), !tls.is_empty()), (is_encrypted, is_encrypted), "{tls}");
        if is_encrypted {
            assert_eq!(tls, "TLSv1.3 TLS_AES_256_GCM_SHA384, any certificate");
        }
        assert_eq!(counted(&outbound.take_tls_results()), [results]);
        assert!(outbound.take_tls_results().is_empty());
    }
}

#[tokio::test]
async fn whoever_is_never_to_have_plaintext_has_none() {
    let authority = Authority::new();
    let issued = authority.issue("somebody.else.test", Kind::Expired);
    for (pattern, between, reply) in [
        ("sink.test", Between::Nobody, None),
        ("*.sink.test", Between::Stripper, Some("451 4.7.4")),
        ("sink.test", Between::Stripper, Some("451 4.7.4")),
        ("sink.test", Between::Refuser, Some("451 4.7.4")),
        ("sink.test", Between::Babbler, Some("451 4.7.5")),
        ("sink.test", Between::Injector, Some("451 4.7.5")),
        ("sink.test", Between::Demander, Some("451 4.7.5")),
    ] {
        let server = Server::start(&issued, between).await;
        let (name_server, _) = dns::serve(sink()).await;
        let mut config = trusting(&authority, name_server, server.port());
        let never_plaintext = vec![pattern.parse().unwrap()];
        config.preferences = Preferences { never_plaintext, ..Preferences::default() };
        let (verdict, _) = sent(&Outbound::new(config), "sink.test").await;
        let arrived = server.arrived();
        match reply {
            None => assert!(verdict == DELIVERED && arrived[0].is_some(), "{verdict}"),
            Some(reply) => {
                assert!(verdict.starts_with(&format!("Deferred {reply}")), "{verdict}");
                assert!(arrived.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_route_has_the_level_that_it_says() {
    let authority = Authority::new();
    let issued = authority.issue("somebody.else.test", Kind::SelfSigned);
    let (name_server, _) = dns::serve(sink()).await;
    for (level, between, expected) in [
        (TlsLevel::None, Between::Nobody, Some(false)),
        (TlsLevel::Opportunistic, Between::Nobody, Some(true)),
        (TlsLevel::Opportunistic, Between::Refuser, Some(false)),
        (TlsLevel::Required, Between::Nobody, Some(true)),
        (TlsLevel::Required, Between::Stripper, None),
    ] {
        let server = Server::start(&issued, between).await;
        let outbound = Outbound::new(trusting(&authority, name_server, 25));
        let hop: NextHop = server.address.to_string().parse().unwrap();
        let hop = NextHop { tls: level, ..hop };
        let attempt = deliver(&outbound, &hop, &simple_mail(), AMPLE).await.remove(0);
        match expected {
            Some(is_encrypted) => {
                assert_eq!(server.arrived()[0].is_some(), is_encrypted, "{level:?}");
            }
            None => assert!(shown(&attempt).starts_with("Deferred 451 4.7.4"), "{attempt:?}"),
        }
        assert!(outbound.take_tls_results().is_empty(), "a route is nobody's policy");
    }
}

#[tokio::test]
async fn connections_are_kept_apart_by_level() {
    let authority = Authority::new();
    let server = Server::start(&authority.issue("a.test", Kind::Good), Between::Nobody).await;
    let (name_server, _) = dns::serve(sink()).await;
    let outbound = Outbound::new(trusting(&authority, name_server, 25));
    let hop: NextHop = server.address.to_string().parse().unwrap();
    for level in [TlsLevel::None, TlsLevel::Required, TlsLevel::None, TlsLevel::Required] {
        let hop = NextHop { tls: level, ..hop.clone() };
        deliver(&outbound, &hop, &simple_mail(), AMPLE).await;
    }
    let encrypted: Vec<bool> = server.arrived().iter().map(Option::is_some).collect();
    assert_eq!(encrypted, [false, true, false, true]);
    assert_eq!(outbound.idle_connections(), 2);
}
