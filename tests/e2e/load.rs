//! Ten thousand messages: none lost, none twice, and every sender told the truth.

use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::receiver::{Action, At, Receiver, Step};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::thread;
use std::time::Duration;

const MESSAGES: usize = 10_000;
const ALIAS: &str = "hello@example.org";
/// For all of them, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// One run of smtp-source.
struct Run {
    sessions: usize,
    messages: usize,
    length: usize,
    /// All messages of a session over one connection.
    keeps_connections: bool,
}

/// Twenty sessions at once; most messages are small, most bytes in large ones.
const RUNS: [Run; 4] = [
    Run { sessions: 8, messages: 5000, length: 300, keeps_connections: true },
    Run { sessions: 6, messages: 3400, length: 3_000, keeps_connections: false },
    Run { sessions: 4, messages: 1500, length: 20_000, keeps_connections: true },
    Run { sessions: 2, messages: 100, length: 200_000, keeps_connections: false },
];

#[test]
fn ten_thousand_messages_of_mixed_sizes_arrive_once() {
    if peer::program("smtp-source").is_none() {
        return;
    }
    let receiver = Receiver::smtp().counting().start();
    let onward = Onward::forwarding_to(receiver.name()).without_rates().start();
    thread::scope(|scope| {
        for run in &RUNS {
            let server = onward.address().to_string();
            scope.spawn(move || {
                let (sessions, messages) = (run.sessions.to_string(), run.messages.to_string());
                let length = run.length.to_string();
                let mut arguments = vec!["-s", &sessions, "-m", &messages, "-l", &length];
                arguments.extend(["-f", "alice@sender.test", "-t", ALIAS]);
                arguments.extend(run.keeps_connections.then_some("-d"));
                arguments.push(&server);
                let ended = peer::run_for(PATIENCE, "smtp-source", &arguments).unwrap();
                assert!(ended.success, "{}", ended.output);
            });
        }
    });

    // smtp-source waits for each verdict, so all that was accepted has arrived by now.
    let arrived = receiver.counted();
    let ids: HashSet<&str> = arrived.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!((arrived.len(), ids.len()), (MESSAGES, MESSAGES), "all, and each once");

    // A Message-ID begins with the process: all messages of a run have the same body.
    let mut runs: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for message in &arrived {
        runs.entry(message.message_id.split('.').next().unwrap()).or_default().push(message);
    }
    let counts: BTreeSet<usize> = runs.values().map(Vec::len).collect();
    assert_eq!(counts, RUNS.iter().map(|run| run.messages).collect());
    for run in runs.values() {
        let bodies: HashSet<u64> = run.iter().map(|message| message.body).collect();
        assert_eq!(bodies.len(), 1, "a body was changed on the way");
        let sent = RUNS.iter().find(|sent| sent.messages == run.len()).unwrap();
        assert!(run.iter().all(|message| message.size > sent.length));
    }
    onward.wait_for_trace(&["--to", ALIAS], MESSAGES);
}

/// What the destination says to a message, by its number, and at which step.
fn verdict(number: usize) -> Option<(Step, String)> {
    let step = [Step::Mail, Step::Rcpt, Step::Data, Step::FinalDot][number / 10 % 4];
    match number % 10 {
        3 => Some((step, format!("451 4.2.1 busy with {number}"))),
        7 => Some((step, format!("552 5.2.2 no room for {number}"))),
        _ => None,
    }
}

/// The number is in the sender's address, which every step of the destination sees.
fn number_of(at: &At<'_>) -> Option<usize> {
    at.from.split_once("=sender.test=")?.1.split_once('@')?.0.parse().ok()
}

#[test]
fn each_of_ten_thousand_senders_sees_the_destinations_verdict() {
    const SENDERS: usize = 8;
    let receiver = Receiver::smtp()
        .counting()
        .rule(|at| {
            let (step, reply) = verdict(number_of(at)?)?;
            (at.step == step).then(|| Action::reply(&reply))
        })
        .start();
    let onward = Onward::forwarding_to(receiver.name()).without_rates().start();

    let accepted: Vec<usize> = thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let onward = &onward;
                scope.spawn(move || {
                    let mut client = onward.session();
                    let mine = (sender..MESSAGES).step_by(SENDERS);
                    mine.filter(|&number| is_accepted(&mut client, number)).collect::<Vec<_>>()
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });

    let arrived = receiver.counted();
    let arrived_ids: HashSet<String> =
        arrived.iter().map(|message| message.message_id.clone()).collect();
    assert_eq!(arrived.len(), arrived_ids.len(), "each once");
    let accepted_ids: HashSet<String> =
        accepted.iter().map(|n| format!("<{n}@load.test>")).collect();
    assert_eq!(accepted_ids.len(), MESSAGES * 8 / 10);
    assert!(arrived_ids == accepted_ids, "250 is for what arrived, and nothing else arrived");
}

/// Sends message `number`; the reply has to be that of the destination.
fn is_accepted(client: &mut Client, number: usize) -> bool {
    // The last bytes of a thousand lengths, all on different sides of the buffers' borders.
    let filling = "x".repeat(number % 1000);
    let message = format!(
        "From: <{number}@sender.test>\r\nMessage-ID: <{number}@load.test>\r\n\r\n{filling}\r\n"
    );
    let from = format!("{number}@sender.test");
    let reply = client.transaction(&from, &[ALIAS], message.as_bytes());
    match verdict(number) {
        None => reply.expect("250 2.0.0"),
        Some((_, theirs)) => {
            let (code, text) = theirs.split_at("451 4.2.1".len());
            reply.expect(&format!("{code} Destination:{text}"))
        }
    }
    .code
        == 250
}
