//! Whoever asks the page by the thousand, or asks and never ends, slows no mail down.

use super::site::{Person, Site};
use crate::support::onward::Onward;
use crate::support::{receiver::Receiver, wait_until};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

const MESSAGE: &[u8] = b"From: a@sender.test\r\nSubject: latency\r\n\r\nx\r\n";
const MESSAGES: usize = 31;
const REQUESTS: usize = 10_000;
const CLIENTS: usize = 4;
const SLOW: usize = 300;
/// How often the time beside slow requests is taken.
const TRIES: usize = 5;

/// How long a message takes, of so many the median.
fn latency(onward: &Onward, messages: usize) -> Duration {
    let mut client = onward.session();
    let mut took: Vec<Duration> = (0..messages)
        .map(|_| {
            let began = Instant::now();
            client.mail("a@sender.test").expect_code(250);
            client.rcpt("hello@example.org").expect_code(250);
            client.data(MESSAGE).expect_code(250);
            began.elapsed()
        })
        .collect();
    took.sort();
    took[messages / 2]
}

#[test]
fn slow_and_many_requests_leave_mail_as_fast_as_it_was() {
    let sink = Receiver::smtp().start();
    let builder = Onward::builder()
        .route("sink.test", &sink.route())
        .config("limits.messages_per_alias = \"100000/1h\"")
        .config("limits.messages_per_client = \"100000/1h\"");
    let site = Site::start_with(builder);
    site.onward.run(&["alias", "add", "hello@example.org", "bob@sink.test"]);
    let admin = site.admin();
    let (address, asked) = (site.address, AtomicUsize::new(0));
    latency(&site.onward, MESSAGES);
    let quiet = latency(&site.onward, MESSAGES);
    let mut slow: Vec<TcpStream> = Vec::new();
    for n in 0..SLOW {
        let mut stream = TcpStream::connect(address).unwrap();
        // Half of them in the head, half in a form.
        let begun: &[u8] = match n % 2 {
            0 => b"GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            _ => b"POST /language HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\nlang=",
        };
        // Those whose place is taken are reset.
        let _ = stream.write_all(begun);
        slow.push(stream);
    }
    // The best of some: what else the machine does meanwhile is not said of the daemon.
    let beside_slow = (0..TRIES).map(|_| latency(&site.onward, MESSAGES)).min().unwrap();
    let busy = scope(|scope| {
        for client in 0..CLIENTS {
            let (site, admin, asked) = (&site, &admin, &asked);
            scope.spawn(move || {
                while asked.fetch_add(1, Ordering::SeqCst) < REQUESTS {
                    let (person, path) = match client % 2 {
                        0 => (&Person::nobody(), "/login"),
                        _ => (admin, "/sessions"),
                    };
                    assert_eq!(site.get(person, path).status, 200, "{path}");
                }
            });
        }
        let mut all = Vec::new();
        while asked.load(Ordering::SeqCst) < REQUESTS {
            all.push(latency(&site.onward, MESSAGES));
        }
        all.sort();
        all[all.len() / 2]
    });
    let told = format!(
        "a message took {quiet:?} when it was quiet, {beside_slow:?} beside {SLOW} slow requests, {busy:?} beside \
         {REQUESTS}"
    );
    eprintln!("{told}");
    // What is less than the machine can tell is nothing.
    let within = |told: Duration, least| told <= (quiet * 3 / 2).max(quiet + least);
    assert!(within(beside_slow, Duration::from_millis(10)), "{told}");
    // Whoever asks without a pause has the processors that the daemon has: what that takes is no queue behind requests,
    // of which thousands are answered meanwhile.
    assert!(within(busy, Duration::from_millis(50)), "{told}");
}

#[test]
fn the_threads_of_the_page_stand_behind_those_of_mail() {
    let site = Site::start();
    assert_eq!(site.get(&Person::nobody(), "/login").status, 200);
    // One of them may still be about to start.
    wait_until("threads of the page that are nicer by ten, all of them", || {
        let [of_mail, of_page] = niceness(&site.onward);
        let nicer: BTreeSet<i64> = of_mail.iter().map(|nice| nice + 10).collect();
        (of_page == nicer).then_some(())
    });
}

/// How nice the threads of the daemon are, those of the page apart.
fn niceness(onward: &Onward) -> [BTreeSet<i64>; 2] {
    let mut all = [BTreeSet::new(), BTreeSet::new()];
    for task in fs::read_dir(format!("/proc/{}/task", onward.process_id())).unwrap() {
        // A thread may be gone by now.
        let Ok(stat) = fs::read_to_string(task.unwrap().path().join("stat")) else { continue };
        // proc_pid_stat(5): the name stands in parentheses, the niceness is the 17th field behind it.
        let (name, fields) = stat.split_once('(').unwrap().1.rsplit_once(')').unwrap();
        let nice = fields.split_whitespace().nth(16).unwrap().parse().unwrap();
        all[usize::from(name.starts_with("web-"))].insert(nice);
    }
    all
}
