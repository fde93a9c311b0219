use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Bytes of messages that may be held at once, over all connections (`limits.message_memory`).
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
            used.checked_add(wanted).filter(|sum| *sum <= max)
        });
        if taken.is_ok() {
            self.held = bytes;
        }
        taken.is_ok()
    }

    /// Gives everything back.
    pub fn release(&mut self) {
        self.memory.used.fetch_sub(self.held, Ordering::Relaxed);
        self.held = 0;
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
    fn a_message_fits_that_is_as_large_as_all_memory() {
        let memory = MessageMemory::new(STEP + 1000);
        let mut only = memory.reserve();
        assert!(only.cover(STEP) && only.cover(STEP + 1000) && !only.cover(STEP + 1001));
        assert!(!memory.reserve().cover(1));
        only.release();
        assert!(memory.reserve().cover(1000));
    }
}
