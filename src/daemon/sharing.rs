//! What a node that shares the store does for the others: it takes its part of what all may do, and tells which secrets it has.

use crate::{admin::secrets::prints, mail::Current, store::SecretPrint};
use std::{num::NonZeroU32, time::Duration};
use tokio::{task::spawn_blocking, time::sleep};

/// How often the files of secrets are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// Does that for ever.
pub(super) async fn follow(current: Current) {
    tokio::join!(divide(&current), tell_secrets(&current));
}

/// Has limits go by the number of nodes that serve.
async fn divide(current: &Current) {
    let mut serving = current.get().store.serving();
    let mut known = NonZeroU32::MIN;
    loop {
        let nodes = *serving.borrow_and_update();
        current.get().share(nodes);
        if nodes != known {
            tracing::info!(%nodes, "each node takes its part of the limits");
            known = nodes;
        }
        // Where nothing is shared, nobody tells of more.
        if serving.changed().await.is_err() {
            return;
        }
    }
}

/// Tells of the secrets of this node, whenever they are others.
async fn tell_secrets(current: &Current) {
    let mut told: Option<Vec<SecretPrint>> = None;
    while current.get().store.is_shared() {
        let parts = current.get();
        let salt = parts.store.secret_salt().await;
        if let Ok(Some(salt)) = salt {
            let config = parts.config.clone();
            let now = spawn_blocking(move || prints(&config, &salt)).await.unwrap_or_default();
            if told.as_ref() != Some(&now) {
                match parts.store.tell_secrets(now.clone()).await {
                    Ok(()) => told = Some(now),
                    Err(error) => {
                        tracing::debug!(%error, "others do not hear which secrets this node has")
                    }
                }
            }
        }
        sleep(LOOK).await;
    }
}
