//! SIGKILL under load while messages are spooled and tried again: what was answered 250 arrives, or its
//! sender hears of it; and nothing comes twice but what an answer was cut from.

mod account;
mod destination;
mod sender;

use super::Random;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::{DEADLINE, wait_until, wait_until_for};
use account::Account;
use destination::Destination;
use sender::{Sender, Sent};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const KILLS: usize = 50;
/// Whose SPF passes.
const AUTHENTICATED: usize = 4;
/// Messages answered 250 between two kills, at the least.
const BETWEEN: usize = 8;
/// The longest a kill is put off beyond that, in microseconds.
const JITTER: u64 = 250_000;
/// Attempts at once to one destination: a kill can cut off as many there, and as many that are being written down.
const AT_ONCE: usize = 5;

#[test]
fn whatever_was_answered_250_arrives_or_is_told_though_it_is_killed_fifty_times() {
    let mut random = Random::new();
    let seed = random.0;
    // One whose port stays open, one whose port closes too, and one for notices of failure.
    let mut here = Destination::start();
    let mut gone = Destination::start();
    let mut notices = Destination::start();
    let strangers = Receiver::smtp().start();
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let mut onward = Onward::forwarding_to(here.name())
        .alias("other@example.org", &["carl@gone.test"])
        .alias("pair@example.org", &["dave@sink.test", "dave@gone.test"])
        .alias("bad@example.org", &["bad@sink.test"])
        .route("gone.test", gone.name())
        .route("spf.test", notices.name())
        .route("nospf.test", strangers.name())
        .dns(&dns)
        .config("spool.retry = [\"100ms\"]")
        .config(&format!("spool.concurrency_per_destination = {AT_ONCE}"))
        .start();
    let mut errors = Vec::new();
    let (address, stop, taken) = (onward.address(), &AtomicBool::new(false), &AtomicUsize::new(0));

    let sent: Vec<Sent> = thread::scope(|scope| {
        let sender =
            |number, is_authenticated| Sender { address, number, is_authenticated, stop, taken };
        let mut threads: Vec<_> = (0..AUTHENTICATED)
            .map(|number| scope.spawn(move || sender(number, true).run()))
            .collect();
        threads.push(scope.spawn(move || sender(AUTHENTICATED, false).run()));
        for kill in 0..KILLS {
            let enough = taken.load(Ordering::SeqCst) + BETWEEN;
            wait_until(format!("{BETWEEN} messages before kill {kill}, seed {seed}"), || {
                (taken.load(Ordering::SeqCst) >= enough).then_some(())
            });
            thread::sleep(Duration::from_micros(random.next() % JITTER));
            for destination in [&mut here, &mut gone, &mut notices] {
                destination.change_mood(&mut random);
            }
            errors.extend(onward.log().into_iter().filter(|line| line.contains(" ERROR ")));
            onward.kill_9();
            for destination in [&mut here, &mut gone, &mut notices] {
                destination.end_of_life();
            }
            if random.next().is_multiple_of(4) {
                gone.close();
            } else {
                gone.open();
            }
            onward.serve();
        }
        for destination in [&mut here, &mut gone, &mut notices] {
            destination.open();
            destination.take_all();
        }
        stop.store(true, Ordering::SeqCst);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    wait_until_for(DEADLINE * 2, format!("an empty spool, seed {seed}"), || {
        onward.run(&["queue", "list"]).is_empty().then_some(())
    });
    errors.extend(onward.log().into_iter().filter(|line| line.contains(" ERROR ")));
    assert_eq!(errors, [""; 0], "seed {seed}");

    let journal = journal(&onward, &sent, seed);
    onward.terminate();
    for destination in [&mut here, &mut gone, &mut notices] {
        destination.end_of_life();
    }
    let account = Account { seed, sent, journal };
    account.is_nothing_lost(&here, &gone, &notices);
    let repeats =
        [&here, &gone, &notices].map(|destination| account.are_repeats_explained(destination));
    assert!(repeats.iter().sum::<usize>() > 0, "no answer was cut, so nothing was tried");
    assert_eq!(strangers.transactions(), 0, "a notice to whom nobody vouched for; seed {seed}");
    let database = rusqlite::Connection::open(onward.state_dir().join("onward.db")).unwrap();
    for table in ["spool", "spool_legs"] {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = database.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "left in {table}; seed {seed}");
    }
}

/// The records by id, once each message that was spooled has an end.
fn journal(onward: &Onward, sent: &[Sent], seed: u64) -> HashMap<String, Value> {
    let spooled: Vec<&str> = sent.iter().filter_map(Sent::spooled).collect();
    assert!(spooled.len() > KILLS, "{} messages were spooled; seed {seed}", spooled.len());
    wait_until(format!("outcomes of all spooled messages, seed {seed}"), || {
        let records: HashMap<String, Value> = onward
            .run(&["trace", "--json", "--limit", "1000000"])
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|record| (record["id"].as_str().unwrap().to_owned(), record))
            .collect();
        let has_end = |id: &&str| {
            let outcome = records.get(*id).map(|record| record["outcome"].as_str().unwrap());
            matches!(outcome, Some("forwarded" | "failed" | "partial"))
        };
        spooled.iter().all(has_end).then_some(records)
    })
}
