//! The copy of the directory that a node has on its own disk: look-ups are answered from it, and go on while the database is
//! away.

use super::{
    ask::Result,
    rows::{
        alias_changes,
        aliases::{self, Table, Which},
    },
};
use crate::{
    alias::{Alias, Key},
    store::{StoreError, snapshot::Snapshot, sqlite::mirror::Mirror},
};
use deadpool_postgres::Transaction;
use std::path::Path;

/// Opens the copy in a directory. What cannot be read any more is made anew.
pub(super) fn open(directory: &Path) -> Result<Mirror, StoreError> {
    match Mirror::open(directory) {
        Err(error @ (StoreError::Damaged { .. } | StoreError::Newer { .. })) => {
            tracing::warn!("{error}: the copy of the directory is made anew");
            let failed = |error: std::io::Error| StoreError::failed(directory, error);
            std::fs::remove_dir_all(directory).map_err(failed)?;
            Mirror::open(directory)
        }
        opened => opened,
    }
}

/// Brings the copy in line with `now`, which is of the moment of the transaction.
pub(super) async fn follow(tx: &Transaction<'_>, mirror: &Mirror, now: &Snapshot) -> Result<()> {
    let directory = alias_changes::directory(tx).await?;
    let mut copying = mirror.begin().await?;
    let changed = match mirror.known().filter(|(name, _)| *name == directory) {
        // Somebody else was faster.
        Some((_, version)) if version == now.version => return Ok(()),
        Some((_, version)) if version < now.version => alias_changes::since(tx, version).await?,
        // A backup was restored.
        _ => None,
    };
    if changed.is_none() {
        copying = copying.clear().await?;
    }
    match changed {
        Some(keys) => {
            for some in keys.chunks(aliases::PAGE) {
                let found = aliases::of_keys(tx, &some.iter().collect::<Vec<_>>()).await?;
                copying = copying.put(some.to_vec(), found).await?;
            }
        }
        None => {
            let mut after: Option<Key> = None;
            loop {
                let some = aliases::some(tx, Which::All(Table::Stored), after.as_ref()).await?;
                let (is_last, last) = (some.len() < aliases::PAGE, some.last().map(key));
                copying = copying.put(Vec::new(), some).await?;
                after = last;
                if is_last {
                    break;
                }
            }
        }
    }
    Ok(copying.finish(directory, now.clone()).await?)
}

fn key(alias: &Alias) -> Key {
    alias.address().key()
}
