//! What came of TLS with the mail servers of others.

use super::Error;
use crate::{store, time::UnixTime, tls_rpt::Row};
use std::path::Path;

/// The sessions of the day that `time` is in, by domain, policy and result (RFC 8460).
///
/// # Errors
/// When the store fails.
pub fn tls_results(state_dir: &Path, time: UnixTime) -> Result<Vec<Row>, Error> {
    Ok(store::blocking::tls_results(state_dir, time.day())?)
}
