//! What keeps the store from being written, for `onward status`.

use crate::{admin::running::Running, store::Store};
use std::path::PathBuf;
use tokio::task::spawn_blocking;

/// Follows it, for as long as the store is there.
pub(super) async fn tell(store: Store, state_dir: PathBuf) {
    let mut trouble = store.trouble();
    loop {
        let text = trouble.borrow_and_update().as_ref().map(ToString::to_string);
        let state_dir = state_dir.clone();
        let told = spawn_blocking(move || Running::tell_trouble(&state_dir, text.as_deref()));
        if told.await.is_err() || trouble.changed().await.is_err() {
            return;
        }
    }
}
