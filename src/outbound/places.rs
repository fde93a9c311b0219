use crate::slots::{Slots, Ticket};
use parking_lot::Mutex;
use std::{collections::HashMap, hash::Hash, sync::Arc};
use tokio::sync::oneshot;

/// Places of connections in use, divided between those who want them. Clones share them.
#[derive(Debug)]
pub(super) struct Places<K: Clone + Eq + Hash>(Arc<Mutex<State<K>>>);

#[derive(Debug)]
struct State<K: Clone + Eq + Hash> {
    slots: Slots<K>,
    waiting: HashMap<Ticket, oneshot::Sender<Place<K>>>,
}

/// A place, until this is dropped.
#[derive(Debug)]
pub(super) struct Place<K: Clone + Eq + Hash> {
    places: Places<K>,
    holder: K,
}

/// Whoever waits, until this is dropped.
struct Waiting<'a, K: Clone + Eq + Hash> {
    places: &'a Places<K>,
    who: &'a K,
    ticket: Ticket,
}

impl<K: Clone + Eq + Hash> Clone for Places<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Places<K> {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(State { slots: Slots::new(places), waiting: HashMap::new() })))
    }

    /// Waits for a place for `who`. `None` never comes: whoever waits is not forgotten.
    pub(super) async fn place(&self, who: &K) -> Option<Place<K>> {
        let (ticket, given) = {
            let mut state = self.0.lock();
            match state.slots.take(who) {
                Ok(()) => return Some(self.held_by(who)),
                Err(ticket) => {
                    let (give, given) = oneshot::channel();
                    state.waiting.insert(ticket, give);
                    (ticket, given)
                }
            }
        };
        let _waiting = Waiting { places: self, who, ticket };
        given.await.ok()
    }

    fn held_by(&self, holder: &K) -> Place<K> {
        Place { places: self.clone(), holder: holder.clone() }
    }
}

impl<K: Clone + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut given = Vec::new();
        {
            let mut state = self.places.0.lock();
            for (who, ticket) in state.slots.give_back(&self.holder) {
                given.push((self.places.held_by(&who), state.waiting.remove(&ticket)));
            }
        }
        for (place, waiting) in given {
            if let Some(waiting) = waiting {
                // One who has gone meanwhile leaves the place to the next.
                let _ = waiting.send(place);
            }
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Waiting<'_, K> {
    fn drop(&mut self) {
        let mut state = self.places.0.lock();
        state.slots.leave(self.who, self.ticket);
        state.waiting.remove(&self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::{task::JoinSet, time::timeout};

    fn owner(name: &str) -> Arc<str> {
        name.into()
    }

    #[tokio::test]
    async fn whoever_loses_patience_leaves_no_place_behind() {
        let (places, a, b) = (Places::new(1), owner("a"), owner("b"));
        let held = places.place(&a).await;
        assert!(timeout(Duration::ZERO, places.place(&b)).await.is_err());
        {
            let waits = places.place(&b);
            tokio::pin!(waits);
            assert!(timeout(Duration::ZERO, &mut waits).await.is_err());
            drop(held);
            // Given, and never taken.
        }
        assert_eq!(places.0.lock().slots.taken(), 0);
        assert!(places.0.lock().waiting.is_empty());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn under_load_all_places_come_back() {
        let places = Places::new(7);
        let mut tasks = JoinSet::new();
        for nth in 0..300_u32 {
            let places = places.clone();
            tasks.spawn(async move {
                let owner = owner(&(nth % 5).to_string());
                let patience = Duration::from_micros(u64::from(nth % 3) * 300);
                if let Ok(place) = timeout(patience, places.place(&owner)).await {
                    tokio::task::yield_now().await;
                    drop(place);
                }
            });
        }
        tasks.join_all().await;
        let state = places.0.lock();
        assert!(state.slots.taken() == 0 && state.waiting.is_empty());
    }
}
