//! How a node takes from the store what waits there and nobody has in hand, and leaves what is too much for it.

use super::{claims::SOME, runner::Runner};
use crate::{clock, store::StoreError, time::Millis};
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked what is due.
const OFTEN: Duration = Duration::from_secs(1);

impl Runner {
    /// Takes what is due and nobody has in hand, and leaves what is more than may be in hand.
    pub(super) async fn claim(&mut self) -> Result<(), StoreError> {
        let Some(hold) = self.parts.store.spool_hold() else {
            self.claims.at = None;
            return Ok(());
        };
        self.claims.at = Some(Instant::now() + OFTEN);
        let now = clock::steady_millis();
        let wanted = self.claims.wanted(&self.schedule, hold, now);
        let claimed = self.parts.store.spool_claim(wanted).await?;
        for (hop, entry) in self.entries(claimed.open, now) {
            self.schedule.admit(hop, entry, now);
        }
        self.claims.set_lines(claimed.lines, &self.schedule);
        self.end(claimed.finished).await?;
        if claimed.is_full && self.schedule.workable(now) < hold / 10 {
            self.claims.at = Some(Instant::now());
        }
        self.leave(hold, now).await
    }

    /// Leaves what is more than may be in hand.
    async fn leave(&mut self, hold: usize, now: Millis) -> Result<(), StoreError> {
        let left = self.schedule.let_go(hold, now);
        for some in left.chunks(SOME) {
            self.parts.store.spool_leave(some.to_vec()).await?;
        }
        Ok(())
    }
}
