//! Certificates by ACME of machines that share a store.

use crate::{acme::Shared, store::Store};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// How long a machine has for an order.
const TURN: Duration = Duration::from_mins(10);

/// The store as what they share.
#[derive(Debug)]
struct InStore(Store);

/// What is shared, where anything is.
pub(super) fn shared(store: &Store) -> Option<Arc<dyn Shared>> {
    store.is_shared().then(|| Arc::new(InStore(store.clone())) as Arc<dyn Shared>)
}

#[async_trait]
impl Shared for InStore {
    async fn turn(&self) -> Result<bool, String> {
        self.0.take_turn("acme", TURN).await.map_err(|error| error.to_string())
    }

    async fn text(&self, name: &str) -> Result<Option<String>, String> {
        self.0.shared_text(name).await.map_err(|error| error.to_string())
    }

    async fn keep(&self, name: &str, text: Option<&str>) -> Result<(), String> {
        self.0.keep_shared_text(name, text).await.map_err(|error| error.to_string())
    }
}
