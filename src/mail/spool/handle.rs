//! How those who spool and those who deliver reach the runner.

use super::added::Added;
use crate::next_hop::NextHop;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{Mutex, MutexGuard, mpsc};

/// Messages whose attempts may end at the same time.
const TURNS: usize = 64;

/// What the transactions tell the [`Runner`](super::Runner).
#[derive(Debug)]
pub(super) enum Event {
    /// Something was spooled.
    Added(Added),
    /// A host answered a message that went through.
    Answered(NextHop),
}

/// The way to the [`Runner`](super::Runner). Clones share it.
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
    pub(super) async fn turn(&self, message: i64) -> Option<MutexGuard<'_, ()>> {
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
    pub(super) events: mpsc::UnboundedReceiver<Event>,
    pub(super) is_busy: Arc<AtomicBool>,
}
