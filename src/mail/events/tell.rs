use super::Hook;
use crate::{
    clock,
    mail::{current::Current, parts::Parts},
    store::{StoreError, WaitingEvent},
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often it is looked for what no other process tells of.
const LOOK: Duration = Duration::from_secs(5);
/// How often aliases are looked for whose time has come.
const EXPIRY: Duration = LOOK;
/// How long refusals gather before they are written down together.
const GATHER: Duration = Duration::from_millis(500);
/// Events that are read at once.
const BATCH: usize = 100;
/// How long it takes until an event that was not taken is sent again: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_mins(5);

/// Tells for ever what there is to tell.
pub(crate) async fn run(current: &Current) {
    let mut changes = current.get().store.version();
    let mut state = State::new();
    loop {
        let parts = current.get();
        let wake = match state.step(&parts).await {
            Ok(wake) => wake,
            Err(error) => {
                tracing::error!(%error, "cannot tell of events");
                Instant::now() + LOOK
            }
        };
        let changed = async {
            tokio::select! {
                () = parts.events.changed.notified() => {}
                Ok(()) = changes.changed() => {}
            }
            // Others mostly follow.
            tokio::time::sleep(GATHER).await;
        };
        tokio::select! {
            () = sleep_until(wake) => {}
            () = changed => {}
        }
    }
}

/// What is remembered from one look to the next.
struct State {
    /// How many events may wait, as the store knows it.
    room: Option<u64>,
    /// When aliases are looked for next.
    expiry: Instant,
    /// How often in a row nobody took an event, and when it is sent again.
    failures: u32,
    again: Instant,
    lost: Option<u64>,
}

impl State {
    fn new() -> Self {
        let now = Instant::now();
        Self { room: None, expiry: now, failures: 0, again: now, lost: None }
    }

    /// Does what is to be done; gives the time of the next look.
    async fn step(&mut self, parts: &Parts) -> Result<Instant, StoreError> {
        let hook = parts.hook.as_deref();
        let room = hook.map_or(0, |_| parts.config.events.queue as u64);
        if self.room != Some(room) {
            parts.store.set_event_room(room, clock::millis()).await?;
            self.room = Some(room);
        }
        parts.events.keep(&parts.store).await;
        let Some(hook) = hook else { return Ok(Instant::now() + Duration::from_hours(1)) };
        if self.expiry <= Instant::now() {
            parts.store.find_expired(clock::millis()).await?;
            self.tell_lost(parts).await?;
            self.expiry = Instant::now() + EXPIRY;
        }
        while self.again <= Instant::now() {
            let events = parts.store.waiting_events(BATCH).await?;
            if events.is_empty() {
                return Ok(Instant::now() + LOOK);
            }
            for event in events {
                if !self.send(parts, hook, event).await? {
                    break;
                }
            }
            // What was refused meanwhile waits for its turn, and not for the end of a long queue.
            parts.events.keep(&parts.store).await;
        }
        Ok(self.again.min(Instant::now() + LOOK))
    }

    /// False when it is to be sent again.
    async fn send(
        &mut self,
        parts: &Parts,
        hook: &Hook,
        event: WaitingEvent,
    ) -> Result<bool, StoreError> {
        let secret = parts.webhook_secret();
        let secret = secret.as_ref().map(|secret| secret.as_str());
        let error = match hook.send(secret, &event.body).await {
            Ok(()) => {
                if self.failures > 0 {
                    tracing::info!(webhook = %hook.place(), "events are taken again");
                }
                self.failures = 0;
                parts.metrics.event("sent");
                parts.store.remove_event(event.seq).await?;
                return Ok(true);
            }
            Err(error) => error,
        };
        parts.metrics.event("put_off");
        if clock::millis().since(event.time) >= parts.config.events.keep {
            parts.metrics.event("given_up");
            tracing::warn!(webhook = %hook.place(), error, "an event is given up, as nobody takes it");
            parts.store.remove_event(event.seq).await?;
        } else if self.failures == 0 {
            tracing::warn!(webhook = %hook.place(), error, "events are not taken, and sent again later");
        }
        self.again = Instant::now() + wait(self.failures);
        self.failures = self.failures.saturating_add(1);
        Ok(false)
    }

    async fn tell_lost(&mut self, parts: &Parts) -> Result<(), StoreError> {
        let lost = parts.store.event_figures().await?.lost;
        if let Some(more @ 1..) = self.lost.and_then(|before| lost.checked_sub(before)) {
            tracing::warn!(lost = more, "there is no room for more events (events.queue)");
        }
        self.lost = Some(lost);
        Ok(())
    }
}

/// How long after so many failures the next one.
fn wait(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(LAST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_and_later_but_not_never() {
        let waits: Vec<u64> = (0..11).map(|failures| wait(failures).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(wait(u32::MAX), LAST_WAIT);
    }
}
