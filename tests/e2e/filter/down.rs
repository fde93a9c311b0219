//! The filter is killed or frozen while mail flows: it goes on or is put off, and soon without a wait.

use super::{dns, in_data, last_record, onward, send, send_from};
use crate::support::{
    client::{Client, Reply},
    dns::Dns,
    fake_filter::{Asked, FakeFilter, Say},
    onward::Onward,
    receiver::Receiver,
    rspamd::Rspamd,
    wait_until,
};
use std::{
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    thread,
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_millis(1500);

/// A message of a client of its own: silence counts once for each.
fn timed(onward: &Onward) -> (Reply, Duration) {
    static CLIENTS: AtomicU8 = AtomicU8::new(1);
    let ip = format!("198.51.100.{}", CLIENTS.fetch_add(1, Ordering::SeqCst));
    let began = Instant::now();
    let reply = send_from(onward, &ip, "X-Test-Score: 1\r\n");
    (reply, began.elapsed())
}

/// What most of so many messages take at most.
fn usual(onward: &Onward, count: usize) -> Duration {
    let mut took: Vec<Duration> = (0..count).map(|_| timed(onward).1).collect();
    took.sort_unstable();
    took[count / 2]
}

fn started(fail: &str) -> Option<(Receiver, Rspamd, Onward, Dns)> {
    started_at(fail, Rspamd::tcp)
}

fn started_at(
    fail: &str,
    place: impl Fn(&Rspamd) -> String,
) -> Option<(Receiver, Rspamd, Onward, Dns)> {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let rspamd = Rspamd::start(&dns)?;
    let onward = onward(&sink, &dns, &place(&rspamd))
        .config("filter.timeout = \"1500ms\"")
        .config(&format!("filter.fail = \"{fail}\""))
        .start();
    Some((sink, rspamd, onward, dns))
}

#[test]
fn mail_goes_on_past_a_frozen_filter_and_only_few_wait_for_it() {
    let Some((sink, rspamd, onward, _dns)) = started("accept") else { return };
    let quiet = usual(&onward, 5);
    rspamd.signal("STOP");
    let began = Instant::now();
    let took: Vec<Duration> = (0..30)
        .map(|_| {
            let (reply, took) = timed(&onward);
            reply.expect_code(250);
            took
        })
        .collect();
    // Three in a row, and then one whenever the filter has been left alone for five seconds.
    let waited = took.iter().filter(|took| **took >= TIMEOUT).count();
    let trials = usize::try_from(began.elapsed().as_secs() / 5).unwrap();
    assert!((3..=3 + trials).contains(&waited), "{waited} waited, {trials} trials: {took:?}");
    let mut sorted = took.clone();
    sorted.sort_unstable();
    let bound = (quiet * 2).max(quiet + Duration::from_millis(500));
    assert!(sorted[15] <= bound, "usually {:?}, quiet {quiet:?}", sorted[15]);
    assert_eq!(sink.count(), 35);
    let record = onward.wait_for_trace(&[], 35).pop().unwrap();
    assert!(record["filter"].is_null(), "{record}");
    let note = record["note"].as_str().unwrap();
    assert!(note.contains("the spam filter said nothing: "), "{note}");
    let errors = || {
        let log = onward.log();
        log.iter()
            .filter(|line| line.contains("the spam filter does not answer: mail goes on"))
            .count()
    };
    assert_eq!(errors(), 1, "once a minute");

    rspamd.signal("CONT");
    wait_until("an answer", || {
        send(&onward, "X-Test-Score: 1\r\n").expect_code(250);
        onward.log().iter().any(|line| line.contains("the filter answers again")).then_some(())
    });
    send(&onward, "X-Test-Score: 7\r\n").expect("550 5.7.1");
}

#[test]
fn mail_waits_at_its_sender_while_a_filter_is_frozen_and_the_operator_wants_that() {
    mail_waits(Rspamd::tcp);
}

#[test]
fn mail_waits_at_its_sender_while_a_filter_on_a_unix_socket_is_frozen() {
    mail_waits(Rspamd::unix);
}

fn mail_waits(place: impl Fn(&Rspamd) -> String) {
    let Some((sink, rspamd, onward, _dns)) = started_at("defer", place) else { return };
    send(&onward, "X-Test-Score: 1\r\n").expect_code(250);
    rspamd.signal("STOP");
    let took: Vec<Duration> = (0..10)
        .map(|_| {
            let (reply, took) = timed(&onward);
            reply.expect("451 4.3.0");
            took
        })
        .collect();
    assert!(took.iter().filter(|took| **took >= TIMEOUT).count() <= 4, "{took:?}");
    assert_eq!(last_record(&onward, 11)["outcome"], "deferred");
    rspamd.signal("CONT");
    wait_until("an answer", || (send(&onward, "X-Test-Score: 1\r\n").code == 250).then_some(()));
    assert_eq!(sink.count(), 2);
}

/// SIGKILL to all of rspamd's processes while clients send without a pause: each message has its answer.
#[test]
fn no_message_is_lost_when_the_filter_is_killed_between_two() {
    for (fail, code) in [("accept", 250), ("defer", 451)] {
        let Some((sink, rspamd, onward, _dns)) = started(fail) else { return };
        let (is_killed, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        let codes: Vec<(bool, u16)> = thread::scope(|scope| {
            let clients: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut codes = Vec::new();
                        while !is_over.load(Ordering::SeqCst) {
                            let was_killed = is_killed.load(Ordering::SeqCst);
                            codes.push((was_killed, send(&onward, "X-Test-Score: 1\r\n").code));
                        }
                        codes
                    })
                })
                .collect();
            sink.wait_for_count(10, crate::support::DEADLINE);
            rspamd.signal("KILL");
            is_killed.store(true, Ordering::SeqCst);
            onward.wait_for_log("the spam filter does not answer");
            let log = |text: &str| onward.log().iter().filter(|line| line.contains(text)).count();
            let answered = log("outcome=");
            wait_until("mail after the kill", || (log("outcome=") > answered + 20).then_some(()));
            is_over.store(true, Ordering::SeqCst);
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        assert!(codes.iter().all(|(_, found)| [250, code].contains(found)), "{fail}: {codes:?}");
        let behind: Vec<u16> =
            codes.iter().filter(|(after, _)| *after).map(|(_, code)| *code).collect();
        assert!(behind.iter().all(|found| *found == code), "{fail}: {behind:?}");
        let taken = codes.iter().filter(|(_, code)| *code == 250).count();
        assert_eq!(sink.count(), taken, "{fail}");
        onward.wait_for_trace(&[], codes.len());
    }
}

/// One client sends what keeps the filter busy for long, such as names that nobody answers about.
#[test]
fn messages_that_the_filter_takes_long_for_are_waited_for_by_their_client_alone() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::NothingOf("192.0.2.66"));
    let onward = onward(&sink, &dns, &filter.place())
        .config("filter.timeout = \"60s\"")
        .config("filter.connections = 8")
        .start();
    let quiet = usual(&onward, 5);
    let before = filter.asked().len();
    let mut hostile: Vec<Client> = (0..20).map(|_| in_data(&onward, "192.0.2.66")).collect();
    for client in &mut hostile {
        client.send(&[&super::message("")[..], b".\r\n"].concat());
    }
    filter.wait_for_asked(before + 2);
    let honest = usual(&onward, 5);
    let bound = (quiet * 2).max(quiet + Duration::from_millis(500));
    assert!(honest <= bound, "usually {honest:?}, quiet {quiet:?}");
    let of_hostile = |asked: &Asked| asked.head.iter().any(|line| line == "ip: 192.0.2.66");
    assert_eq!(filter.asked().iter().filter(|asked| of_hostile(asked)).count(), 2);
    let judged = onward.wait_for_trace(&["--from", "a@sender.test"], 10);
    assert!(judged.iter().all(|record| record["filter"]["action"] == "no action"), "{judged:#?}");
}

/// Many sessions at once, and a filter that takes connections and says nothing.
#[test]
fn a_silent_filter_costs_bounded_descriptors_and_nobody_waits_for_all_others() {
    const SESSIONS: usize = 200;
    const CONNECTIONS: usize = 10;
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::Nothing);
    let onward = onward(&sink, &dns, &filter.place())
        .config("filter.timeout = \"8s\"")
        .config(&format!("filter.connections = {CONNECTIONS}"))
        .start();
    let mut clients: Vec<_> =
        (0..SESSIONS).map(|host| in_data(&onward, &format!("198.51.{host}.1"))).collect();
    let descriptors = || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", onward.process_id())).unwrap();
        open.count()
    };
    let before = descriptors();
    let began = Instant::now();
    for client in &mut clients {
        client.send(&[&super::message("")[..], b".\r\n"].concat());
    }
    filter.wait_for_asked(CONNECTIONS);
    // Behind the questions to DNS about all of them.
    wait_until("few descriptors", || (descriptors() <= before + CONNECTIONS + 20).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(8), "while the filter is waited for");
    // For some no place came free before the filter was left alone: they come again.
    let replies: Vec<Reply> = clients.iter_mut().map(Client::reply).collect();
    for reply in replies.iter().filter(|reply| reply.code != 250) {
        reply.clone().expect("451 4.7.1");
    }
    let taken = replies.iter().filter(|reply| reply.code == 250).count();
    let took = began.elapsed();
    // Ten at a time, each for eight seconds, would take more than two minutes.
    assert!(took < Duration::from_secs(40), "{took:?}");
    // Some that we have closed may not be known there yet.
    assert!(filter.most_open() <= 2 * CONNECTIONS, "{} connections", filter.most_open());
    assert_eq!(sink.count(), taken);
    // And whoever comes now does not wait.
    send(&onward, "").expect_code(250);
}
