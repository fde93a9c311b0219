//! Whoever reads one alias's mail can have an SRS address made for anybody. It leads nowhere where that somebody
//! says by SPF that he did not write.

use super::{BOUNCE, bounce, rcpt};
use crate::support::client::Client;
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use std::io::{BufRead, BufReader};

const VICTIM: &str = "victim@victim.test";
const MESSAGE: &[u8] = b"From: <mallory@evil.test>\r\nMessage-ID: <1@evil.test>\r\n\r\nhello\r\n";

fn with_victim(sink: &Receiver) -> (Dns, Builder) {
    let dns = Dns::start();
    dns.txt("victim.test", "v=spf1 -all");
    dns.txt("writer.test", "v=spf1 ip4:127.0.0.1 -all");
    dns.txt("soft.test", "v=spf1 ~all");
    let builder = Onward::forwarding_to(sink.name())
        .route("victim.test", sink.name())
        .route("writer.test", sink.name())
        .dns(&dns);
    (dns, builder)
}

/// The reverse-path with which mail of `from` arrives at the alias's mailbox.
fn rewritten(onward: &Onward, sink: &Receiver, from: &str) -> String {
    let count = sink.count();
    onward.session().transaction(from, &["hello@example.org"], MESSAGE).expect("250 2.0.0");
    sink.wait_for_messages(count + 1).remove(count).from
}

#[test]
fn an_srs_address_made_for_a_victim_takes_no_returns() {
    let off = ["auth.spf = \"off\"", "auth.dkim = \"off\"", "auth.dmarc = \"off\""];
    for (tag, settings) in [
        ("sha256-base32", &[][..]),
        ("sha256-base32", &off[..]),
        ("sha1-base64", &[][..]),
        ("sha1-base64url", &off[..]),
    ] {
        let sink = Receiver::smtp().start();
        let (_dns, builder) = with_victim(&sink);
        let builder = builder.config(&format!("srs.tag = \"{tag}\""));
        let onward = settings.iter().fold(builder, |builder, line| builder.config(line)).start();
        let long = format!("{}@victim.test", "v".repeat(64));
        let other_forwarder = "SRS0=abcd=AB=victim.test=victim@victim.test";
        for from in [VICTIM, &long, other_forwarder] {
            let address = rewritten(&onward, &sink, from);
            let lower = address.to_lowercase();
            for (sender, to) in [("", &address), ("", &lower), ("mallory@evil.test", &address)] {
                let refused = rcpt(&onward, sender, to).expect("550 5.7.1");
                assert!(refused.text().contains("takes no returns"), "{}", refused.text());
            }
            let output = onward.cli(&["srs", "reverse", &address]);
            assert_eq!(output.code, Some(1));
            assert!(output.stderr.contains("takes no returns"), "{}", output.stderr);
        }
        // Whoever wrote gets his bounces, and so does who is not said not to.
        for from in ["alice@writer.test", "bob@soft.test", "carol@none.test"] {
            let address = rewritten(&onward, &sink, from);
            assert_eq!(onward.run(&["srs", "reverse", &address]).trim(), from, "{tag}");
        }
        bounce(&onward, &rewritten(&onward, &sink, "alice@writer.test")).expect("250 2.0.0");
    }
}

/// It is no guess: the address is ours, and whoever bounces is not to blame.
#[test]
fn an_address_without_returns_is_no_forgery() {
    let sink = Receiver::smtp().start();
    let (_dns, builder) = with_victim(&sink);
    let onward = builder.config("limits.errors = 3").start();
    let address = rewritten(&onward, &sink, VICTIM);
    for _ in 0..6 {
        rcpt(&onward, "", &address).expect("550 5.7.1");
    }
    let mut client = onward.session();
    client.command("BREW tea").expect("500 5.5.2");
    client.command("BREW coffee").expect("500 5.5.2");
}

#[test]
fn any_sender_gets_returns_where_spf_cannot_be_judged() {
    let sink = Receiver::smtp().start();
    let (_dns, builder) = with_victim(&sink);
    let onward = builder.config("srs.returns = \"any\"").start();
    let address = rewritten(&onward, &sink, VICTIM);
    let count = sink.count();
    onward.session().transaction("", &[&address], BOUNCE).expect("250 2.0.0");
    assert_eq!(sink.wait_for_messages(count + 1)[count].to, [VICTIM]);
}

/// The maps know no client: their addresses take returns, and one that takes none is not found.
#[test]
fn the_maps_do_not_find_an_address_without_returns() {
    let sink = Receiver::smtp().start();
    let (_dns, builder) = with_victim(&sink);
    let (builder, map) = builder.listen("tcp-table", &["direction = \"reverse\""]);
    let onward = builder.start();
    let address = rewritten(&onward, &sink, VICTIM);
    let mut client = Client::connect(map);
    client.send(format!("get {address}\nget {}\n", onward.srs_forward(VICTIM)).as_bytes());
    let mut lines = BufReader::new(client.into_stream()).lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("500 No returns are taken."));
    assert_eq!(lines.next(), Some(format!("200 {VICTIM}")));
}

#[test]
fn explain_shows_what_takes_no_returns() {
    let sink = Receiver::smtp().start();
    let (_dns, builder) = with_victim(&sink);
    let onward = builder.start();
    let explain = |ip: &str| {
        let from = "alice@writer.test";
        onward.run(&["explain", "hello@example.org", "--from", from, "--ip", ip, "--json"])
    };
    let srs_from = |ip| {
        let explanation: serde_json::Value = serde_json::from_str(&explain(ip)).unwrap();
        explanation["srs_from"].as_str().unwrap().to_owned()
    };
    assert_eq!(onward.run(&["srs", "reverse", &srs_from("127.0.0.1")]).trim(), "alice@writer.test");
    assert_eq!(onward.cli(&["srs", "reverse", &srs_from("192.0.2.1")]).code, Some(1));
}
