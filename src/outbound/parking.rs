use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{Notify, futures::OwnedNotified};

/// How many connections are open to each provider that nobody uses: idle ones, and those that are being closed.
#[derive(Debug, Default)]
pub(super) struct Parking(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    counts: Mutex<HashMap<Arc<str>, usize>>,
    left: Arc<Notify>,
}

/// One of them, until this is dropped.
#[derive(Debug)]
pub(super) struct Parked {
    of: Arc<Counts>,
    provider: Arc<str>,
}

impl Parking {
    pub(super) fn park(&self, provider: &Arc<str>) -> Parked {
        *self.0.counts.lock().entry(Arc::clone(provider)).or_default() += 1;
        Parked { of: Arc::clone(&self.0), provider: Arc::clone(provider) }
    }

    pub(super) fn count(&self, provider: &str) -> usize {
        self.0.counts.lock().get(provider).copied().unwrap_or(0)
    }

    /// Ends when one is no more, from now on.
    pub(super) fn left(&self) -> OwnedNotified {
        Arc::clone(&self.0.left).notified_owned()
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        {
            let mut counts = self.of.counts.lock();
            if let Some(count) = counts.get_mut(&self.provider) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    counts.remove(&self.provider);
                }
            }
        }
        self.of.left.notify_waiters();
    }
}
