//! Aliases that are kept, but never followed, are told in the log: each once.

use crate::store::Store;
use std::collections::HashSet;

/// Tells those there are, and those that a change brings, for as long as the store is there.
pub(super) async fn tell(store: Store) {
    let mut version = store.version();
    let mut told = HashSet::new();
    loop {
        for alias in store.unsafe_aliases() {
            if let Some(fault) = alias.fault()
                && told.insert(alias.address().key())
            {
                tracing::error!(
                    "the alias {alias} is not followed, its recipients are put off with 451: {fault}"
                );
            }
        }
        if version.changed().await.is_err() {
            return;
        }
    }
}
