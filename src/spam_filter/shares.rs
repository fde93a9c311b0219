//! How many questions one client may have under way: who sends what takes the filter long has only himself to wait for.

use crate::rate::ClientBlock;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The share of all slots that one client has.
const QUARTER: usize = 4;
/// Clients from which on those without a question are forgotten.
const MANY: usize = 1_000;

/// The slots of each client that asks.
#[derive(Debug)]
pub(super) struct Shares {
    each: usize,
    clients: Mutex<HashMap<ClientBlock, Weak<Slots>>>,
}

/// Those of one client, for as long as it has a question.
#[derive(Debug)]
struct Slots {
    places: Arc<Semaphore>,
    /// Several questions were under way at a time. The last of them that ends is one of many too.
    is_crowded: AtomicBool,
}

impl Shares {
    /// Shares of so many slots.
    pub(super) fn new(slots: usize) -> Self {
        Self { each: (slots / QUARTER).max(1), clients: Mutex::default() }
    }

    /// What a client has, for one more question; it is his for as long as one is under way or waits.
    pub(super) fn of(&self, client: ClientBlock) -> Share {
        let mut clients = self.clients.lock();
        if let Some(slots) = clients.get(&client).and_then(Weak::upgrade) {
            slots.is_crowded.store(true, Ordering::Relaxed);
            return Share { slots, held: None };
        }
        if clients.len() >= MANY {
            clients.retain(|_, slots| slots.strong_count() > 0);
        }
        let places = Arc::new(Semaphore::new(self.each));
        let slots = Arc::new(Slots { places, is_crowded: AtomicBool::new(false) });
        clients.insert(client, Arc::downgrade(&slots));
        Share { slots, held: None }
    }
}

/// What a client has of the slots, as one of its questions sees it.
#[derive(Debug)]
pub(super) struct Share {
    slots: Arc<Slots>,
    held: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Waits for one of the client's slots, and holds it; `None` never comes of a semaphore that nobody closes.
    pub(super) async fn acquire(&mut self) -> Option<()> {
        self.held = Some(Arc::clone(&self.slots.places).acquire_owned().await.ok()?);
        Some(())
    }

    /// True where the client has not asked one after the other.
    pub(super) fn is_crowded(&self) -> bool {
        self.slots.is_crowded.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn client(number: u32) -> ClientBlock {
        ClientBlock::of(IpAddr::V4(Ipv4Addr::from(number)))
    }

    #[tokio::test]
    async fn a_client_has_a_quarter_and_is_forgotten_with_its_last_question() {
        let shares = Shares::new(8);
        let has_place = |shares: &Shares, number| {
            shares.of(client(number)).slots.places.available_permits() > 0
        };
        let (mut one, mut other) = (shares.of(client(1)), shares.of(client(1)));
        assert!(one.acquire().await.is_some() && other.acquire().await.is_some());
        assert!(!has_place(&shares, 1) && has_place(&shares, 2));
        assert!(has_place(&Shares::new(1), 1));
        drop(other);
        for number in 10..5_000 {
            shares.of(client(number));
        }
        assert!(shares.clients.lock().len() <= MANY);
        assert_eq!(shares.of(client(1)).slots.places.available_permits(), 1, "one is held still");
        drop(one);
        assert_eq!(shares.of(client(1)).slots.places.available_permits(), 2);
    }

    #[test]
    fn the_last_of_many_questions_of_a_client_is_one_of_many() {
        let shares = Shares::new(8);
        let first = shares.of(client(1));
        assert!(!first.is_crowded() && !shares.of(client(2)).is_crowded());
        let second = shares.of(client(1));
        drop(second);
        assert!(first.is_crowded());
        drop(first);
        assert!(!shares.of(client(1)).is_crowded());
    }
}
