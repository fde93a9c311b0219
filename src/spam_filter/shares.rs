//! How many questions one client may have under way: who sends what takes the filter long has only himself to wait for.
//!
//! rspamd works on one message at a time in each of its processes, so a client that may have many heavy ones there
//! leaves none for others. How heavy a message is shows only when it is answered: a client, and the network around it,
//! begins with few questions at a time, has one more with each answer that comes soon, and half as many with each that
//! does not.

use crate::rate::ClientBlock;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The share of all slots that one client has at most, and the network around it.
const QUARTER: usize = 4;
const HALF: usize = 2;
/// Questions with which a client begins, and a network.
const FIRST: usize = 2;
const FIRST_AROUND: usize = 4;
/// Answers that take more of the time that an answer may take, and more than half a second, are slow.
const SLOW_PART: u32 = 5;
const SLOW: Duration = Duration::from_millis(500);
/// For how long it is remembered who had slow ones.
const GRUDGE: Duration = Duration::from_secs(60);
/// Clients and networks from which on those without a question are forgotten, and from which on even those that had
/// slow ones are.
const MANY: usize = 1_000;
const TOO_MANY: usize = 10_000;

/// The slots of each client that asks.
#[derive(Debug)]
pub(super) struct Shares {
    slots: usize,
    slow: Duration,
    blocks: Mutex<Blocks>,
}

#[derive(Debug)]
struct Blocks {
    by_client: HashMap<ClientBlock, Arc<Slots>>,
    /// How many there may be before those are looked for that can go: twice what was left the last time, so that not
    /// each question looks at all of them.
    may_be: usize,
}

/// Those of one client, or of one network.
#[derive(Debug)]
struct Slots {
    most: usize,
    places: Arc<Semaphore>,
    window: Mutex<Window>,
    /// Several questions were under way at a time. The last of them that ends is one of many too.
    is_crowded: AtomicBool,
}

#[derive(Debug)]
struct Window {
    /// Places there are, but for those that are owed.
    size: usize,
    /// Places that are taken away as they come back.
    owed: usize,
    /// When an answer was slow last.
    slow_at: Option<Instant>,
}

impl Shares {
    /// Shares of so many slots, for answers that may take `timeout`.
    pub(super) fn new(slots: usize, timeout: Duration) -> Self {
        Self {
            slots,
            slow: (timeout / SLOW_PART).max(SLOW),
            blocks: Mutex::new(Blocks { by_client: HashMap::new(), may_be: MANY }),
        }
    }

    /// What a client has, for one more question; it is his for as long as one is under way or waits.
    pub(super) fn of(&self, client: ClientBlock, now: Instant) -> Share {
        let blocks = &mut *self.blocks.lock();
        blocks.forget(now);
        let mut slots = |block, share: usize, first| {
            let most = (self.slots / share).max(1);
            Arc::clone(
                blocks.by_client.entry(block).or_insert_with(|| Arc::new(Slots::new(first, most))),
            )
        };
        let own = slots(client, QUARTER, FIRST);
        let around = slots(client.network(), HALF, FIRST_AROUND);
        // The table has one, and so has who asks now.
        let is_alone = Arc::strong_count(&own) <= 2;
        own.is_crowded.store(!is_alone, Ordering::Relaxed);
        Share { slots: [own, around], held: Vec::new(), slow: self.slow }
    }
}

impl Blocks {
    fn forget(&mut self, now: Instant) {
        if self.by_client.len() < self.may_be {
            return;
        }
        let keeps_grudges = self.by_client.len() < TOO_MANY;
        self.by_client.retain(|_, slots| {
            Arc::strong_count(slots) > 1 || keeps_grudges && slots.was_slow(now)
        });
        self.may_be = (2 * self.by_client.len()).clamp(MANY, TOO_MANY);
    }
}

impl Slots {
    fn new(first: usize, most: usize) -> Self {
        let size = first.min(most);
        Self {
            most,
            places: Arc::new(Semaphore::new(size)),
            window: Mutex::new(Window { size, owed: 0, slow_at: None }),
            is_crowded: AtomicBool::new(false),
        }
    }

    fn was_slow(&self, now: Instant) -> bool {
        let slow_at = self.window.lock().slow_at;
        slow_at.is_some_and(|at| now.saturating_duration_since(at) < GRUDGE)
    }

    fn answered(&self, is_slow: bool, now: Instant) {
        let mut window = self.window.lock();
        if is_slow {
            let size = (window.size / 2).max(1);
            window.owed += window.size - size;
            window.owed -= self.places.forget_permits(window.owed);
            window.size = size;
            window.slow_at = Some(now);
        } else if window.size < self.most {
            window.size += 1;
            match window.owed.checked_sub(1) {
                Some(owed) => window.owed = owed,
                None => self.places.add_permits(1),
            }
        }
    }

    fn give_back(&self, place: OwnedSemaphorePermit) {
        let mut window = self.window.lock();
        if let Some(owed) = window.owed.checked_sub(1) {
            window.owed = owed;
            place.forget();
        }
    }
}

/// What a client has of the slots, as one of its questions sees it.
#[derive(Debug)]
pub(super) struct Share {
    /// The client's, and those of the network around it.
    slots: [Arc<Slots>; 2],
    held: Vec<OwnedSemaphorePermit>,
    slow: Duration,
}

impl Share {
    /// Waits for one of the client's slots and one of its network's, and holds them; `None` never comes of a semaphore
    /// that nobody closes.
    pub(super) async fn acquire(&mut self) -> Option<()> {
        for slots in &self.slots {
            self.held.push(Arc::clone(&slots.places).acquire_owned().await.ok()?);
        }
        Some(())
    }

    /// An answer, or its absence, took so long: the client may have more questions under way, or fewer.
    pub(super) fn answered(&self, took: Duration, now: Instant) {
        for slots in &self.slots {
            slots.answered(took > self.slow, now);
        }
    }

    /// True where the client has not asked one after the other.
    pub(super) fn is_crowded(&self) -> bool {
        self.slots.first().is_some_and(|own| own.is_crowded.load(Ordering::Relaxed))
    }

    /// True where what the client sent took long a moment ago.
    pub(super) fn was_slow(&self, now: Instant) -> bool {
        self.slots.first().is_some_and(|own| own.was_slow(now))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        for (slots, place) in self.slots.iter().zip(self.held.drain(..)) {
            slots.give_back(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    const TIMEOUT: Duration = Duration::from_secs(10);
    const LONG: Duration = Duration::from_secs(3);
    const SHORT: Duration = Duration::from_millis(40);

    fn client(number: u32) -> ClientBlock {
        ClientBlock::of(IpAddr::V4(Ipv4Addr::from(number)))
    }

    fn share(shares: &Shares, number: u32) -> Share {
        shares.of(client(number), Instant::now())
    }

    fn free(shares: &Shares, number: u32) -> [usize; 2] {
        share(shares, number).slots.each_ref().map(|slots| slots.places.available_permits())
    }

    /// Asks once, and is answered after `took`.
    async fn ask(shares: &Shares, number: u32, took: Duration) {
        let mut asked = share(shares, number);
        asked.acquire().await.unwrap();
        asked.answered(took, Instant::now());
    }

    #[tokio::test]
    async fn a_client_begins_with_two_and_has_a_quarter_in_the_end() {
        let shares = Shares::new(40, TIMEOUT);
        assert_eq!(free(&shares, 1), [2, 4]);
        for _ in 0..50 {
            ask(&shares, 1, SHORT).await;
        }
        assert_eq!(free(&shares, 1), [10, 20]);
        assert_eq!(free(&Shares::new(1, TIMEOUT), 1), [1, 1]);
    }

    #[tokio::test]
    async fn who_takes_the_filter_long_has_one_place_and_so_has_its_network() {
        let shares = Shares::new(40, TIMEOUT);
        for _ in 0..20 {
            ask(&shares, 1, SHORT).await;
        }
        let mut under_way = Vec::new();
        for _ in 0..10 {
            let mut asked = share(&shares, 1);
            asked.acquire().await.unwrap();
            under_way.push(asked);
        }
        assert_eq!(free(&shares, 1)[0], 0);
        for asked in &under_way {
            asked.answered(LONG, Instant::now());
        }
        drop(under_way);
        assert_eq!(free(&shares, 1), [1, 1]);
        assert_eq!(free(&shares, 2), [2, 1], "a neighbour");
        assert_eq!(free(&shares, 1 << 16), [2, 4], "one of elsewhere");
        assert!(share(&shares, 1).was_slow(Instant::now()));
        assert!(!share(&shares, 1).was_slow(Instant::now() + GRUDGE));
        ask(&shares, 1, SHORT).await;
        assert_eq!(free(&shares, 1), [2, 2]);
    }

    #[tokio::test]
    async fn who_was_slow_is_remembered_where_others_are_forgotten() {
        let shares = Shares::new(8, TIMEOUT);
        ask(&shares, 1, LONG).await;
        let mut held = share(&shares, 2 << 16);
        held.acquire().await.unwrap();
        for number in 10..3_000 {
            drop(share(&shares, number << 16));
        }
        assert!(shares.blocks.lock().by_client.len() <= MANY + 2);
        assert_eq!(free(&shares, 1), [1, 2]);
        assert_eq!(free(&shares, 2 << 16), [1, 3], "one is held still");
        for number in 0..u32::try_from(TOO_MANY).unwrap() {
            ask(&shares, number << 12, LONG).await;
        }
        assert!(shares.blocks.lock().by_client.len() <= TOO_MANY + 2);
    }

    #[test]
    fn the_last_of_many_questions_of_a_client_is_one_of_many() {
        let shares = Shares::new(8, TIMEOUT);
        let first = share(&shares, 1);
        assert!(!first.is_crowded() && !share(&shares, 2).is_crowded());
        let second = share(&shares, 1);
        drop(second);
        assert!(first.is_crowded());
        drop(first);
        assert!(!share(&shares, 1).is_crowded());
    }
}
