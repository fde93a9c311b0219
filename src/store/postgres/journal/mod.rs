//! The journal that nodes share: all of them write to it, each what it did.

mod days;
pub(in crate::store::postgres) mod moving;
mod prune;
mod read;
mod record;
mod rows;
mod search;
mod write;

use super::{Database, access::Access, schema};
use crate::store::{
    StoreError,
    journal::{Bounds, JournalError, recorder::Recorder},
};
use std::sync::Arc;

pub(in crate::store) use read::Records;

/// Connections of who writes, and of who reads.
const WRITERS: usize = 2;
const READERS: usize = 4;

/// Opens the writing side for a node. It has connections of its own, so that it never meets the writing of the store.
pub(in crate::store) async fn record(
    database: Database,
    node: String,
    bounds: Bounds,
) -> Result<Recorder, JournalError> {
    let database = Arc::new(database);
    let access = Access::new(Arc::clone(&database), READERS)?;
    match prepare(&access).await {
        // What is recorded waits in memory, and the store tells of it.
        Ok(()) | Err(StoreError::Unreachable { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    // Its connections belong to the thread that writes.
    Recorder::start(write::Writer::new(Access::new(database, WRITERS)?, node), bounds)
}

/// Opens the reading side.
pub(in crate::store) async fn read(database: Database) -> Result<Records, JournalError> {
    let access = Access::new(Arc::new(database), READERS)?;
    prepare(&access).await?;
    Ok(Records::new(access))
}

async fn prepare(access: &Access) -> Result<(), StoreError> {
    let mut client = access.client().await?;
    schema::prepare(&mut client, &access.database).await
}
