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
pub mod keystore;
mod known;
pub mod mail_programs;
pub mod migrate;
pub mod overview;
pub mod providers;
pub mod queue;
pub mod relays;
pub mod reload;
pub mod running;
mod secret_file;
pub mod secrets;
pub mod sessions;
pub mod setup;
pub mod spam_filter;
pub mod srs;
pub mod srs_keys;
pub mod status;
pub mod store_secrets;
pub mod tls_results;
pub mod tokens;
pub mod trace;
pub mod traffic;
pub mod upgrade;

pub use crate::store::{Place, Store};
pub use error::Error;
pub use explain::{ExplainedDestination, ExplainedList, Explanation, Question, Verdict, explain};

use crate::store::Options;

/// Opens the store of a place, made when it does not exist, beside a daemon or not.
///
/// # Errors
/// When it cannot be opened.
pub async fn open(place: &Place) -> Result<Store, Error> {
    Ok(place.open(Options::default()).await?)
}

/// The same for whoever only reads.
///
/// # Errors
/// As [`open`], and when the database is one of an older version.
pub async fn open_to_read(place: &Place) -> Result<Store, Error> {
    Ok(place.open(reading()).await?)
}

/// As [`open`]; `None` when nothing was ever kept there.
///
/// # Errors
/// As [`open`].
pub async fn open_existing(place: &Place) -> Result<Option<Store>, Error> {
    Ok(place.open_existing(Options::default()).await?)
}

/// As [`open_to_read`]; `None` when nothing was ever kept there.
///
/// # Errors
/// As [`open_to_read`].
pub async fn open_existing_to_read(place: &Place) -> Result<Option<Store>, Error> {
    Ok(place.open_existing(reading()).await?)
}

/// How whoever asks something opens a store.
fn reading() -> Options {
    Options { keeps_schema: true, ..Options::default() }
}
