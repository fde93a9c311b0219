//! Answers by address: a mailbox writes to the address that stands for somebody, and he gets it from the alias.

mod bounces;
mod forged;
mod incoming;
mod round_trip;
mod told;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::authentication::publish_own_keys;
use crate::support::client::{Client, Reply};
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use crate::support::verifiers::{Signing, Verifiers, strict};

/// The servers of `friend.test`, of `home.test`, and of neither.
const FRIEND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));

/// The address of Bob for whoever answers as hello@example.org.
const BOB: &str = "hello+bob=friend.test@example.org";

/// hello@example.org leads to jo@home.test, and sales@example.org to al@home.test; both are answered by address. Mail of all
/// domains passes DMARC or is refused, by Onward and by those who get it.
struct Site {
    verifiers: Arc<Verifiers>,
    dns: Dns,
    /// Where mail for `home.test` comes.
    home: Receiver,
    /// Where mail for `friend.test` comes.
    friend: Receiver,
    onward: Onward,
}

impl Site {
    /// `None`: skip.
    fn start(configured: impl FnOnce(Builder) -> Builder) -> Option<Self> {
        let verifiers = Verifiers::start()?;
        let dns = Dns::start();
        for (domain, server) in
            [("example.org", "127.0.0.1"), ("friend.test", "127.0.0.2"), ("home.test", "127.0.0.3")]
        {
            dns.txt(domain, &format!("v=spf1 ip4:{server} -all"));
            dns.txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject");
            verifiers.publish_keys(&dns, domain);
        }
        dns.txt("evil.test", "v=spf1 ip4:127.0.0.4 -all");
        verifiers.publish_keys(&dns, "evil.test");
        dns.a("mx.example.org", [127, 0, 0, 1].into()).txt("mx.example.org", "v=spf1 a -all");
        let [home, friend] = [(); 2].map(|()| strict(&verifiers, &dns).start());
        let builder = Onward::builder()
            .dns(&dns)
            .domain("example.org")
            .alias("hello@example.org", &["jo@home.test"])
            .alias("sales@example.org", &["al@home.test"])
            .alias("plain@example.org", &["jo@home.test"])
            .alias("both@example.org", &["hello@example.org", "al@home.test"])
            .route("home.test", &home.route())
            .route("friend.test", &friend.route())
            .run_first(&["dkim", "key", "add", "example.org", "--selector", "own"]);
        let builder = ["hello", "sales", "both"].iter().fold(builder, |builder, alias| {
            let alias = format!("{alias}@example.org");
            builder.run_first(&["alias", "set", &alias, "--reply-by-address"])
        });
        let onward = configured(builder).start();
        publish_own_keys(&onward, &dns);
        Some(Self { verifiers, dns, home, friend, onward })
    }

    fn send(&self, client: IpAddr, from: &str, to: &str, message: &[u8]) -> Reply {
        let mut session = Client::connect_from(client, self.onward.address());
        session.reply().expect_code(220);
        session.ehlo("client.test").expect_code(250);
        session.transaction(from, &[to], message)
    }

    fn signed(&self, domain: &str, message: &str) -> Vec<u8> {
        self.verifiers.sign(message.as_bytes(), &Signing::rsa(domain))
    }

    /// Jo answers `to`, as his mail service sends it.
    fn jo_answers(&self, to: &str, more: &str) -> Reply {
        let message = format!(
            "From: Jo Doe <jo@home.test>\r\nTo: {to}\r\nSubject: Re: hello\r\nMessage-ID: <own@home.test>\r\n{more}\r\nfine\r\n"
        );
        self.send(HOME, "jo@home.test", to, &self.signed("home.test", &message))
    }

    /// What was said to Bob's server and sent to it, every octet.
    fn seen_by_friend(&self) -> Vec<u8> {
        let mut seen: Vec<u8> =
            self.friend.connections().iter().flat_map(|it| it.commands.concat()).collect();
        for message in self.friend.attempts() {
            seen.extend(message.raw);
        }
        seen
    }
}

/// Whether `text` is somewhere, in any case of letters.
fn holds(octets: &[u8], text: &str) -> bool {
    octets.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}
