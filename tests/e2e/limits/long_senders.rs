//! `srs_entries`: senders too long for an SRS address are kept in a table that no stranger can fill for others.

use super::MESSAGE;
use crate::support::{
    client::Client,
    onward::{Builder, Onward},
    receiver::{Action, Receiver, Step},
};
use std::{
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

const BOUNCE: &[u8] = b"From: <MAILER-DAEMON@sink.test>\r\nSubject: Undelivered\r\n\r\nsorry\r\n";
const STRANGER: &str = "198.51.100.1";
/// Long senders of the attack, and its connections.
const SENDERS: usize = 3_000;
const CONNECTIONS: usize = 10;

/// Clients are those that a proxy names.
fn onward(sink: &Receiver, entries: usize) -> Builder {
    Onward::forwarding_to(&sink.route())
        .route("sender.test", &sink.route())
        .smtp_option("proxy_protocol = [\"127.0.0.1/32\"]")
        .config(&format!("limits.srs_entries = {entries}"))
        .without_rates()
}

fn client(onward: &Onward, ip: &str) -> Client {
    let ip: IpAddr = ip.parse().unwrap();
    let mut client = onward.connect();
    client.send(format!("PROXY TCP4 {ip} {ip} 40000 25\r\n").as_bytes());
    client.reply().expect_code(220);
    client.ehlo("client.test").expect_code(250);
    client
}

/// Number `n` of the senders of `who`.
fn long(who: &str, n: usize) -> String {
    format!("{who}{n:0>width$}@sender.test", width = 64 - who.len())
}

fn send(client: &mut Client, from: &str) {
    client.transaction(from, &["hello@example.org"], MESSAGE).expect("250 2.0.0");
}

/// The reverse-path with which mail of `from` arrives at the alias's mailbox.
fn rewritten(onward: &Onward, sink: &Receiver, ip: &str, from: &str) -> String {
    let count = sink.count();
    send(&mut client(onward, ip), from);
    sink.wait_for_messages(count + 1).swap_remove(count).from
}

/// The reply to a bounce, and who gets it.
fn bounce(onward: &Onward, sink: &Receiver, to: &str) -> (u16, Option<String>) {
    let count = sink.count();
    let mut client = client(onward, "192.0.2.99");
    client.mail("").expect_code(250);
    let taken = client.rcpt(to);
    if taken.code != 250 {
        return (taken.code, None);
    }
    let reply = client.data(BOUNCE);
    let returned = sink.wait_for_messages(count + 1).swap_remove(count);
    (reply.code, returned.to.first().cloned())
}

/// How many long senders are kept: of one client, and in all.
fn kept(onward: &Onward, ip: &str) -> (u32, u32) {
    let path = onward.state_dir().join("onward.db");
    let database = rusqlite::Connection::open(path).unwrap();
    let octets = match ip.parse().unwrap() {
        IpAddr::V4(ip) => ip.octets(),
        IpAddr::V6(_) => panic!("{ip}"),
    };
    let count = |sql: &str| database.query_row(sql, (), |row| row.get(0)).unwrap();
    let octets: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let of = format!("SELECT count(*) FROM srs_addresses WHERE client = x'{octets}'");
    (count(&of), count("SELECT count(*) FROM srs_addresses"))
}

/// The stranger's connections do `each` with all of its senders; gives what the honest client mostly waited for a
/// message meanwhile, and how long all took.
fn attacked(onward: &Onward, each: impl Fn(&mut Client, &str) + Sync) -> (Duration, Duration) {
    let began = Instant::now();
    let waited = thread::scope(|scope| {
        let each = &each;
        let attack: Vec<_> = (0..CONNECTIONS)
            .map(|connection| {
                scope.spawn(move || {
                    let numbers = (connection..SENDERS).step_by(CONNECTIONS);
                    // Only so many transactions of a session may come to nothing.
                    for some in numbers.collect::<Vec<_>>().chunks(15) {
                        let mut client = client(onward, STRANGER);
                        some.iter().for_each(|n| each(&mut client, &long("s", *n)));
                    }
                })
            })
            .collect();
        let mut waited = Vec::new();
        let mut honest = client(onward, "192.0.2.1");
        while !attack.iter().all(thread::ScopedJoinHandle::is_finished) {
            waited.push(took(&mut honest));
        }
        waited
    });
    (median(waited), began.elapsed())
}

fn median(mut waited: Vec<Duration>) -> Duration {
    waited.sort_unstable();
    waited[waited.len() / 2]
}

/// What the honest client waits while nobody else is there.
fn quiet(onward: &Onward) -> Duration {
    median((0..20).map(|_| took(&mut client(onward, "192.0.2.1"))).collect())
}

/// How long a message of an honest client takes, whose sender is long too.
fn took(honest: &mut Client) -> Duration {
    let began = Instant::now();
    send(honest, &long("honest", 1));
    began.elapsed()
}

fn is_not_held_up(quiet: Duration, meanwhile: Duration) {
    let most = (quiet * 2).max(quiet + Duration::from_millis(500));
    assert!(meanwhile <= most, "{quiet:?} {meanwhile:?}");
}

#[test]
fn three_thousand_long_senders_that_are_refused_or_given_up_leave_nothing() {
    let sink = Receiver::smtp().start();
    sink.rule(|at| {
        let is_unwanted = || at.data.windows(8).any(|octets| octets == b"unwanted");
        (at.step == Step::FinalDot && is_unwanted()).then(|| Action::reply("550 5.7.1 no"))
    });
    let onward = onward(&sink, 1_000_000).start();
    let short = rewritten(&onward, &sink, "192.0.2.1", &long("honest", 1));
    let quiet = quiet(&onward);
    let (meanwhile, all) = attacked(&onward, |client, sender| {
        // One in ten brings its message to the end.
        if sender.contains("0@") {
            let unwanted = b"From: a@client.test\r\nSubject: unwanted\r\n\r\nhello\r\n";
            client.transaction(sender, &["hello@example.org"], unwanted).expect("550 5.7.1");
        } else {
            client.mail(sender).expect_code(250);
            client.rcpt("hello@example.org").expect_code(250);
            client.command("RSET").expect_code(250);
        }
    });
    eprintln!("{SENDERS} in {all:?}; honest: {quiet:?} before, {meanwhile:?} meanwhile");
    assert_eq!(kept(&onward, STRANGER), (0, 1));
    is_not_held_up(quiet, meanwhile);
    assert_eq!(bounce(&onward, &sink, &short), (250, Some(long("honest", 1))));
}

#[test]
fn three_thousand_long_senders_of_one_client_take_only_its_own_places() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, 1_000).start();
    let short = rewritten(&onward, &sink, "192.0.2.1", &long("honest", 1));
    let quiet = quiet(&onward);
    let (meanwhile, all) = attacked(&onward, send);
    eprintln!("{SENDERS} in {all:?}; honest: {quiet:?} before, {meanwhile:?} meanwhile");
    assert_eq!(kept(&onward, STRANGER), (10, 11));
    is_not_held_up(quiet, meanwhile);
    assert_eq!(bounce(&onward, &sink, &short), (250, Some(long("honest", 1))));
    onward.wait_for_log("bounces to them find nobody any more");
}

/// Which of them go, `tests/stores/long_senders.rs` says: here all may come within a second.
#[test]
fn a_full_table_takes_mail_and_other_long_senders_go() {
    let sink = Receiver::smtp().start();
    let onward = onward(&sink, 3).start();
    let shorts: Vec<String> =
        (0..5).map(|n| rewritten(&onward, &sink, &format!("192.0.2.{n}"), &long("s", n))).collect();
    assert_eq!(kept(&onward, "192.0.2.4"), (1, 3));
    let bounced: Vec<_> = shorts.iter().map(|short| bounce(&onward, &sink, short)).collect();
    let returned = |n: usize| (250, Some(long("s", n)));
    assert_eq!(bounced[4], returned(4), "the last one");
    let gone = bounced.iter().filter(|bounced| **bounced == (550, None)).count();
    let back = (0..5).filter(|n| bounced[*n] == returned(*n)).count();
    assert_eq!((gone, back), (2, 3), "{bounced:?}");
}
