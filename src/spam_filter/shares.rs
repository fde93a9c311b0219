//! How many questions one client may have under way: who sends what takes the filter long has only himself to wait for.

use crate::rate::ClientBlock;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};
use tokio::sync::Semaphore;

/// The share of all slots that one client has.
const SHARE: usize = 4;
/// Clients from which on those without a question are forgotten.
const MANY: usize = 1_000;

/// The slots of each client that asks.
#[derive(Debug)]
pub(super) struct Shares {
    each: usize,
    clients: Mutex<HashMap<ClientBlock, Weak<Semaphore>>>,
}

impl Shares {
    /// Shares of so many slots.
    pub(super) fn of(slots: usize) -> Self {
        Self { each: (slots / SHARE).max(1), clients: Mutex::default() }
    }

    /// The slots of a client; they are his for as long as somebody holds or waits for one.
    pub(super) fn slots(&self, client: ClientBlock) -> Arc<Semaphore> {
        let mut clients = self.clients.lock();
        if let Some(slots) = clients.get(&client).and_then(Weak::upgrade) {
            return slots;
        }
        if clients.len() >= MANY {
            clients.retain(|_, slots| slots.strong_count() > 0);
        }
        let slots = Arc::new(Semaphore::new(self.each));
        clients.insert(client, Arc::downgrade(&slots));
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn client(number: u32) -> ClientBlock {
        ClientBlock::of(IpAddr::V4(Ipv4Addr::from(number)))
    }

    #[test]
    fn a_client_has_a_quarter_and_is_forgotten_with_its_last_question() {
        let shares = Shares::of(8);
        let slots = shares.slots(client(1));
        let both = (slots.clone().try_acquire_owned(), shares.slots(client(1)).try_acquire_owned());
        assert!(both.0.is_ok() && both.1.is_ok());
        assert!(shares.slots(client(1)).try_acquire_owned().is_err());
        assert!(shares.slots(client(2)).try_acquire_owned().is_ok());
        assert!(Shares::of(1).slots(client(1)).try_acquire_owned().is_ok());
        drop(slots);
        for number in 10..5_000 {
            shares.slots(client(number));
        }
        assert!(shares.clients.lock().len() <= MANY);
        assert!(shares.slots(client(1)).try_acquire_owned().is_err(), "it is held still");
    }
}
