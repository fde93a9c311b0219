//! What has returned to SRS addresses, counted for all that hear of it. Kept in memory only: a restart forgives.

use crate::{
    clock,
    reply::Reply,
    srs::{Use, UseLimits, UsedUp, Uses},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counters. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct ReturnUses(Arc<Mutex<Uses>>);

impl ReturnUses {
    pub(crate) fn new(limits: UseLimits) -> Self {
        Self(Arc::new(Mutex::new(Uses::new(limits))))
    }

    /// Goes by other limits from now on.
    pub(crate) fn set_limits(&self, limits: UseLimits) {
        self.lock().set_limits(limits);
    }

    /// Counts a message that returns.
    ///
    /// # Errors
    /// The reply when it may not return now; nothing is counted then.
    pub(crate) fn take(&self, returning: &Use) -> Result<(), Reply> {
        self.lock().take(returning, clock::steady_millis()).map_err(|used_up| match used_up {
            UsedUp::Sender(wait) => Reply::srs_used_up(wait),
            UsedUp::Rate(wait) => Reply::too_many_returns(wait),
        })
    }

    /// Takes back what was counted for a message that was not passed on.
    pub(crate) fn give_back(&self, returning: &Use) {
        self.lock().give_back(returning);
    }

    // A panic while the lock is held cannot leave the counters half changed.
    fn lock(&self) -> MutexGuard<'_, Uses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
