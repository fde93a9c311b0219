//! A copy of everything that is kept.

use super::Error;
use crate::store;
use std::path::Path;

/// Writes the store of a state directory, as it is at one moment, into a new file.
///
/// # Errors
/// When the file exists or cannot be written, or the store fails.
pub fn backup(state_dir: &Path, file: &Path) -> Result<(), Error> {
    Ok(store::backup(state_dir, file)?)
}
