//! How those who spool and those who deliver reach the runner.

use super::added::Added;
use crate::{
    inbound::Reservation,
    mail::parts::Parts,
    message::Source,
    store::{
        StoreError,
        spool::{Spooled, SpooledForm, SpooledWhole},
    },
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{Mutex, MutexGuard, mpsc};

/// Messages whose attempts may end at the same time.
const TURNS: usize = 256;
/// Octets of a message that are read with it, rather than behind a look at who has them in memory.
const SMALL: usize = 64 * 1024;

/// What the transactions tell the [`Runner`](super::Runner).
#[derive(Debug)]
pub(super) enum Event {
    /// Something was spooled.
    Added(Added),
    /// The hosts that one has answered a message that went through.
    Answered(Arc<str>),
    /// Somebody has the one go on that is named so: all that waits for it is due.
    Resumed(Arc<str>),
}

/// The way to the [`Runner`](super::Runner). Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    events: mpsc::UnboundedSender<Event>,
    /// Anything waits at all.
    is_busy: Arc<AtomicBool>,
    /// See [`Handle::turn`].
    turns: Arc<[Mutex<()>]>,
    /// Octets that are in memory, by their numbers.
    sources: Arc<[Mutex<Sources>]>,
    waiting: Waiting,
}

/// How many messages wait for whom.
pub(super) type Waiting = Arc<parking_lot::Mutex<Vec<(Arc<str>, usize)>>>;

type Sources = HashMap<i64, Weak<Source>>;

/// A spooled message.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) message: Spooled,
    pub(super) form: SpooledForm,
    pub(super) source: Read,
}

/// The octets of a spooled message.
#[derive(Debug)]
pub(super) enum Read {
    Source(Arc<Source>),
    /// The message is.
    Gone,
    /// There is no memory for them now.
    NoRoom,
}

impl Handle {
    /// A handle and what it leads to.
    pub(crate) fn new() -> (Self, Inbox) {
        // Not bounded here: the bounds of the spool are.
        let (events, waiting) = mpsc::unbounded_channel();
        let is_busy = Arc::<AtomicBool>::default();
        let turns = (0..TURNS).map(|_| Mutex::default()).collect();
        let sources = (0..TURNS).map(|_| Mutex::default()).collect();
        let by_provider = Waiting::default();
        let handle = Self {
            events,
            is_busy: Arc::clone(&is_busy),
            turns,
            sources,
            waiting: Arc::clone(&by_provider),
        };
        (handle, Inbox { events: waiting, is_busy, waiting: by_provider })
    }

    /// Attempts of one message, for several destinations, end one behind the other: only so does the
    /// last one know that it is.
    pub(super) async fn turn(&self, message: i64) -> Option<MutexGuard<'_, ()>> {
        Some(self.turns.get(turn(message))?.lock().await)
    }

    /// A message and its octets; `None` when it is gone. What is small is read at once.
    pub(super) async fn read(&self, parts: &Parts, seq: i64) -> Result<Option<Whole>, StoreError> {
        let mut memory = parts.memory.reserve();
        let most = if memory.cover(SMALL) { SMALL } else { 0 };
        let whole = parts.store.spooled_whole(seq, most as u64).await?;
        let Some(SpooledWhole { message, form, source }) = whole else { return Ok(None) };
        let source = match source {
            Some(octets) => Read::Source(self.shared(message.source, octets, memory).await),
            None => {
                drop(memory);
                self.source(parts, &message).await?
            }
        };
        Ok(Some(Whole { message, form, source }))
    }

    /// The octets of a source, with those who have them already.
    async fn shared(&self, number: i64, octets: Vec<u8>, memory: Reservation) -> Arc<Source> {
        let source = Arc::new(Source::from(memory.hold(octets)));
        let Some(sources) = self.sources.get(turn(number)) else { return source };
        let mut sources = sources.lock().await;
        sources.retain(|_, source| source.strong_count() > 0);
        if let Some(source) = sources.get(&number).and_then(Weak::upgrade) {
            return source;
        }
        sources.insert(number, Arc::downgrade(&source));
        source
    }

    /// The octets of `message`, counted in memory: once, however many attempts are under way on it and on its other
    /// forms.
    pub(super) async fn source(
        &self,
        parts: &Parts,
        message: &Spooled,
    ) -> Result<Read, StoreError> {
        let Some(sources) = self.sources.get(turn(message.source)) else {
            return Ok(Read::NoRoom);
        };
        let mut sources = sources.lock().await;
        sources.retain(|_, source| source.strong_count() > 0);
        if let Some(source) = sources.get(&message.source).and_then(Weak::upgrade) {
            return Ok(Read::Source(source));
        }
        let mut memory = parts.memory.reserve();
        // What came in may go out, though the limit has been lowered since.
        let size = usize::try_from(message.size).unwrap_or(usize::MAX);
        if !memory.cover(size.min(parts.config.limits.message_memory)) {
            return Ok(Read::NoRoom);
        }
        let read = parts.store.spooled_source(message.source, message.size).await?;
        let Some(octets) = read else { return Ok(Read::Gone) };
        let source = Arc::new(Source::from(memory.hold(octets)));
        sources.insert(message.source, Arc::downgrade(&source));
        Ok(Read::Source(source))
    }

    /// Something is in the spool now. Without a runner the next start finds it.
    pub(crate) fn added(&self, added: Added) {
        let _ = self.events.send(Event::Added(added));
    }

    /// How many messages wait for whom, as of a second ago; those that most wait for.
    pub(crate) fn waiting(&self) -> Vec<(Arc<str>, usize)> {
        self.waiting.lock().clone()
    }

    /// The hosts that `whose` has answer: if others wait for them, now is their time.
    pub(crate) fn answered(&self, whose: &Arc<str>) {
        // Mostly nobody waits, and then nobody is bothered.
        if self.is_busy.load(Ordering::Relaxed) {
            let _ = self.events.send(Event::Answered(Arc::clone(whose)));
        }
    }

    /// Somebody has the provider `whose` go on: now is the time of all that waits for it.
    pub(crate) fn resumed(&self, whose: &Arc<str>) {
        let _ = self.events.send(Event::Resumed(Arc::clone(whose)));
    }
}

fn turn(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0) % TURNS
}

/// The runner's end of a [`Handle`].
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(super) events: mpsc::UnboundedReceiver<Event>,
    pub(super) is_busy: Arc<AtomicBool>,
    pub(super) waiting: Waiting,
}
