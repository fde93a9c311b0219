//! Aliases that a change of many left behind, as it was broken off, are found by their texts all the same.

use crate::store::Store;
use std::time::Duration;
use tokio::time::sleep;

/// How long after a change it is looked whether something was left: whoever made it sees to that himself meanwhile.
const REST: Duration = Duration::from_secs(5);

/// Sees to what was left, now and behind each change, for as long as the store is there.
pub(super) async fn see_to(store: Store) {
    let mut version = store.version();
    loop {
        if let Err(error) = store.make_found().await {
            tracing::error!(%error, "aliases are not all found by their new texts yet");
        }
        if version.changed().await.is_err() {
            return;
        }
        sleep(REST).await;
        version.mark_unchanged();
    }
}
