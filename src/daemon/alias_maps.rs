//! Postfix's tables of aliases that do not answer: told in the log, and to `onward status`.

use crate::{admin::running::Running, mail::Filter, postfix::MapFault};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::task::spawn_blocking;

/// How soon a map that does not answer is asked again.
const AGAIN: Duration = Duration::from_secs(60);

/// Asks the maps of all milters now, when one fails somebody, and while one fails; for ever.
pub(super) async fn watch(filters: Vec<Arc<Filter>>, state_dir: PathBuf) {
    let mut told: Vec<MapFault> = Vec::new();
    loop {
        let mut faults = Vec::new();
        for filter in &filters {
            faults.extend(filter.maps().probe().await);
        }
        for fault in faults.iter().filter(|fault| !told.contains(fault)) {
            tracing::error!("alias_maps of the milter: {fault}");
        }
        for fault in told.iter().filter(|fault| !faults.iter().any(|now| now.map == fault.map)) {
            tracing::info!(map = fault.map, "a map of alias_maps answers again");
        }
        let lines = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let state_dir = state_dir.clone();
        let written = spawn_blocking(move || Running::tell_maps(&state_dir, &lines)).await;
        if written.is_err() || filters.is_empty() {
            return;
        }
        told = faults;
        match told.is_empty() {
            true => fails(&filters).await,
            false => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// Waits until a map of one of them does not answer.
async fn fails(filters: &[Arc<Filter>]) {
    let mut waiting = tokio::task::JoinSet::new();
    for filter in filters.iter().map(Arc::clone) {
        waiting.spawn(async move { filter.maps().failing().await });
    }
    waiting.join_next().await;
}
