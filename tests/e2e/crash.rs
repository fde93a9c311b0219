//! SIGKILL under load, at random moments: what was answered 250 has arrived.

mod spool;

use crate::support::client::{Client, NoReply, stuffed};
use crate::support::onward::Onward;
use crate::support::receiver::{Receiver, body_hash};
use crate::support::{DEADLINE, wait_until};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const KILLS: usize = 10;
const SENDERS: usize = 8;
/// Messages between two kills, at the least.
const BETWEEN: usize = 40;
/// The longest a kill is put off beyond that.
const JITTER: u64 = 120_000;

#[test]
fn whatever_was_answered_250_has_arrived_though_it_is_killed_ten_times() {
    let receiver = Receiver::smtp().counting().start();
    let mut onward = Onward::forwarding_to(receiver.name()).start();
    let mut random = Random::new();
    let mut moments = vec![format!("seed {}", random.0)];
    let stop = AtomicBool::new(false);
    let (address, stop) = (onward.address(), &stop);

    let senders: Vec<_> = thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| scope.spawn(move || Sender::new(address).run(sender, stop)))
            .collect();
        for _ in 0..KILLS {
            let count = receiver.count() + BETWEEN;
            let moving = receiver.reaches_count(count, DEADLINE);
            let moment = random.next() % JITTER;
            thread::sleep(Duration::from_micros(moment));
            moments.push(format!("{count} messages and {moment} us"));
            onward.kill_9();
            onward.serve();
            if !moving {
                stop.store(true, Ordering::SeqCst);
                panic!("nothing arrives any more; killed at {moments:?}");
            }
        }
        stop.store(true, Ordering::SeqCst);
        senders.into_iter().map(|sender| sender.join().expect("a sender fails")).collect()
    });

    let mut arrived: HashMap<String, (usize, u64)> = HashMap::new();
    for message in receiver.counted() {
        arrived.entry(message.message_id).or_insert((0, message.body)).0 += 1;
    }
    let mut interrupted = 0;
    for sender in senders {
        interrupted += sender.interrupted;
        for (id, sent) in sender.accepted {
            let (count, body) = arrived.remove(&id).unwrap_or_else(|| {
                panic!("{id} was answered 250 and is lost; killed at {moments:?}")
            });
            assert_eq!(body, body_hash(body_of(&id).as_bytes()), "{id}; killed at {moments:?}");
            // Each time its end was sent without an answer, it may have arrived.
            assert!(count <= sent, "{id} came {count} times, sent {sent}; killed at {moments:?}");
        }
    }
    assert!(arrived.is_empty(), "sent by nobody: {arrived:?}");
    assert!(interrupted > KILLS, "the kills met {interrupted} sessions; killed at {moments:?}");
    let log = onward.log().join("\n");
    assert!(!log.contains("ERROR"), "after ten kills: {log}; killed at {moments:?}");
    onward.run(&["trace", "--json", "--limit", "1"]);
}

/// A sender with a queue: what is not accepted is sent again.
struct Sender {
    address: SocketAddr,
    client: Option<Client>,
    /// With a final 250, and how often its end of data was sent.
    accepted: Vec<(String, usize)>,
    /// Connections that broke.
    interrupted: usize,
    /// What was said last.
    stage: &'static str,
}

impl Sender {
    fn new(address: SocketAddr) -> Self {
        Self { address, client: None, accepted: Vec::new(), interrupted: 0, stage: "" }
    }

    fn run(mut self, sender: usize, stop: &AtomicBool) -> Self {
        for number in 0.. {
            if stop.load(Ordering::SeqCst) {
                break;
            }
            let id = format!("<{sender}.{number}@crash.test>");
            let mut sent = 0;
            while let Err(why) = self.send(&id, &mut sent) {
                let stage = self.stage;
                assert!(why != NoReply::Silent, "no answer to {stage} of {id}, sent {sent} times");
                self.interrupted += 1;
                self.client = None;
            }
            self.accepted.push((id, sent));
        }
        self
    }

    /// Anything but acceptance at every step, or the end of the connection, is a failure.
    fn send(&mut self, id: &str, sent: &mut usize) -> Result<(), NoReply> {
        self.stage = "connect";
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(session(self.address)?),
        };
        let envelope = "MAIL FROM:<alice@sender.test>\r\nRCPT TO:<hello@example.org>\r\nDATA\r\n";
        self.stage = "envelope";
        client.send(envelope.as_bytes());
        for code in [250, 250, 354] {
            client.try_reply()?.expect_code(code);
        }
        let message =
            format!("From: <alice@sender.test>\r\nMessage-ID: {id}\r\n\r\n{}", body_of(id));
        *sent += 1;
        self.stage = "end of data";
        client.send(&stuffed(message.as_bytes()));
        client.try_reply()?.expect("250 2.0.0");
        Ok(())
    }
}

fn session(address: SocketAddr) -> Result<Client, NoReply> {
    let mut client = wait_until("Onward to listen", || Client::try_connect(address).ok());
    client.set_deadline(Duration::from_secs(2));
    match client.try_reply() {
        Err(NoReply::Silent) => return Err(forgotten(client)),
        greeting => greeting?.expect_code(220),
    };
    client.set_deadline(DEADLINE);
    client.send(b"EHLO crash.test\r\n");
    client.try_reply()?.expect_code(250);
    Ok(client)
}

/// A handshake that meets the end of the listener can leave a connection of which only the client's
/// side is left. The kernel tells whoever sends something; a daemon that has the connection answers.
fn forgotten(mut client: Client) -> NoReply {
    client.set_deadline(DEADLINE);
    client.send(b"QUIT\r\n");
    match client.try_reply() {
        Ok(late) => NoReply::Closed(late.text()),
        Err(why) => why,
    }
}

/// Of 0 to 60 kB, and different for each id.
fn body_of(id: &str) -> String {
    let lines = body_hash(id.as_bytes()) % 1000;
    (0..lines).map(|line| format!("line {line} of the message with the id {id}.\r\n")).collect()
}

/// xorshift64: no more is asked of it than to be different each time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self(clock.as_nanos() as u64 | 1)
    }

    /// By which what happened is told again.
    pub(crate) fn seed(&self) -> u64 {
        self.0
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
