//! SIGKILL under load while messages are spooled and tried again: what was answered 250 arrives, or its
//! sender hears of it.

use super::{Random, session};
use crate::support::client::{Client, NoReply, stuffed};
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::{DEADLINE, wait_until, wait_until_for};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const KILLS: usize = 50;
const SENDERS: usize = 4;
/// Messages answered 250 between two kills, at the least.
const BETWEEN: usize = 8;
/// The longest a kill is put off beyond that, in microseconds.
const JITTER: u64 = 250_000;
/// Every so many messages is for a mailbox that does not exist.
const BAD: usize = 10;
/// Attempts at once to one destination: what one kill can cut off.
const AT_ONCE: usize = 5;

/// How the destination behaves, by turns.
const MODES: [&str; 5] =
    ["takes", "greylists", "full at the dot", "closes behind the dot", "closed"];

#[test]
fn whatever_was_answered_250_arrives_or_is_told_though_it_is_killed_fifty_times() {
    let mode = Arc::new(AtomicUsize::new(0));
    let (sink, senders) = (destination(&mode), Receiver::smtp().start());
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let mut onward = Onward::forwarding_to(sink.name())
        .alias("bad@example.org", &["bad@sink.test"])
        .route("spf.test", senders.name())
        .dns(&dns)
        .config("spool.retry = [\"100ms\"]")
        .config(&format!("spool.concurrency_per_destination = {AT_ONCE}"))
        .start();
    let mut errors = Vec::new();
    let mut random = Random::new();
    let seed = random.0;
    let (address, stop, taken) = (onward.address(), &AtomicBool::new(false), &AtomicUsize::new(0));

    let sent: Vec<Sent> = thread::scope(|scope| {
        let threads: Vec<_> = (0..SENDERS)
            .map(|sender| scope.spawn(move || send_until(address, sender, stop, taken)))
            .collect();
        for kill in 0..KILLS {
            let enough = taken.load(Ordering::SeqCst) + BETWEEN;
            wait_until(format!("{BETWEEN} messages before kill {kill}, seed {seed}"), || {
                (taken.load(Ordering::SeqCst) >= enough).then_some(())
            });
            thread::sleep(Duration::from_micros(random.next() % JITTER));
            mode.store(random.next() as usize % MODES.len(), Ordering::SeqCst);
            errors.extend(onward.log().into_iter().filter(|line| line.contains(" ERROR ")));
            onward.kill_9();
            onward.serve();
        }
        stop.store(true, Ordering::SeqCst);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    mode.store(0, Ordering::SeqCst);
    wait_until_for(DEADLINE * 2, format!("an empty spool, seed {seed}"), || {
        onward.run(&["queue", "list"]).is_empty().then_some(())
    });

    let mut arrived: HashMap<String, usize> = HashMap::new();
    for message in sink.messages() {
        *arrived.entry(message.header("Message-ID").unwrap()).or_default() += 1;
    }
    let mut told: HashMap<String, usize> = HashMap::new();
    for notice in senders.messages() {
        assert_eq!((notice.from.as_str(), notice.to.len()), ("", 1), "{notice:?}");
        *told.entry(notice.to[0].clone()).or_default() += 1;
    }
    let (mut again, mut told_again, mut spooled) = (0, 0, HashSet::new());
    for Sent { id, from, is_bad, times, reply } in &sent {
        again += times - 1;
        let (here, there) = (arrived.remove(id).unwrap_or(0), told.remove(from).unwrap_or(0));
        let is_answered_250 = reply.starts_with("250 2.0.0");
        if *is_bad {
            // A try whose reply was lost may have been taken, though the last one was refused.
            assert!(here == 0 && (there > 0 || !is_answered_250), "{id}: {reply}; seed {seed}");
            // Refused while the sender waited, at its only try: that says it all.
            assert!(
                there == 0 || *times > 1 || is_answered_250,
                "{id}: {reply}, and a DSN; seed {seed}"
            );
            told_again += there.saturating_sub(*times);
        } else {
            assert!(is_answered_250 && here > 0, "{id} is lost: {reply}; seed {seed}");
            assert_eq!(there, 0, "{id} arrived, and is told to have failed; seed {seed}");
        }
        if reply.contains("spooled") {
            spooled.insert(reply.split(' ').nth(2).unwrap().to_owned());
        }
    }
    assert!(arrived.is_empty() && told.is_empty(), "{arrived:?} {told:?}; seed {seed}");

    // Twice only where a reply was cut off: the sender's, or at a kill that of the destination. What a
    // destination did not confirm it does not count.
    let duplicates = sink.count() - sent.iter().filter(|sent| !sent.is_bad).count();
    let most = again + KILLS * AT_ONCE;
    assert!(duplicates <= most, "{duplicates} duplicates, {most} explained; seed {seed}");
    assert!(told_again <= KILLS * AT_ONCE, "{told_again} DSNs too many; seed {seed}");
    every_outcome_is_known(&onward, &spooled, seed);
    errors.extend(onward.log().into_iter().filter(|line| line.contains(" ERROR ")));
    assert_eq!(errors, [""; 0], "seed {seed}");
}

/// The journal has an end for each, whatever was killed in between.
fn every_outcome_is_known(onward: &Onward, spooled: &HashSet<String>, seed: u64) {
    assert!(spooled.len() > KILLS, "{} messages were spooled; seed {seed}", spooled.len());
    let mut open = spooled.clone();
    wait_until(format!("outcomes of all spooled messages, seed {seed}"), || {
        for line in onward.run(&["trace", "--json"]).lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            if matches!(record["outcome"].as_str().unwrap(), "forwarded" | "failed" | "partial") {
                open.remove(record["id"].as_str().unwrap());
            }
        }
        open.is_empty().then_some(())
    });
}

/// A destination with moods, and without a mailbox `bad`.
fn destination(mode: &Arc<AtomicUsize>) -> Receiver {
    let mode = Arc::clone(mode);
    let rule = move |mode: &str, step, recipient: &str| match (mode, step) {
        ("greylists", Step::Rcpt) => Some(Action::reply("450 4.2.0 greylisted")),
        (_, Step::Rcpt) if recipient.starts_with("bad@") => {
            Some(Action::reply("550 5.1.1 no such mailbox"))
        }
        ("full at the dot", Step::FinalDot) => Some(Action::reply("452 4.3.1 full")),
        ("closes behind the dot", Step::FinalDot) => Some(Action::Close),
        ("closed", Step::Connect) => Some(Action::Close),
        _ => None,
    };
    let receiver = Receiver::smtp().start();
    receiver.rule(move |at| rule(MODES[mode.load(Ordering::SeqCst)], at.step, at.recipient));
    receiver
}

/// A message, and the reply that ended it for its sender.
struct Sent {
    id: String,
    from: String,
    is_bad: bool,
    /// How often its end of data was sent.
    times: usize,
    reply: String,
}

/// A sender with a queue: what has no final reply is sent again.
fn send_until(
    address: SocketAddr,
    sender: usize,
    stop: &AtomicBool,
    taken: &AtomicUsize,
) -> Vec<Sent> {
    let mut sent = Vec::new();
    let mut client = None;
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let (id, from) =
            (format!("<{sender}.{number}@crash.test>"), format!("s{sender}.{number}@spf.test"));
        let (is_bad, mut times) = (number % BAD == BAD - 1, 0);
        let to = if is_bad { "bad@example.org" } else { "hello@example.org" };
        let mut attempt = |client: &mut Option<Client>| -> Result<String, NoReply> {
            let client = match client {
                Some(client) => client,
                none => none.insert(session(address)?),
            };
            for line in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".into()] {
                client.send(format!("{line}\r\n").as_bytes());
            }
            for code in [250, 250, 354] {
                client.try_reply()?.expect_code(code);
            }
            times += 1;
            let message = format!("From: <{from}>\r\nMessage-ID: {id}\r\n\r\nhello\r\n");
            client.send(&stuffed(message.as_bytes()));
            Ok(client.try_reply()?.text())
        };
        let reply = loop {
            match attempt(&mut client) {
                Ok(reply) if reply.starts_with('4') => {}
                Ok(reply) => break reply,
                Err(why) => {
                    assert!(why != NoReply::Silent, "no answer about {id}");
                    client = None;
                }
            }
        };
        if reply.starts_with('2') {
            taken.fetch_add(1, Ordering::SeqCst);
        }
        sent.push(Sent { id, from, is_bad, times, reply });
    }
    sent
}
