//! How far a long change is, told by who may take long over it.

use super::{ask::Result, error::unreadable};
use crate::store::Progress;

/// Tells, on a thread that may wait.
pub(super) async fn tell(
    progress: &Progress,
    what: &'static str,
    done: u64,
    of: Option<u64>,
) -> Result<()> {
    let progress = progress.clone();
    let told = tokio::task::spawn_blocking(move || progress.at(what, done, of));
    told.await.map_err(unreadable)
}

/// Tells every now and then.
pub(super) async fn step(
    progress: &Progress,
    what: &'static str,
    done: u64,
    of: Option<u64>,
) -> Result<()> {
    match done.is_multiple_of(1_000) {
        true => tell(progress, what, done, of).await,
        false => Ok(()),
    }
}
