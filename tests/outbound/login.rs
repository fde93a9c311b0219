//! Logins at smart hosts, as far as connections are kept for them.

use crate::{
    AMPLE, config, deliver,
    dns::{self, Zone},
    peer::{Peer, Script},
    shown, simple_mail,
};
use onward::{
    address::Domain,
    next_hop::{Login, NextHop, Relay, Target},
    outbound::{Outbound, OutboundLimits},
};
use std::sync::Arc;

/// The same place as another user, or as somebody.
fn by_user(hop: &NextHop, username: &str) -> NextHop {
    let login = Login { username: username.into(), password_file: "/nowhere".into() };
    let relay = Relay { login: Some(login), ..Relay::default() };
    NextHop { relay: Some(Arc::new(relay)), ..hop.clone() }
}

#[tokio::test]
async fn a_connection_is_kept_for_its_login_alone() {
    let peer = Peer::start(Script::offering(&["AUTH PLAIN"])).await;
    let Target::Addr(address) = peer.hop.target else { panic!("no address") };
    let zone = Zone::default().mx("sink.test", 10, "mx.sink.test").a("mx.sink.test", "127.0.0.1");
    let (dns, _) = dns::serve(zone).await;
    let outbound = Outbound::new(config(OutboundLimits::default(), &[dns], address.port()));
    let of_domain = NextHop::of(&Domain::parse("sink.test").unwrap());
    let name = Domain::parse("mx.sink.test").unwrap();
    let host = NextHop { target: Target::Host { name, port: address.port() }, ..peer.hop.clone() };
    for (hop, connections, logins) in [
        (by_user(&peer.hop, "ann"), 1, 1),
        (by_user(&peer.hop, "ann"), 1, 1),
        (by_user(&peer.hop, "bob"), 2, 2),
        (peer.hop.clone(), 3, 2),
        (NextHop { relay: Some(Arc::default()), ..host }, 4, 2),
        // The very host, as the MX of a domain.
        (of_domain, 5, 2),
    ] {
        let attempts = deliver(&outbound, &hop, &simple_mail(), AMPLE).await;
        assert!(shown(&attempts[0]).starts_with("Delivered"), "{}", shown(&attempts[0]));
        let record = peer.record();
        assert_eq!((record.connections, record.count("AUTH")), (connections, logins), "{hop}");
    }
}
