//! A sender with a queue: what has no final reply is sent again.

use super::super::{body_of, session};
use crate::support::client::{Client, NoReply, stuffed};
use crate::support::poll;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Between a 4xx and the next try.
const PAUSE: Duration = Duration::from_millis(20);

/// Whom messages are for, by turns: the recipients, and the mailboxes behind them.
const ROUTES: [(&[&str], &[&str]); 5] = [
    (&["hello@example.org"], &["bob@sink.test"]),
    (&["pair@example.org"], &["dave@sink.test", "dave@gone.test"]),
    (&["hello@example.org", "other@example.org"], &["bob@sink.test", "carl@gone.test"]),
    (&["bad@example.org"], &["bad@sink.test"]),
    (&["other@example.org"], &["carl@gone.test"]),
];

pub(super) struct Sender<'a> {
    pub(super) address: SocketAddr,
    pub(super) number: usize,
    pub(super) is_authenticated: bool,
    pub(super) stop: &'a AtomicBool,
    /// Messages that were answered 250.
    pub(super) taken: &'a AtomicUsize,
}

/// A message, and all that its sender knows of it.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) message_id: String,
    pub(super) from: String,
    pub(super) is_authenticated: bool,
    pub(super) mailboxes: &'static [&'static str],
    /// How often there was no answer to its end of data.
    pub(super) lost: usize,
    /// How often the answer was 4xx.
    pub(super) deferred: usize,
    /// The last one.
    pub(super) reply: String,
}

impl Sent {
    /// Onward's id of what it answered 250.
    pub(super) fn taken(&self) -> Option<&str> {
        self.reply.strip_prefix("250 2.0.0 ").and_then(|rest| rest.split(' ').next())
    }

    /// The same, if it went into the spool.
    pub(super) fn spooled(&self) -> Option<&str> {
        self.taken().filter(|_| !self.reply.contains("the destination said 2xx"))
    }

    pub(super) fn is_bad(&self) -> bool {
        self.mailboxes == ["bad@sink.test"]
    }
}

impl Sender<'_> {
    pub(super) fn run(self) -> Vec<Sent> {
        let mut sent = Vec::new();
        let mut client = None;
        for number in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            let message = self.send(number, &mut client);
            if message.taken().is_some() && self.is_authenticated {
                self.taken.fetch_add(1, Ordering::SeqCst);
            }
            sent.push(message);
        }
        sent
    }

    fn send(&self, number: usize, client: &mut Option<Client>) -> Sent {
        let domain = if self.is_authenticated { "spf.test" } else { "nospf.test" };
        let (recipients, mailboxes) = ROUTES[number % ROUTES.len()];
        // Whom nobody vouches for may not have two fates in one transaction.
        let (recipients, mailboxes) = match self.is_authenticated {
            false if recipients.len() > 1 => ROUTES[0],
            _ => (recipients, mailboxes),
        };
        let mut sent = Sent {
            message_id: format!("<{}.{number}@crash.test>", self.number),
            from: format!("s{}.{number}@{domain}", self.number),
            is_authenticated: self.is_authenticated,
            mailboxes,
            lost: 0,
            deferred: 0,
            reply: String::new(),
        };
        loop {
            match self.attempt(&mut sent, recipients, client) {
                Ok(reply) if reply.starts_with('4') => {
                    sent.deferred += 1;
                    // Until it is time to come again, or the test ends.
                    poll(PAUSE, || self.stop.load(Ordering::SeqCst).then_some(()));
                }
                Ok(reply) => {
                    sent.reply = reply;
                    return sent;
                }
                Err(why) => {
                    assert!(why != NoReply::Silent, "no answer about {sent:?}");
                    *client = None;
                }
            }
        }
    }

    fn attempt(
        &self,
        sent: &mut Sent,
        recipients: &[&str],
        client: &mut Option<Client>,
    ) -> Result<String, NoReply> {
        let client = match client {
            Some(client) => client,
            none => none.insert(session(self.address)?),
        };
        let mut envelope = format!("MAIL FROM:<{}>\r\n", sent.from);
        for recipient in recipients {
            envelope.push_str(&format!("RCPT TO:<{recipient}>\r\n"));
        }
        client.send(format!("{envelope}DATA\r\n").as_bytes());
        client.try_reply()?.expect_code(250);
        for _ in recipients {
            client.try_reply()?.expect_code(250);
        }
        client.try_reply()?.expect_code(354);
        let (from, id) = (&sent.from, &sent.message_id);
        let message = format!("From: <{from}>\r\nMessage-ID: {id}\r\n\r\n{}", body_of(id));
        sent.lost += 1;
        client.send(&stuffed(message.as_bytes()));
        let reply = client.try_reply()?.text();
        sent.lost -= 1;
        Ok(reply)
    }
}
