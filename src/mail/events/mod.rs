//! What programs are told of aliases and of the server (`[events]`): refusals and happenings are gathered here, everything is sent from the store's outbox.

mod happenings;
mod hook;
mod refusals;
mod tell;

pub(crate) use hook::Hook;
pub(crate) use tell::run;

use crate::{
    clock,
    config::Config,
    event::{Happening, Listener},
    store::Store,
};
use happenings::Happenings;
use parking_lot::Mutex;
use refusals::Refusals;
use tokio::sync::Notify;

/// What is to be told and is not written down yet.
#[derive(Debug)]
pub(crate) struct Events {
    refusals: Mutex<Refusals>,
    happenings: Mutex<Happenings>,
    changed: Notify,
}

impl Events {
    pub(crate) fn new(config: &Config) -> Self {
        let events = Self {
            refusals: Mutex::default(),
            happenings: Mutex::default(),
            changed: Notify::new(),
        };
        events.set_limits(config);
        events
    }

    /// Goes by another configuration from now on.
    pub(crate) fn set_limits(&self, config: &Config) {
        let events = &config.events;
        let most = events.webhook.as_ref().map_or(0, |_| events.refusals_per_alias as u64);
        self.refusals.lock().set_most(most);
        self.happenings.lock().set_told(events.webhook.is_some());
        self.changed.notify_one();
    }

    /// Notes that a message of `sender` to the alias of that address was refused by `rule`. Never waits.
    pub(crate) fn refused(&self, alias: &str, sender: &str, rule: &str) {
        if self.refusals.lock().add(alias, sender, rule, clock::millis()) {
            self.changed.notify_one();
        }
    }

    /// Writes down what was noted.
    pub(crate) async fn keep(&self, store: &Store) {
        let (mut events, lost) = self.refusals.lock().take(clock::millis());
        events.extend(self.happenings.lock().take());
        if lost > 0 {
            tracing::warn!(lost, "more messages are refused than events are kept of");
        }
        if events.is_empty() {
            return;
        }
        if let Err(error) = store.add_events(events).await {
            tracing::error!(%error, "events are lost");
        }
    }
}

impl Listener for Events {
    fn tell(&self, happening: Happening) {
        if self.happenings.lock().add(happening, clock::millis()) {
            self.changed.notify_one();
        }
    }
}
