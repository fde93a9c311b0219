//! What happens to the server itself: each is told when it begins, and once.

use super::{TEXT, of_kind, ok, telling, wait_for};
use crate::support::{
    certificates::Authority,
    config::quoted,
    dns::Dns,
    fake_filter::FakeFilter,
    onward::{Builder, Onward},
    receiver::{Action, Receiver, Step},
    wait_until,
};
use onward::event::{Happening, Kind};
use std::{fs, net::Ipv4Addr};

const YAHOO: &str = "mta5.am0.yahoodns.net";
const TSS04: &str = "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred";

/// Yahoo, as far as its name goes, with an alias that leads there.
fn with_yahoo(builder: Builder, dns: &Dns, yahoo: &Receiver) -> Builder {
    dns.a(YAHOO, Ipv4Addr::LOCALHOST);
    builder
        .dns(dns)
        .alias("yahoo@example.org", &["bob@yahoo.test"])
        .route("yahoo.test", &format!("{YAHOO}:{}", yahoo.address().port()))
        .config("tls.never_plaintext = []")
}

fn send(onward: &Onward, to: &str, code: u16) {
    onward.session().transaction("a@sender.test", &[to], TEXT).expect_code(code);
}

/// Until the next daemon has looked at all there is.
fn restart(onward: &mut Onward) {
    onward.terminate();
    serve(onward);
}

fn serve(onward: &mut Onward) {
    onward.change_config(|config| config.set_line("log_level = \"debug\""));
    onward.serve();
    onward.wait_for_log("looked at certificates and keys");
}

/// Waits for something else that is told behind all that was noted: what is noted is written down when the first of two is
/// sent, and has left when the second is.
fn after_all(onward: &Onward, hook: &FakeFilter, name: &str) {
    for number in 1..=2 {
        let alias = format!("{name}{number}@example.org");
        onward.run(&["alias", "add", &alias, "a@sink.test"]);
        wait_until("the marker", || {
            let made = of_kind(hook, "alias.made");
            made.iter().any(|it| it["alias"] == alias).then_some(())
        });
    }
}

/// Waits until the daemon has looked at its spool twice more.
fn looked(onward: &Onward) {
    let count = || {
        let log = onward.log();
        log.iter().filter(|line| line.contains("looked at providers and the spool")).count()
    };
    let before = count();
    wait_until("two more looks", || (count() >= before + 2).then_some(()));
}

#[test]
fn a_provider_that_suspends_us_is_told_and_so_is_its_end() {
    let (sink, hook, dns) = (Receiver::smtp().start(), FakeFilter::start(ok()), Dns::start());
    let yahoo = Receiver::smtp().start();
    yahoo.on(Step::Mail, Action::reply(TSS04));
    let mut onward = with_yahoo(telling(&sink, &hook.place()), &dns, &yahoo).start();
    for _ in 0..3 {
        send(&onward, "yahoo@example.org", 451);
    }
    let suspended = wait_for(&hook, "provider.suspended", 1).remove(0);
    assert_eq!(suspended["data"]["provider"], "yahoo");
    assert!(suspended["data"]["reply"].as_str().unwrap().contains("[TSS04]"), "{suspended}");
    assert!(suspended["data"]["until"].as_str().unwrap() > suspended["time"].as_str().unwrap());
    assert!(suspended.get("alias").is_none() && suspended.get("domain").is_none());
    // A restart is no news.
    restart(&mut onward);
    after_all(&onward, &hook, "one");
    onward.run(&["provider", "resume", "yahoo"]);
    let resumed = wait_for(&hook, "provider.resumed", 1).remove(0);
    assert_eq!(resumed["data"]["provider"], "yahoo");
    after_all(&onward, &hook, "two");
    let counts = ["provider.suspended", "provider.resumed"].map(|kind| of_kind(&hook, kind).len());
    assert_eq!(counts, [1, 1]);
}

#[test]
fn what_a_provider_says_of_our_set_up_is_told_once_and_not_for_each_message() {
    let (sink, hook, dns) = (Receiver::smtp().start(), FakeFilter::start(ok()), Dns::start());
    let yahoo = Receiver::smtp().start();
    let onward = with_yahoo(telling(&sink, &hook.place()), &dns, &yahoo).start();
    for (known, reply, about) in [
        (1, "550 5.7.25 Reverse DNS validation failed", "reverse_name"),
        (2, "550 5.7.23 SPF validation failed", "authentication"),
        (3, "530 5.7.0 Must issue a STARTTLS command first", "tls"),
    ] {
        yahoo.on(Step::Mail, Action::reply(reply));
        for _ in 0..3 {
            let mut client = onward.session();
            client.transaction("a@sender.test", &["yahoo@example.org"], TEXT);
        }
        let told = wait_for(&hook, "provider.refuses_setup", known);
        let of_this: Vec<_> = told.iter().filter(|it| it["data"]["about"] == about).collect();
        assert_eq!(of_this.len(), 1, "{told:?}");
        assert_eq!(of_this[0]["data"]["provider"], "yahoo");
        assert!(of_this[0]["data"]["reply"].as_str().unwrap().contains(&reply[10..]), "{told:?}");
    }
    after_all(&onward, &hook, "one");
    assert_eq!(of_kind(&hook, "provider.refuses_setup").len(), 3);
}

#[test]
fn a_spool_that_fills_is_told_before_it_is_full() {
    let (sink, hook, dns) = (Receiver::smtp().start(), FakeFilter::start(ok()), Dns::start());
    dns.txt("sender.test", "v=spf1 ip4:127.0.0.1 -all");
    sink.on(Step::Mail, Action::reply("451 4.3.0 later"));
    let onward = telling(&sink, &hook.place())
        .dns(&dns)
        .config("log_level = \"trace\"")
        .config("spool.max_messages = 5")
        .config("spool.retry = [\"1h\"]")
        .start();
    for _ in 0..3 {
        send(&onward, "hello@example.org", 250);
    }
    looked(&onward);
    after_all(&onward, &hook, "one");
    assert_eq!(of_kind(&hook, "spool.filling").len(), 0, "60 %");
    send(&onward, "hello@example.org", 250);
    let filling = wait_for(&hook, "spool.filling", 1).remove(0);
    assert_eq!(
        (&filling["data"]["percent"], &filling["data"]["messages"]),
        (&80.into(), &4.into())
    );
    send(&onward, "hello@example.org", 250);
    looked(&onward);
    after_all(&onward, &hook, "two");
    assert_eq!(of_kind(&hook, "spool.filling").len(), 1);
    // It empties, and fills anew.
    sink.accept_all();
    onward.run(&["queue", "retry", "--all"]);
    sink.wait_for_messages(5);
    wait_until("an end of that", || {
        let told = fs::read_to_string(onward.state_dir().join("onward.told")).unwrap_or_default();
        (!told.contains("spool")).then_some(())
    });
    sink.on(Step::Mail, Action::reply("451 4.3.0 later"));
    for _ in 0..4 {
        send(&onward, "hello@example.org", 250);
    }
    wait_for(&hook, "spool.filling", 2);
    after_all(&onward, &hook, "three");
    assert_eq!(of_kind(&hook, "spool.filling").len(), 2);
}

#[test]
fn a_certificate_that_ends_soon_is_told_once() {
    let (sink, hook, authority) =
        (Receiver::smtp().start(), FakeFilter::start(ok()), Authority::new());
    let pair = authority.issue("mx.example.org", "ours");
    authority.issue_for(9, "mx.example.org", &pair.certificate, &pair.key);
    let mut onward = telling(&sink, &hook.place())
        .config(&format!("tls.certificate = {}", quoted(&pair.certificate.display().to_string())))
        .config(&format!("tls.key = {}", quoted(&pair.key.display().to_string())))
        .start();
    let ending = wait_for(&hook, "certificate.ending", 1).remove(0);
    assert_eq!(ending["data"]["certificate"], pair.certificate.display().to_string());
    assert!(ending["data"]["end"].as_str().unwrap().ends_with("T00:00:00.000Z"), "{ending}");
    restart(&mut onward);
    after_all(&onward, &hook, "one");
    assert_eq!(of_kind(&hook, "certificate.ending").len(), 1);
    // One that lives long enough is none.
    onward.terminate();
    authority.issue_for(40, "mx.example.org", &pair.certificate, &pair.key);
    serve(&mut onward);
    after_all(&onward, &hook, "two");
    assert_eq!(of_kind(&hook, "certificate.ending").len(), 1);
}

#[test]
fn a_key_that_dns_does_not_have_is_told_once() {
    let (sink, hook, dns) = (Receiver::smtp().start(), FakeFilter::start(ok()), Dns::start());
    let mut onward = telling(&sink, &hook.place())
        .dns(&dns)
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
        .build();
    let line = onward.run(&["dkim", "key", "dns"]);
    let value: String = line.split('"').skip(1).step_by(2).collect();
    dns.txt("s1._domainkey.example.org", &value);
    serve(&mut onward);
    after_all(&onward, &hook, "one");
    assert_eq!(of_kind(&hook, "dkim.broken").len(), 0, "it is there");
    onward.terminate();
    dns.clear("s1._domainkey.example.org").txt("s1._domainkey.example.org", "v=DKIM1; p=AAAA");
    onward.serve();
    let broken = wait_for(&hook, "dkim.broken", 1).remove(0);
    let data = &broken["data"];
    assert_eq!((&data["domain"], &data["selector"]), (&"example.org".into(), &"s1".into()));
    assert!(data["why"].as_str().unwrap().ends_with("at s1._domainkey.example.org"), "{data}");
    restart(&mut onward);
    after_all(&onward, &hook, "two");
    assert_eq!(of_kind(&hook, "dkim.broken").len(), 1);
}

#[test]
fn a_smart_host_that_refuses_our_login_is_told_once_and_so_is_its_end() {
    let (sink, hook) = (Receiver::smtp().start(), FakeFilter::start(ok()));
    let relay = Receiver::smtp().keywords(&["AUTH PLAIN"]).start();
    relay.on(Step::Auth, Action::reply("535 5.7.8 no, geheim is wrong"));
    let builder = telling(&sink, &hook.place()).alias("far@example.org", &["bob@far.test"]);
    let file = builder.directory().join("relay.password");
    fs::write(&file, "geheim\n").unwrap();
    let password = format!("password_file = {}", quoted(&file.display().to_string()));
    let onward =
        builder.route_with("far.test", &relay.route(), &["username = \"u\"", &password]).start();
    for _ in 0..3 {
        send(&onward, "far@example.org", 451);
    }
    let unusable = wait_for(&hook, "relay.unusable", 1).remove(0);
    assert_eq!(unusable["data"]["relay"], relay.route());
    let why = unusable["data"]["why"].as_str().unwrap();
    assert!(why.contains("535 5.7.8 no, (hidden) is wrong"), "{why}");
    fs::write(&file, "another\n").unwrap();
    relay.accept_all();
    send(&onward, "far@example.org", 250);
    wait_for(&hook, "relay.usable", 1);
    after_all(&onward, &hook, "one");
    assert_eq!(of_kind(&hook, "relay.unusable").len(), 1);
}

#[test]
fn every_kind_is_in_the_document() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/EVENTS.md");
    let text = fs::read_to_string(document).unwrap();
    for word in Happening::WORDS.into_iter().chain(Kind::ALL.map(Kind::as_str)) {
        assert!(text.contains(&format!("\n| `{word}` |")), "{word}");
    }
}
