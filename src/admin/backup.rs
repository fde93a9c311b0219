//! A copy of everything that is kept.

use super::{Error, Place};
use crate::store;
use std::path::Path;

/// Writes the store of a place, as it is at one moment, into a new file.
///
/// # Errors
/// When the file exists or cannot be written, the store fails, or it is in a database that has means of its own.
pub fn backup(place: &Place, file: &Path) -> Result<(), Error> {
    match place.database() {
        Some(database) => Err(Error::refused(format_args!(
            "everything is kept in {database}, which pg_dump copies: see docs/NODES.md"
        ))),
        None => Ok(store::backup(place.state_dir(), file)?),
    }
}
