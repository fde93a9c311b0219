//! How much leaves for each provider.

use super::{Level, Now};
use crate::provider::governor::State;
use prometheus_client::{encoding::EncodeLabelSet, metrics::family::Family, registry::Registry};

#[derive(Debug, Default)]
pub(super) struct Providers {
    in_use: Family<ProviderLabels, Level>,
    allowed: Family<ProviderLabels, Level>,
    waiting: Family<ProviderLabels, Level>,
    held: Family<StateLabels, Level>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    provider: String,
    state: &'static str,
}

impl Providers {
    pub(super) fn register(&self, r: &mut Registry) {
        r.register("provider_connections", "Connections in use", self.in_use.clone());
        r.register("provider_connections_allowed", "Connections allowed now", self.allowed.clone());
        r.register(
            "provider_waiting",
            "Messages in the spool for a provider",
            self.waiting.clone(),
        );
        r.register("provider_held", "1 while a provider gets less, or nothing", self.held.clone());
    }

    /// Those that nobody knows by name are one, whatever strangers write from.
    pub(super) fn look(&self, now: &Now) {
        for family in [&self.in_use, &self.allowed, &self.waiting] {
            family.clear();
        }
        self.held.clear();
        for told in &now.providers {
            let labels = ProviderLabels { provider: told.provider.clone() };
            self.in_use.get_or_create(&labels).inc_by(told.in_use as f64);
            self.waiting.get_or_create(&labels).inc_by(told.waiting as f64);
            self.allowed.get_or_create(&labels).inc_by(f64::from(told.connections));
            for state in [State::Slowed, State::Suspended] {
                let labels = StateLabels { provider: told.provider.clone(), state: state.as_str() };
                let held = self.held.get_or_create(&labels);
                if told.state == state {
                    held.set(1.0);
                }
            }
        }
    }
}
