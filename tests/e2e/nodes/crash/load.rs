//! Senders with a queue each: what has no final reply is sent again, to another node where one does not answer.

use crate::support::client::{Client, NoReply, stuffed};
use crate::support::{poll, wait_until_for};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Scope;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Senders for each node.
const SENDERS: usize = 2;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);
/// For any answer: a node that stands still gives none for a while.
const PATIENCE: Duration = Duration::from_secs(90);
/// Messages answered 250 that show that the nodes go on.
const BETWEEN: usize = 8;
/// Of so many messages, one is for a mailbox that does not exist.
const BAD: usize = 5;

/// A time of the clock that the database has too, in milliseconds.
pub(in crate::nodes) fn clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

pub(in crate::nodes) struct Load {
    nodes: Vec<SocketAddr>,
    is_over: AtomicBool,
    /// Messages that were answered 250.
    taken: AtomicUsize,
    sent: Mutex<Vec<Sent>>,
}

/// A message, and all that its sender knows of it.
#[derive(Debug, Default)]
pub(in crate::nodes) struct Sent {
    /// Of it alone: the reverse-path, which its subject is too.
    pub(in crate::nodes) from: String,
    pub(in crate::nodes) is_bad: bool,
    /// How often there was no answer to its end of data.
    pub(in crate::nodes) lost: usize,
    /// From when to when its end of data was answered 4xx.
    pub(in crate::nodes) deferred: Vec<(i64, i64)>,
    /// The final reply, if there was one before the test ended.
    pub(in crate::nodes) reply: String,
}

impl Sent {
    /// Onward's id of what it answered 250.
    pub(in crate::nodes) fn taken(&self) -> Option<&str> {
        self.reply.strip_prefix("250 2.0.0 ").and_then(|rest| rest.split(' ').next())
    }

    /// The same, if it went into the spool.
    pub(in crate::nodes) fn spooled(&self) -> Option<&str> {
        self.taken().filter(|_| !self.reply.contains("the destination said 2xx"))
    }
}

impl Load {
    pub(in crate::nodes) fn on(nodes: Vec<SocketAddr>) -> Self {
        let (is_over, taken, sent) = Default::default();
        Self { nodes, is_over, taken, sent }
    }

    /// Has all senders begin; the scope ends with them.
    pub(in crate::nodes) fn begin<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        for number in 0..self.nodes.len() * SENDERS {
            scope.spawn(move || Sender { load: self, number, at: number, client: None }.run());
        }
    }

    /// Waits until some more messages were answered 250.
    pub(in crate::nodes) fn goes_on(&self) {
        let enough = self.taken.load(Ordering::SeqCst) + BETWEEN;
        wait_until_for(PATIENCE, "more messages", || {
            (self.taken.load(Ordering::SeqCst) >= enough).then_some(())
        });
    }

    pub(in crate::nodes) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub(in crate::nodes) fn into_sent(self) -> Vec<Sent> {
        self.sent.into_inner().unwrap()
    }
}

struct Sender<'a> {
    load: &'a Load,
    number: usize,
    /// Which node is asked.
    at: usize,
    client: Option<Client>,
}

impl Sender<'_> {
    fn run(mut self) {
        for n in 0.. {
            if self.is_over() {
                return;
            }
            let sent = self.send(n);
            if sent.taken().is_some() {
                self.load.taken.fetch_add(1, Ordering::SeqCst);
            }
            self.load.sent.lock().unwrap().push(sent);
        }
    }

    fn is_over(&self) -> bool {
        self.load.is_over.load(Ordering::SeqCst)
    }

    /// Until there is a final reply, or the test ends.
    fn send(&mut self, n: usize) -> Sent {
        let from = format!("s{}.{n}@spf.test", self.number);
        let mut sent = Sent { from, is_bad: n % BAD == BAD - 1, ..Sent::default() };
        while !self.is_over() {
            match self.attempt(&mut sent) {
                Ok(reply) if reply.starts_with('4') => {}
                Ok(reply) => {
                    sent.reply = reply;
                    break;
                }
                Err(why) => {
                    assert!(why != NoReply::Silent, "no answer about {sent:?}");
                    self.client = None;
                    self.at += 1;
                }
            }
            // Until it is time to come again, or the test ends.
            poll(PAUSE, || self.is_over().then_some(()));
        }
        sent
    }

    fn attempt(&mut self, sent: &mut Sent) -> Result<String, NoReply> {
        let client = match &mut self.client {
            Some(client) => client,
            none => {
                let address = self.load.nodes[self.at % self.load.nodes.len()];
                let gone = |_| NoReply::Closed(String::new());
                let client = none.insert(Client::try_connect(address).map_err(gone)?);
                client.set_deadline(PATIENCE);
                client.try_reply()?;
                client.send(b"EHLO load.test\r\n");
                client.try_reply()?;
                client
            }
        };
        let from = &sent.from;
        let alias = if sent.is_bad { "bad@example.org" } else { "hello@example.org" };
        for line in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{alias}>"), "DATA".into()] {
            client.send(format!("{line}\r\n").as_bytes());
            let reply = client.try_reply()?;
            if reply.code >= 400 {
                client.send(b"RSET\r\n");
                client.try_reply()?;
                return Ok(reply.text());
            }
        }
        let message = format!("From: <{from}>\r\nSubject: {from}\r\n\r\n.{from}\r\n");
        let began = clock();
        sent.lost += 1;
        client.send(&stuffed(message.as_bytes()));
        let reply = client.try_reply()?;
        sent.lost -= 1;
        if reply.code / 100 == 4 {
            sent.deferred.push((began, clock()));
        }
        Ok(reply.text())
    }
}
