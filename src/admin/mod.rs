//! What an administrator can do, as functions: plain values in, values that can be serialised out. Their JSON is
//! a promise to scripts.
//!
//! Who asks for what may be long is given the answers one by one.

pub mod aliases;
pub mod backup;
pub mod check;
pub mod dkim_keys;
pub mod doctor;
pub mod domains;
mod error;
mod explain;
pub mod queue;
pub mod reload;
pub mod running;
pub mod srs;
pub mod srs_keys;
pub mod status;
pub mod tls_results;
pub mod trace;

pub use crate::store::blocking::Directory;
pub use error::Error;
pub use explain::{ExplainedDestination, Explanation, Question, Verdict, explain};

use std::path::Path;

/// The domains and aliases of a state directory.
///
/// # Errors
/// When the store cannot be opened.
pub fn directory(state_dir: &Path) -> Result<Directory, Error> {
    Ok(Directory::open(state_dir)?)
}
