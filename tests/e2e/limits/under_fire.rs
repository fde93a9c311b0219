//! What one client does by the thousand is told in a few lines: in the journal, where it would wipe the history of
//! everybody's mail, and in the log.

use super::{MESSAGE, connect_from, send};
use crate::metrics::{get, value};
use crate::support::{
    client::Client,
    onward::{Builder, Onward},
    receiver::Receiver,
};
use serde_json::Value;
use std::{
    thread::scope,
    time::{Duration, Instant},
};

const ATTACKER: &str = "127.0.0.66";
const SESSIONS: usize = 4;
const TOGETHER: usize = 500;
const TIMES: usize = 10;

fn onward(sink: &Receiver) -> Builder {
    Onward::forwarding_to(&sink.route())
        .config("limits.unknown_recipients_per_client = \"1000000/1h\"")
        .config("limits.errors = 10000")
}

/// How long an honest client takes for a message, of so many the median.
fn latency(onward: &Onward, messages: usize) -> Duration {
    let mut client = connect_from("127.0.0.1", onward);
    client.reply().expect_code(220);
    client.ehlo("honest.test");
    let mut took: Vec<Duration> = (0..messages)
        .map(|_| {
            let began = Instant::now();
            send(&mut client, MESSAGE).expect_code(250);
            began.elapsed()
        })
        .collect();
    took.sort();
    took[messages / 2]
}

/// Asks for recipients that do not exist, many at once; gives how many were refused.
fn guess(onward: &Onward) -> usize {
    let mut client = connect_from(ATTACKER, onward);
    client.reply().expect_code(220);
    client.ehlo("attacker.test");
    client.mail("a@attacker.test").expect_code(250);
    for batch in 0..TIMES {
        let commands: String =
            (0..TOGETHER).map(|n| format!("RCPT TO:<user{n}.{batch}@example.org>\r\n")).collect();
        client.send(commands.as_bytes());
        for _ in 0..TOGETHER {
            client.reply().expect("550 5.1.1");
        }
    }
    TIMES * TOGETHER
}

/// Has the daemon tell what is left to tell; gives its whole log.
fn stop(onward: &Onward) -> Vec<String> {
    onward.signal("TERM");
    onward.wait_for_log("stopped");
    onward.log()
}

fn lines_about<'a>(log: &'a [String], client: &str) -> Vec<&'a String> {
    let client = format!("client={client}");
    log.iter().filter(|line| line.contains(&client)).collect()
}

#[test]
fn twenty_thousand_refused_recipients_are_a_few_lines() {
    let sink = Receiver::smtp().start();
    let (builder, scrape) = onward(&sink).listen("http", &[]);
    let mut onward = builder.start();
    let quiet = latency(&onward, 15);
    let (refused, busy) = scope(|scope| {
        let guesses: Vec<_> = (0..SESSIONS).map(|_| scope.spawn(|| guess(&onward))).collect();
        let busy = latency(&onward, 15);
        (guesses.into_iter().map(|guess| guess.join().unwrap()).sum::<usize>(), busy)
    });
    assert_eq!(refused, SESSIONS * TIMES * TOGETHER);
    let allowed = (2 * quiet).max(quiet + Duration::from_millis(500));
    assert!(busy <= allowed, "an honest message took {busy:?}, before {quiet:?}");
    let counted = value(&get(scrape, "GET /metrics"), "onward_refusals_total{status=\"5.1.1\"}");
    assert_eq!(counted as usize, refused);
    let log = stop(&onward);
    onward.wait_exit();

    let journal: Vec<Value> = onward
        .run(&["trace", "--json", "--from", "a@attacker.test"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!((1..=4).contains(&journal.len()), "{} lines: {journal:#?}", journal.len());
    let told: usize = journal
        .iter()
        .map(|line| {
            assert_eq!(line["to"].as_array().unwrap().len(), 3, "the first three are named");
            let note = line["note"].as_str().unwrap();
            let (count, words) = note.split_once(' ').unwrap();
            assert!(words.starts_with("recipients refused within a minute"), "{note}");
            count.parse::<usize>().unwrap()
        })
        .sum();
    assert_eq!(told, refused, "all are counted");
    assert_eq!(
        onward.run(&["trace", "--from", "a@client.test"]).matches(" forwarded ").count(),
        30
    );
    let lines = lines_about(&log, ATTACKER);
    assert!(lines.len() <= 12, "{} lines: {lines:#?}", lines.len());
}

#[test]
fn a_client_that_is_turned_away_by_the_hundred_fills_no_log() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.connections_per_client = 1")
        .config("limits.log_lines_per_client = \"5/1h\"")
        .start();
    let mut held = connect_from(ATTACKER, &onward);
    held.reply().expect_code(220);
    for _ in 0..200 {
        connect_from(ATTACKER, &onward).reply().expect("421 4.3.2");
    }
    let mut other: Client = connect_from("127.0.0.1", &onward);
    other.reply().expect_code(220);
    drop((held, other));
    let log = stop(&onward);
    let lines = lines_about(&log, ATTACKER);
    assert_eq!(lines.len(), 6, "five and how many were left out: {lines:#?}");
    let last = lines[5];
    assert!(last.contains("lines=195") && last.contains("were left out"), "{last}");
}

#[test]
fn a_client_whose_messages_are_refused_by_the_hundred_fills_no_log_and_each_is_in_the_journal() {
    let sink = Receiver::smtp().start();
    let mut onward =
        onward(&sink).config("limits.log_lines_per_client = \"5/1h\"").without_rates().start();
    let mut client = connect_from(ATTACKER, &onward);
    client.reply().expect_code(220);
    client.ehlo("attacker.test");
    for _ in 0..50 {
        send(&mut client, b"Subject: of nobody\r\n\r\nx\r\n").expect("550 5.6.0");
    }
    // What is taken is always told.
    send(&mut client, MESSAGE).expect_code(250);
    client.quit();
    let log = stop(&onward);
    onward.wait_exit();
    let lines = lines_about(&log, ATTACKER);
    assert_eq!(lines.len(), 7, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("lines=45")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("outcome=forwarded")), "{lines:#?}");
    let journal = onward.run(&["trace", "--from", "a@client.test", "--json"]);
    assert_eq!(journal.lines().count(), 51);
}
