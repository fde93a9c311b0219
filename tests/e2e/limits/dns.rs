//! Questions to DNS: what a stranger may have asked of third parties, what of name servers that are silent, and who has to wait
//! because of it.

use super::{MESSAGE, connect_from, descriptors};
use crate::metrics::get;
use crate::support::{
    DEADLINE,
    client::{Client, Reply},
    dns::{Dns, Fault},
    onward::Onward,
    receiver::Receiver,
    wait_until, wait_until_for,
};
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Zones whose owner wants a third party asked: ten terms, each of ten hosts of the third party, which answers for
/// every name, so that none is void; and what goes into the names is the sender's to choose.
fn amplifying(dns: &Dns) {
    let terms: Vec<String> = (0..10).map(|n| format!("mx:%{{l}}.{n}.attacker.test")).collect();
    dns.txt("attacker.test", &format!("v=spf1 {} -all", terms.join(" ")));
    for n in 0..10 {
        for host in 0..10 {
            let host = format!("{n}-{host}.victim.test");
            dns.mx(&format!("*.{n}.attacker.test"), 10, &host);
        }
    }
    dns.a("*.victim.test", "192.0.2.1".parse().unwrap());
}

fn greeted(source: &str, onward: &Onward) -> Client {
    let mut client = connect_from(source, onward);
    client.reply().expect_code(220);
    client.ehlo("client.test");
    client
}

fn send(client: &mut Client, from: &str, message: &[u8]) -> Reply {
    let reply = client.mail(from);
    if reply.code != 250 {
        return reply;
    }
    client.rcpt("hello@example.org").expect_code(250);
    client.data(message)
}

/// Before there were bounds: 100 questions for a message, and 50,000 for the 499 of a session.
#[test]
fn a_third_party_is_asked_little_for_a_message_and_for_all_no_more_than_the_budget() {
    let dns = Dns::start();
    amplifying(&dns);
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).start();
    let mut client = onward.session();
    send(&mut client, "0@attacker.test", MESSAGE).expect_code(250);
    let one = dns.queries_below("victim.test");
    assert!(one <= 30, "{one} questions for a message");
    let (mut messages, began) = (1, Instant::now());
    let last = loop {
        let reply = send(&mut client, &format!("{messages}@attacker.test"), MESSAGE);
        if reply.code != 250 || messages == 499 {
            break reply;
        }
        messages += 1;
    };
    let (all, took) = (dns.queries_below("victim.test"), began.elapsed());
    eprintln!("{one} questions for a message, {all} for {messages} in {took:?}: {last}");
    let last = last.expect("450 4.7.1");
    assert!(last.to_string().contains("DNS questions because of 127.0.0.1 (1200/1m)"), "{last}");
    // What fills in meanwhile comes to it.
    let budget = 1_200 + 20 * usize::try_from(took.as_secs() + 1).unwrap();
    assert!(all <= budget, "{all} questions in {took:?}");
}

/// The longest time of a message of an honest client, until `is_over`.
fn slowest(onward: &Onward, is_over: &AtomicBool) -> Duration {
    let mut slowest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let mut client = greeted("127.0.0.2", onward);
        client.transaction("a@honest.test", &["hello@example.org"], MESSAGE).expect_code(250);
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

/// A message with ten signatures whose keys nobody tells.
fn signed_by_ten(domain: &str) -> Vec<u8> {
    let signature = |n: u32| {
        format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d={n}.{domain}; s=s; h=From;\r\n \
             bh=zS7KNTV0HyeorkDDGwxB1AV6enuRKzO5rthkhdHIRnY=; b=AAAA\r\n"
        )
    };
    let signatures: String = (0..10).map(signature).collect();
    [signatures.as_bytes(), MESSAGE].concat()
}

/// What twenty sessions cost that break off transactions of names in `zone`, and then bring a message with ten signatures from
/// there: the most descriptors, and the longest time of an honest client beside.
fn attacked(onward: &Onward, zone: &str) -> (usize, Duration) {
    let (is_over, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let slowest = thread::scope(|scope| {
        let honest = scope.spawn(|| slowest(onward, &is_over));
        let watch = scope.spawn(|| {
            wait_until_for(10 * DEADLINE, "the end of the attack", || {
                most.fetch_max(descriptors(onward.process_id()), Ordering::Relaxed);
                is_over.load(Ordering::Relaxed).then_some(())
            });
        });
        let attack = |session: usize| {
            // Half of them are one client, and half are a client each.
            let source = if session < 10 { 1 } else { session };
            let mut codes = Vec::new();
            for round in 0..2 {
                let mut client = greeted(&format!("127.0.1.{source}"), onward);
                for n in 0..20 {
                    client.mail(&format!("a@{n}-{round}-{session}.{zone}")).expect_code(250);
                    client.command("RSET");
                }
                let domain = format!("{round}-{session}.{zone}");
                let reply = send(&mut client, &format!("a@{domain}"), &signed_by_ten(&domain));
                codes.push(reply.code);
            }
            codes
        };
        let attackers: Vec<_> =
            (0..20).map(|session| scope.spawn(move || attack(session))).collect();
        for attacker in attackers {
            assert_eq!(attacker.join().unwrap(), [250; 2], "what nobody tells is told as such");
        }
        is_over.store(true, Ordering::Relaxed);
        watch.join().unwrap();
        honest.join().unwrap()
    });
    (most.load(Ordering::Relaxed), slowest)
}

/// Before there were bounds: 2,384 descriptors by transactions alone that are broken off, more with every connection, and the
/// honest client waited four seconds.
#[test]
fn a_silent_name_server_costs_few_descriptors_and_no_other_client_time() {
    let dns = Dns::start();
    dns.fault("*.silent.test", Fault::Silence);
    dns.txt("honest.test", "v=spf1 ip4:127.0.0.2 -all");
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).without_rates().start();
    // The same from names that do not exist: what is left of the time is the silence's.
    let (open, quiet) = attacked(&onward, "answered.test");
    let (most, slowest) = attacked(&onward, "silent.test");
    eprintln!("{open} descriptors, {quiet:?}; beside silence {most}, {slowest:?}");
    // Three sockets for each of 256 questions, and what else is open.
    assert!(most < 1_000, "{most} descriptors");
    assert!(slowest < (2 * quiet).max(quiet + Duration::from_millis(500)), "{slowest:?}");
}

#[test]
fn silence_is_remembered_for_a_moment() {
    let dns = Dns::start();
    dns.fault("silent.test", Fault::Silence);
    let sink = Receiver::smtp().start();
    let onward =
        Onward::forwarding_to(sink.name()).dns(&dns).config("delivery.budget = \"15s\"").start();
    let mut client = onward.session();
    send(&mut client, "a@silent.test", MESSAGE).expect_code(250);
    let (asked, began) = (dns.queries("silent.test"), Instant::now());
    for n in 0..3 {
        send(&mut client, &format!("{n}@silent.test"), MESSAGE).expect_code(250);
    }
    assert!(asked > 0);
    let took = began.elapsed();
    assert!(took > Duration::from_secs(4) || dns.queries("silent.test") == asked, "{took:?}");
}

#[test]
fn checks_of_a_client_wait_for_each_other_and_nobody_else_for_them() {
    let dns = Dns::start();
    dns.fault("silent.test", Fault::Silence).txt("fine.test", "v=spf1 ip4:127.0.0.0/8 -all");
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name())
        .dns(&dns)
        .config("auth.spf = \"enforce\"")
        .config("limits.checks_per_client = 1")
        .config("delivery.budget = \"3s\"")
        .start();
    let mut hangs = greeted("127.0.0.1", &onward);
    hangs.mail("a@silent.test").expect_code(250);
    wait_until("the check that hangs", || (dns.queries("silent.test") > 0).then_some(()));
    // As where DNS does not answer.
    send(&mut greeted("127.0.0.1", &onward), "a@fine.test", MESSAGE).expect("451 4.7.24");
    send(&mut greeted("127.0.0.2", &onward), "a@fine.test", MESSAGE).expect_code(250);
    hangs.command("RSET").expect_code(250);
    send(&mut greeted("127.0.0.1", &onward), "a@fine.test", MESSAGE).expect_code(250);
    assert_eq!(sink.count(), 2);
}

#[test]
fn questions_of_a_client_have_a_budget_and_what_is_known_costs_nothing() {
    let dns = Dns::start();
    dns.keep(300).txt("*.many.test", "v=spf1 -all").txt("known.test", "v=spf1 -all");
    dns.know("client.test").know("_dmarc.client.test").know("_dmarc.test");
    let sink = Receiver::smtp().start();
    let (builder, http) = Onward::forwarding_to(sink.name())
        .dns(&dns)
        .config("limits.dns_questions_per_client = \"12/1h\"")
        .config("limits.exempt = [\"127.0.0.9/32\"]")
        .listen("http", &[]);
    let onward = builder.start();
    // What is about the message is known from here on.
    let mut exempt = greeted("127.0.0.9", &onward);
    for n in 0..20 {
        send(&mut exempt, &format!("a@{n}.many.test"), MESSAGE).expect_code(250);
    }
    send(&mut exempt, "a@known.test", MESSAGE).expect_code(250);
    let mut client = greeted("127.0.0.1", &onward);
    for n in 0..30 {
        send(&mut client, &format!("{n}@known.test"), MESSAGE).expect_code(250);
        send(&mut client, &format!("a@{}.many.test", n % 20), MESSAGE).expect_code(250);
    }
    let mut messages = 0;
    let refused = loop {
        let reply = send(&mut client, &format!("a@new-{messages}.many.test"), MESSAGE);
        if reply.code != 250 {
            break reply;
        }
        messages += 1;
        assert!(messages < 20);
    };
    assert!(messages > 3, "{messages}");
    let refused = refused.expect("450 4.7.1");
    assert!(
        refused.to_string().contains("because of 127.0.0.1 (12/1h), try again in"),
        "{refused}"
    );
    greeted("127.0.0.1", &onward).mail("a@known.test").expect("450 4.7.1");
    send(&mut greeted("127.0.0.2", &onward), "a@another.many.test", MESSAGE).expect_code(250);
    send(&mut exempt, "a@last.many.test", MESSAGE).expect_code(250);
    let page = get(http, "GET /metrics");
    assert!(page.contains("onward_over_rate_total{limit=\"dns_questions_per_client\"} "), "{page}");
    let questions = page.lines().find_map(|line| line.strip_prefix("onward_dns_questions_total "));
    assert!(questions.unwrap().parse::<f64>().unwrap() > 30.0, "{page}");
    // Told at most once a second.
    wait_until("the budget in the status", || {
        let status = onward.run(&["status"]);
        status.contains("127.0.0.1 is over dns_questions_per_client (12/1h)").then_some(())
    });
}

/// Domains with all that large ones have, for the first time, and within a moment.
#[test]
fn a_relay_with_thirty_authentic_senders_stays_within_the_budget() {
    let dns = Dns::start();
    for n in 0..30 {
        let domain = format!("d{n}.test");
        let includes: Vec<String> = (0..8).map(|i| format!("include:{i}.{domain}")).collect();
        dns.txt(&domain, &format!("v=spf1 {} ip4:127.0.0.1 -all", includes.join(" ")));
        for i in 0..8 {
            dns.txt(&format!("{i}.{domain}"), "v=spf1 ip4:192.0.2.1 -all");
        }
        dns.txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=none");
    }
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).start();
    let mut relay = onward.session();
    for n in 0..30 {
        for message in 0..2 {
            let text = format!("From: {message}@d{n}.test\r\nSubject: x\r\n\r\nhello\r\n");
            let reply = send(&mut relay, &format!("{message}@d{n}.test"), text.as_bytes());
            reply.expect_code(250);
        }
    }
    assert!(!onward.run(&["status"]).contains("dns_questions_per_client"));
}
