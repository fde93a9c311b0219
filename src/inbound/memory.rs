use bytes::Bytes;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Bytes of messages that may be held at once, over all connections (`limits.message_memory`): those that come, those
/// that leave in whatever forms, and those read from the spool. What forms share counts once.
#[derive(Debug, Clone)]
pub struct MessageMemory {
    used: Arc<AtomicUsize>,
    max: Arc<AtomicUsize>,
}

/// What one message holds of it; given back on drop.
#[derive(Debug)]
pub struct Reservation {
    memory: MessageMemory,
    held: usize,
}

/// Reserved at a time, so that a large message does not contend for the counter at each read.
const STEP: usize = 64 * 1024;

/// Where messages are together, those above so many bytes leave this share of the room to the others.
const LARGE: usize = 1024 * 1024;
const SHARE: usize = 8;

impl MessageMemory {
    /// Room for `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { used: Arc::default(), max: Arc::new(AtomicUsize::new(max)) }
    }

    /// Changes the room, from now on and for all clones.
    pub fn set_max(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// A reservation of nothing yet.
    pub fn reserve(&self) -> Reservation {
        Reservation { memory: self.clone(), held: 0 }
    }

    /// The octets of a form, counted as long as a slice of them is left. `None`: there is no room, which does not
    /// matter where the form `is_needed`: then there is none beside it, and what may be held must be able to leave.
    #[must_use]
    pub fn hold(&self, octets: Vec<u8>, is_needed: bool) -> Option<Bytes> {
        let mut reservation = self.reserve();
        if is_needed {
            self.used.fetch_add(octets.len(), Ordering::Relaxed);
            reservation.held = octets.len();
        }
        (is_needed || reservation.grow_to(octets.len())).then(|| reservation.hold(octets))
    }

    /// Bytes reserved now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Reservation {
    /// Makes the reservation cover `bytes`; false, and unchanged, when there is no room for them.
    #[must_use]
    pub fn cover(&mut self, bytes: usize) -> bool {
        if bytes <= self.held {
            return true;
        }
        // Where a whole step does not fit, what is needed may.
        self.grow_to(bytes.next_multiple_of(STEP)) || self.grow_to(bytes)
    }

    fn grow_to(&mut self, bytes: usize) -> bool {
        let wanted = bytes - self.held;
        let max = self.memory.max.load(Ordering::Relaxed);
        let taken = self.memory.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let is_alone = used <= self.held;
            let left = if bytes > LARGE && !is_alone { max / SHARE } else { 0 };
            used.checked_add(wanted).filter(|sum| *sum <= max - left)
        });
        if taken.is_ok() {
            self.held = bytes;
        }
        taken.is_ok()
    }

    /// Gives back what `bytes` do not need.
    pub fn shrink(&mut self, bytes: usize) {
        let needed = bytes.next_multiple_of(STEP).min(self.held);
        self.memory.used.fetch_sub(self.held - needed, Ordering::Relaxed);
        self.held = needed;
    }

    /// The octets that the reservation covers, counted as long as a slice of them is left.
    pub fn hold(self, octets: Vec<u8>) -> Bytes {
        Bytes::from_owner(Held { octets, _reservation: self })
    }

    /// Gives everything back.
    pub fn release(&mut self) {
        self.memory.used.fetch_sub(self.held, Ordering::Relaxed);
        self.held = 0;
    }
}

/// Octets and their reservation.
struct Held {
    octets: Vec<u8>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_given_back() {
        let memory = MessageMemory::new(4 * STEP);
        let mut first = memory.reserve();
        assert!(first.cover(1) && first.cover(STEP) && first.cover(3 * STEP));
        let mut second = memory.reserve();
        assert!(second.cover(STEP) && !second.cover(STEP + 1));
        assert_eq!(memory.used(), 4 * STEP);
        first.release();
        assert!(second.cover(4 * STEP));
        drop((first, second));
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn large_messages_leave_room_for_small_ones() {
        let memory = MessageMemory::new(16 * LARGE);
        let (mut large, mut other) = (memory.reserve(), memory.reserve());
        assert!(large.cover(9 * LARGE) && !other.cover(6 * LARGE) && other.cover(5 * LARGE));
        assert!(!large.cover(9 * LARGE + STEP));
        let mut small: Vec<Reservation> = (0..2).map(|_| memory.reserve()).collect();
        assert!(small.iter_mut().all(|small| small.cover(LARGE)));
        assert!(!memory.reserve().cover(1));
        drop((small, other));
        assert!(large.cover(16 * LARGE), "alone");
    }

    #[test]
    fn what_is_held_counts_until_its_last_slice_is_gone() {
        let memory = MessageMemory::new(1000);
        let mut reservation = memory.reserve();
        assert!(reservation.cover(900));
        let slice = reservation.hold(vec![b'x'; 900]).slice(100..200);
        assert!(memory.hold(vec![b'y'; 101], false).is_none());
        let form = memory.hold(vec![b'y'; 100], false);
        assert_eq!((memory.used(), form.map(|form| form.len())), (1000, Some(100)));
        let needed = memory.hold(vec![b'y'; 101], true).unwrap();
        assert_eq!(memory.used(), 1001, "a form must be able to leave");
        drop((slice, needed));
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn a_message_fits_that_is_as_large_as_all_memory() {
        let memory = MessageMemory::new(STEP + 1000);
        let mut only = memory.reserve();
        assert!(only.cover(STEP) && only.cover(STEP + 1000) && !only.cover(STEP + 1001));
        assert!(!memory.reserve().cover(1));
        only.release();
        assert!(memory.reserve().cover(1000));
    }
}
