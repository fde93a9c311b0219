//! What programs are told of aliases.

use super::{Counts, Level, Metrics, Now, labels::EventLabels, raise};
use prometheus_client::{metrics::counter::Counter, registry::Registry};

#[derive(Debug)]
pub(super) struct Events {
    events: Counts<EventLabels>,
    waiting: Level,
    lost: Counter,
}

impl Events {
    pub(super) fn new() -> Self {
        let events = Counts::<EventLabels>::default();
        for result in ["sent", "put_off", "given_up"] {
            let _ = events.get_or_create(&EventLabels { result });
        }
        Self { events, waiting: Level::default(), lost: Counter::default() }
    }

    pub(super) fn register(&self, r: &mut Registry) {
        let tries = "Tries to send an event, by what came of them";
        r.register("events", tries, self.events.clone());
        r.register("events_waiting", "Events that wait to be sent", self.waiting.clone());
        r.register("events_lost", "Events for which there was no room", self.lost.clone());
    }

    pub(super) fn look(&self, now: &Now) {
        self.waiting.set(now.events_waiting as f64);
        raise(&self.lost, now.events_lost);
    }
}

impl Metrics {
    /// A try to send an event: `sent`, `put_off`, or, beside that, `given_up`.
    pub fn event(&self, result: &'static str) {
        self.events.events.get_or_create(&EventLabels { result }).inc();
    }
}
