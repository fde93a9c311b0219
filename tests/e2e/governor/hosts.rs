//! MX records that anybody may write: to whom they point says nothing of whom they belong to.

use super::{ALICE, MALLORY, TSS04};
use crate::support::client::Reply;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;
use onward::{
    address::Domain,
    alias::{Alias, AliasAddress},
    store::{Apply, Options, Store},
};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

/// Receivers at the port of mail servers, on addresses that no other test has; found by MX.
struct Site {
    onward: Onward,
    dns: Dns,
}

impl Site {
    /// The hosts and where they are; `None`: skip, as the port is root's.
    fn start(hosts: &[(&str, Ipv4Addr)], retry: &str) -> Option<Self> {
        if !peer::root() {
            return None;
        }
        let dns = Dns::start();
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").txt("nospf.test", "v=spf1 -all");
        dns.txt("*.spf.test", "v=spf1 ip4:127.0.0.1 -all");
        for (host, address) in hosts {
            dns.a(host, *address);
        }
        let onward = Onward::builder()
            .domain("example.org")
            .dns(&dns)
            .without_rates()
            .config("tls.never_plaintext = []")
            .config(&format!("spool.retry = {retry}"))
            .config("delivery.budget = \"5m\"")
            .build();
        Some(Self { onward, dns })
    }

    /// An alias for the mail of a domain with these MX hosts, the first one first.
    fn alias(&self, name: &str, hosts: &[&str]) {
        let domain = format!("{name}.test");
        for (nth, host) in hosts.iter().enumerate() {
            self.dns.mx(&domain, 10 * (1 + nth as u16), host);
        }
        let to = format!("bob@{domain}");
        self.onward.run(&["alias", "add", &format!("{name}@example.org"), &to]);
    }

    fn send(&self, from: &str, to: &str) -> Reply {
        let text = format!("From: <{from}>\r\nSubject: {to}\r\n\r\nhello\r\n");
        self.onward.session().transaction(from, &[&format!("{to}@example.org")], text.as_bytes())
    }

    /// Until as many messages in the spool as there are now have been tried out of it, in vain.
    fn wait_for_tries(&self, count: usize) {
        wait_until(format!("{count} that were tried"), || {
            let list = self.onward.run(&["queue", "list", "--json"]);
            let all = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let tried = all.filter(|one| one["attempts"].as_u64() >= Some(2)).count();
            (tried == count).then_some(())
        });
    }
}

fn at(address: Ipv4Addr) -> Receiver {
    Receiver::smtp().at(SocketAddr::from((address, 25))).start()
}

/// A domain whose MX is a name of Google's that does not exist: mail for it is tried in vain, for Gmail it is not put off.
#[test]
fn an_mx_name_that_does_not_exist_puts_no_provider_to_sleep() {
    let place = Ipv4Addr::new(127, 25, 1, 1);
    let host = "aspmx.l.google.com";
    let Some(mut site) = Site::start(&[(host, place)], "[\"200ms\", \"1h\"]") else { return };
    let google = at(place);
    site.alias("evil", &["gone.l.google.com"]);
    site.alias("good", &[host]);
    site.onward.serve();
    // The second time in a row whoever sleeps would do so for an hour.
    for count in 1..=2 {
        site.send(ALICE, "evil").expect("250 2.0.0");
        site.wait_for_tries(count);
    }
    google.on(Step::Rcpt, Action::reply("450 4.2.1 busy now"));
    site.send(ALICE, "good").expect("250 2.0.0");
    google.accept_all();
    google.wait_for_messages(1);
}

/// A domain with a host of a hoster that does not exist, and behind it one of a provider that gets nothing for hours.
#[test]
fn another_providers_hold_puts_no_provider_to_sleep() {
    let (hoster_at, yahoo_at) = (Ipv4Addr::new(127, 25, 2, 1), Ipv4Addr::new(127, 25, 2, 2));
    let (host, mta) = ("mx.hoster.test", "mta5.am0.yahoodns.net");
    let hosts = [(host, hoster_at), (mta, yahoo_at)];
    let Some(mut site) = Site::start(&hosts, "[\"200ms\"]") else { return };
    let (hoster, yahoo) = (at(hoster_at), at(yahoo_at));
    yahoo.on(Step::Mail, Action::last_reply(TSS04));
    site.alias("held", &[mta]);
    site.alias("evil", &["gone.hoster.test", mta]);
    site.alias("good", &[host]);
    site.onward.serve();
    site.send(MALLORY, "held").expect("451");
    site.send(ALICE, "evil").expect("250 2.0.0");
    // A try that meets the hold of the other.
    site.onward.wait_for_log("spooled message id=");
    hoster.on(Step::Rcpt, Action::reply("450 4.2.1 busy now"));
    site.send(ALICE, "good").expect("250 2.0.0");
    hoster.accept_all();
    hoster.wait_for_messages(1);
    assert_eq!(yahoo.connections().len(), 1, "nobody knocks");
}

/// Domains, where nobody asks for more: `GOVERNED_DOMAINS=10000 cargo nextest run -E 'test(/thousands_of_domains/)'` has as
/// many.
const DOMAINS: usize = 300;
const SENDERS: usize = 20;

/// By those who wait for the answer, and out of the spool: measured where it arrives.
#[test]
fn thousands_of_domains_at_one_provider_have_its_connections_in_all() {
    let place = Ipv4Addr::new(127, 25, 3, 1);
    let host = "aspmx.l.google.com";
    let Some(mut site) = Site::start(&[(host, place)], "[\"1h\"]") else { return };
    let google = Receiver::smtp().counting().at(SocketAddr::from((place, 25))).start();
    site.dns.mx("*.workspace.test", 10, host);
    let count = std::env::var("GOVERNED_DOMAINS").map_or(DOMAINS, |count| count.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(fill(&site.onward, count));
    site.onward.serve();
    let send_all = |expected: &str| {
        let site = &site;
        thread::scope(|scope| {
            for sender in 0..SENDERS {
                scope.spawn(move || {
                    let mut client = site.onward.session();
                    let from = format!("alice@s{sender}.spf.test");
                    for nth in (sender..count).step_by(SENDERS) {
                        let text = format!("From: <{from}>\r\nSubject: {nth}\r\n\r\nhello\r\n");
                        let to = format!("user{nth}@example.org");
                        client.transaction(&from, &[&to], text.as_bytes()).expect(expected);
                    }
                });
            }
        });
    };
    send_all("250 2.0.0");
    assert_eq!(google.count(), count);
    google.on(Step::Rcpt, Action::reply("450 4.2.1 The user is receiving mail too quickly"));
    send_all("250 2.0.0");
    assert_eq!(google.count(), count, "it is spooled");
    google.accept_all();
    site.onward.run(&["queue", "retry", "--all"]);
    let patience = std::time::Duration::from_millis(60_000 + 30 * count as u64);
    google.wait_for_count(2 * count, patience);
    assert!(google.most_open() <= 5, "{} at once", google.most_open());
}

async fn fill(onward: &Onward, count: usize) {
    let store = Store::open(&onward.state_dir(), Options::default()).unwrap();
    store.add_domain(&Domain::parse("example.org").unwrap()).await.ok();
    let alias = |nth: usize| {
        let address = AliasAddress::parse(&format!("user{nth}@example.org")).unwrap();
        Alias::forward(address, [format!("bob@d{nth}.workspace.test")]).unwrap()
    };
    store.apply((0..count).map(alias).collect(), Apply::Whole).await.unwrap();
    store.close().await;
}
