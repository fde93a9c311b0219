//! A destination with moods, without a mailbox `bad`, and with a memory of what came in which life of
//! the daemon.

use super::Random;
use crate::support::receiver::{Action, At, Receiver, Step};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const MOODS: [&str; 5] =
    ["takes", "greylists", "full at the dot", "closes behind the dot", "closes at once"];

pub(super) struct Destination {
    address: SocketAddr,
    name: String,
    mood: Arc<AtomicUsize>,
    /// None while its port is closed.
    receiver: Option<Receiver>,
    /// How much of what it took stands in `arrivals`.
    harvested: usize,
    life: usize,
    arrivals: Vec<Arrival>,
}

/// A message that came whole and was not refused.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// Which daemon brought it.
    pub(super) life: usize,
    /// Its id there: of the Received field, or of a notice its Message-ID.
    pub(super) id: String,
    pub(super) message_id: String,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) body: Vec<u8>,
    /// The connection ended instead of an answer.
    pub(super) is_cut: bool,
}

impl Destination {
    /// At an address of its own, so that nobody else's port of that number can be met while it is closed.
    pub(super) fn start() -> Self {
        let free = TcpListener::bind((Ipv4Addr::new(127, 77, 0, 1), 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut destination = Self {
            address,
            name: address.to_string(),
            mood: Arc::new(AtomicUsize::new(0)),
            receiver: None,
            harvested: 0,
            life: 0,
            arrivals: Vec::new(),
        };
        destination.open();
        destination
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn change_mood(&mut self, random: &mut Random) {
        self.mood.store(random.next() as usize % MOODS.len(), Ordering::SeqCst);
    }

    pub(super) fn take_all(&mut self) {
        self.mood.store(0, Ordering::SeqCst);
    }

    pub(super) fn open(&mut self) {
        if self.receiver.is_none() {
            let mood = Arc::clone(&self.mood);
            let rule = move |at: &At<'_>| answer(MOODS[mood.load(Ordering::SeqCst)], at);
            self.receiver = Some(Receiver::smtp().at(self.address).rule(rule).start());
            self.harvested = 0;
        }
    }

    /// Between two lives.
    pub(super) fn close(&mut self) {
        self.receiver = None;
    }

    /// The daemon is gone: what it brought is put down to it.
    pub(super) fn end_of_life(&mut self) {
        if let Some(receiver) = &self.receiver {
            receiver.wait_for_all_closed();
            for message in receiver.attempts().drain(..).skip(self.harvested) {
                self.harvested += 1;
                let is_cut = message.replies.iter().all(String::is_empty);
                if !is_cut && !message.accepted() {
                    continue;
                }
                let message_id = message.header("Message-ID").unwrap();
                let received = message.header("Received").unwrap_or_default();
                let id =
                    received.split(" id ").nth(1).and_then(|rest| rest.split([' ', ';']).next());
                self.arrivals.push(Arrival {
                    life: self.life,
                    id: id.map_or_else(|| message_id.clone(), str::to_owned),
                    message_id,
                    from: message.from.clone(),
                    to: message.to.clone(),
                    body: message.body().to_vec(),
                    is_cut,
                });
            }
        }
        self.life += 1;
    }

    /// In the order in which they came.
    pub(super) fn arrivals(&self) -> &[Arrival] {
        &self.arrivals
    }
}

fn answer(mood: &str, at: &At<'_>) -> Option<Action> {
    match (mood, at.step) {
        ("greylists", Step::Rcpt) => Some(Action::reply("450 4.2.0 greylisted")),
        (_, Step::Rcpt) if at.recipient.starts_with("bad@") => {
            Some(Action::reply("550 5.1.1 no such mailbox"))
        }
        ("full at the dot", Step::FinalDot) => Some(Action::reply("452 4.3.1 full")),
        ("closes behind the dot", Step::FinalDot) => Some(Action::Close),
        ("closes at once", Step::Connect) => Some(Action::Close),
        _ => None,
    }
}
