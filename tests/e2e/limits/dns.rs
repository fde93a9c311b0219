//! Questions to DNS: what a stranger may have asked of third parties, of name servers that are silent, and who has to wait
//! because of it.

use super::{MESSAGE, connect_from, descriptors};
use crate::support::{
    client::{Client, Reply},
    dns::{Dns, Fault},
    onward::Onward,
    receiver::Receiver,
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

fn attack(client: &mut Client, local: usize) -> Reply {
    let reply = client.mail(&format!("{local}@attacker.test"));
    if reply.code != 250 {
        return reply;
    }
    client.rcpt("hello@example.org").expect_code(250);
    client.data(MESSAGE)
}

#[test]
fn a_third_party_is_asked_little_for_a_message_and_no_more_than_the_budget_for_all() {
    let dns = Dns::start();
    amplifying(&dns);
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).start();
    let mut client = onward.session();
    attack(&mut client, 0).expect_code(250);
    let one = dns.queries_below("victim.test");
    let mut messages = 1;
    let began = Instant::now();
    let last = loop {
        let reply = attack(&mut client, messages);
        if reply.code != 250 || messages == 499 {
            break reply;
        }
        messages += 1;
    };
    let all = dns.queries_below("victim.test");
    eprintln!(
        "{one} questions at a third party for a message, {all} for {messages} in {:?}: {last}",
        began.elapsed()
    );
    assert!(one <= 40, "{one}");
}

/// The times of an honest client, one message after the other, until `is_over`.
fn latencies(onward: &Onward, is_over: &AtomicBool) -> Vec<Duration> {
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) || times.is_empty() {
        let began = Instant::now();
        let mut client = greeted("127.0.0.2", onward);
        client.transaction("a@honest.test", &["hello@example.org"], MESSAGE).expect_code(250);
        times.push(began.elapsed());
    }
    times
}

#[test]
fn a_silent_name_server_costs_few_descriptors_and_no_other_client_time() {
    let dns = Dns::start();
    dns.fault("*.silent.test", Fault::Silence);
    dns.txt("honest.test", "v=spf1 ip4:127.0.0.2 -all");
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name())
        .dns(&dns)
        .config("limits.messages_per_alias = \"100000/1h\"")
        .start();
    let quiet = latencies(&onward, &AtomicBool::new(true))[0];
    let (is_over, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let beside = thread::scope(|scope| {
        let honest = scope.spawn(|| latencies(&onward, &is_over));
        let watch = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                most.fetch_max(descriptors(onward.process_id()), Ordering::Relaxed);
                thread::yield_now();
            }
        });
        let attackers: Vec<_> = (0..20)
            .map(|session| {
                let onward = &onward;
                scope.spawn(move || {
                    for round in 0..10 {
                        let mut client = greeted("127.0.0.1", onward);
                        for n in 0..20 {
                            let domain = format!("{n}-{round}-{session}.silent.test");
                            if client.mail(&format!("a@{domain}")).code != 250 {
                                break;
                            }
                            client.command("RSET");
                        }
                    }
                })
            })
            .collect();
        for attacker in attackers {
            attacker.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        watch.join().unwrap();
        honest.join().unwrap()
    });
    let (slowest, most) = (beside.iter().max().unwrap(), most.load(Ordering::Relaxed));
    eprintln!(
        "{most} descriptors; quiet {quiet:?}, slowest of {} beside {slowest:?}",
        beside.len()
    );
    assert!(most < 1_500, "{most} descriptors");
    assert!(*slowest < (2 * quiet).max(quiet + Duration::from_millis(500)), "{slowest:?}");
}
