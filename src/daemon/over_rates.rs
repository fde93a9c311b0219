//! Which rates of `[limits]` are exceeded, for `onward status`.

use crate::{admin::running::Running, mail::Rates};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// How often it is told at most.
const REST: Duration = Duration::from_secs(1);
/// How often what is over is forgotten.
const LOOK: Duration = Duration::from_secs(60);

/// Follows it for ever.
pub(super) async fn tell(rates: Arc<Rates>, state_dir: PathBuf) {
    loop {
        let bites = rates.bites();
        let state_dir = state_dir.clone();
        if spawn_blocking(move || Running::tell_over_rates(&state_dir, &bites)).await.is_err() {
            return;
        }
        sleep(REST).await;
        let _ = timeout(LOOK, rates.bitten()).await;
    }
}
