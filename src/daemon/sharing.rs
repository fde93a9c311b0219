//! What a node that shares the store does for the others: it takes its part of what all may do, and tells which secrets it has;
//! and what it has of the store: a copy of the secrets and keys that are sealed there.

use crate::{
    admin::secrets::prints,
    keys::{Keystore, keep_copy},
    mail::Current,
    store::SecretPrint,
};
use std::{num::NonZeroU32, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// How often the files of secrets are looked at.
const LOOK: Duration = Duration::from_secs(30);
/// How often what cannot be opened is tried again: another key file may be there.
const AGAIN: Duration = Duration::from_secs(2);

/// Does that for ever.
pub(super) async fn follow(current: Current) {
    tokio::join!(divide(&current), tell_secrets(&current), copy_sealed(&current));
}

/// Keeps the copy of what is sealed in the store in line. Whoever uses secrets and keys follows that as any file.
async fn copy_sealed(current: &Current) {
    let mut seen = current.get().store.sealed_seen();
    let mut told = None;
    loop {
        let sealed = seen.borrow_and_update().clone();
        let mut is_open = true;
        if let Some(sealed) = sealed {
            let config = current.get().config.clone();
            let kept = spawn_blocking(move || keep_copy(&config, &sealed.octets)).await;
            match kept {
                Ok(Ok(true)) => tracing::info!("SRS secrets and DKIM keys of the store copied"),
                Ok(Ok(false)) | Err(_) => {}
                Ok(Err(error)) => {
                    is_open = false;
                    let error = error.to_string();
                    if told.as_ref() != Some(&error) {
                        tracing::error!("{error}; until then this node goes by those that it had");
                        told = Some(error);
                    }
                }
            }
        }
        if is_open {
            told = None;
        }
        let wait = if is_open { LOOK } else { AGAIN };
        // Where nothing is shared, nothing comes.
        if let Ok(Err(_)) = timeout(wait, seen.changed()).await {
            return;
        }
    }
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
            let now = spawn_blocking(move || prints(&Keystore::of(&config), &salt));
            let now = now.await.unwrap_or_default();
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
