use super::parts::Parts;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// The parts by the configuration that is in force, for what outlives a reload.
#[derive(Debug, Clone)]
pub(crate) struct Current(Arc<ArcSwap<Parts>>);

impl Current {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self(Arc::new(ArcSwap::new(parts)))
    }

    pub(crate) fn get(&self) -> Arc<Parts> {
        self.0.load_full()
    }

    pub(crate) fn set(&self, parts: Arc<Parts>) {
        self.0.store(parts);
    }
}
