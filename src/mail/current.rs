use super::parts::Services;
use std::sync::{Arc, PoisonError, RwLock};

/// The services by the configuration that is in force, for what outlives a reload.
#[derive(Debug, Clone)]
pub(crate) struct Current(Arc<RwLock<Arc<Services>>>);

impl Current {
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self(Arc::new(RwLock::new(services)))
    }

    pub(crate) fn get(&self) -> Arc<Services> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, services: Arc<Services>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = services;
    }
}
