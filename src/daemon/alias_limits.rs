//! What was taken of the limits of aliases, kept for the next daemon and for `onward explain`. No message waits for it.

use crate::{
    admin::running::Running,
    mail::{KeptLimits, Parts},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{task::spawn_blocking, time::sleep};

/// How often it is written at most: that much a crash forgives. Longer where there are many.
const REST: Duration = Duration::from_secs(1);
/// As many as are written in a [`REST`].
const AT_ONCE: usize = 2_000;

/// Goes on from what the last daemon kept.
pub(super) fn go_on(parts: &Parts) {
    if let Some(kept) = Running::limits(&parts.config.state_dir) {
        parts.go_on_with_limits(&kept);
    }
}

/// Follows it for ever.
pub(super) async fn keep(parts: Arc<Parts>, state_dir: PathBuf) {
    loop {
        parts.limits_taken().await;
        sleep(REST).await;
        let kept = parts.kept_limits();
        let rest = u32::try_from(kept.len() / AT_ONCE).unwrap_or(u32::MAX);
        write(kept, state_dir.clone()).await;
        sleep(REST.saturating_mul(rest)).await;
    }
}

/// Keeps what is taken now, as nothing more comes.
pub(super) async fn finish(parts: &Parts) {
    write(parts.kept_limits(), parts.config.state_dir.clone()).await;
}

async fn write(kept: KeptLimits, state_dir: PathBuf) {
    // One that panics has been told of.
    let _ = spawn_blocking(move || Running::keep_limits(&state_dir, &kept)).await;
}
