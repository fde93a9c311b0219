//! What an administrator can do, as functions: plain values in, values that can be serialised out. Their JSON is
//! a promise to scripts.
//!
//! The store is that of whoever asks, so that a running daemon can be asked too. Who asks for what may be long
//! is given the answers one by one.

pub mod accounts;
pub mod aliases;
pub mod backup;
pub mod blocks;
pub mod certificates;
pub mod check;
pub mod digests;
pub mod dkim_keys;
pub mod doctor;
pub mod domains;
mod error;
mod explain;
mod known;
pub mod mail_programs;
pub mod overview;
pub mod providers;
pub mod queue;
pub mod relays;
pub mod reload;
pub mod running;
pub mod sessions;
pub mod setup;
pub mod spam_filter;
pub mod srs;
pub mod srs_keys;
pub mod status;
pub mod tls_results;
pub mod tokens;
pub mod trace;
pub mod traffic;

pub use crate::store::Store;
pub use error::Error;
pub use explain::{ExplainedDestination, ExplainedList, Explanation, Question, Verdict, explain};

use crate::store::Options;
use std::path::Path;

/// Opens the store of a state directory, made when it does not exist, beside a daemon or not.
///
/// # Errors
/// When it cannot be opened.
pub fn open(state_dir: &Path) -> Result<Store, Error> {
    Ok(Store::open(state_dir, Options::default())?)
}

/// The same for whoever only reads.
///
/// # Errors
/// As [`open`], and when the database is one of an older version.
pub fn open_to_read(state_dir: &Path) -> Result<Store, Error> {
    Ok(Store::open(state_dir, reading())?)
}

/// As [`open`]; `None` when nothing was ever kept there.
///
/// # Errors
/// As [`open`].
pub fn open_existing(state_dir: &Path) -> Result<Option<Store>, Error> {
    Ok(Store::open_existing(state_dir, Options::default())?)
}

/// As [`open_to_read`]; `None` when nothing was ever kept there.
///
/// # Errors
/// As [`open_to_read`].
pub fn open_existing_to_read(state_dir: &Path) -> Result<Option<Store>, Error> {
    Ok(Store::open_existing(state_dir, reading())?)
}

/// How whoever asks something opens a store.
fn reading() -> Options {
    Options { keeps_schema: true, ..Options::default() }
}
