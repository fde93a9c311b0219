//! Messages that Onward answers for: taken when a destination is not ready, tried again until it is, and
//! in the end delivered, or their senders told.

mod attempt;
mod conclude;
mod notice;
mod outcome;
mod runner;
mod take;

pub(crate) use runner::Runner;
pub(crate) use take::{Taking, added, take};

use crate::{next_hop::NextHop, time::Millis};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{Mutex, MutexGuard, mpsc};

/// Messages whose attempts may end at the same time.
const TURNS: usize = 64;

/// What the transactions tell the [`Runner`].
#[derive(Debug)]
enum Event {
    /// Something was spooled.
    Added(Added),
    /// A host answered a message that went through.
    Answered(NextHop),
}

/// A message in the spool, for whoever plans its attempts.
#[derive(Debug)]
pub(crate) struct Added {
    message: i64,
    arrived: Millis,
    /// Where it is to go, and when it is due there.
    waits: Vec<(NextHop, Millis)>,
}

/// The way to the [`Runner`]. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    events: mpsc::UnboundedSender<Event>,
    /// Anything waits at all.
    is_busy: Arc<AtomicBool>,
    /// See [`Handle::turn`].
    turns: Arc<[Mutex<()>]>,
}

impl Handle {
    /// A handle and what it leads to.
    pub(crate) fn new() -> (Self, Inbox) {
        // Not bounded here: the bounds of the spool are.
        let (events, waiting) = mpsc::unbounded_channel();
        let is_busy = Arc::<AtomicBool>::default();
        let turns = (0..TURNS).map(|_| Mutex::default()).collect();
        let handle = Self { events, is_busy: Arc::clone(&is_busy), turns };
        (handle, Inbox { events: waiting, is_busy })
    }

    /// Attempts of one message, for several destinations, end one behind the other: only so does the
    /// last one know that it is.
    async fn turn(&self, message: i64) -> Option<MutexGuard<'_, ()>> {
        let at = usize::try_from(message).unwrap_or(0) % TURNS;
        Some(self.turns.get(at)?.lock().await)
    }

    /// Something is in the spool now. Without a runner the next start finds it.
    pub(crate) fn added(&self, added: Added) {
        let _ = self.events.send(Event::Added(added));
    }

    /// The host of `hop` answers: if others wait for it, now is their time.
    pub(crate) fn answered(&self, hop: &NextHop) {
        // Mostly nobody waits, and then nobody is bothered.
        if self.is_busy.load(Ordering::Relaxed) {
            let _ = self.events.send(Event::Answered(hop.clone()));
        }
    }
}

/// The runner's end of a [`Handle`].
#[derive(Debug)]
pub(crate) struct Inbox {
    events: mpsc::UnboundedReceiver<Event>,
    is_busy: Arc<AtomicBool>,
}
