//! What came of TLS with the mail servers of others.

use super::{Error, Store};
use crate::{time::UnixTime, tls_rpt::Row};

/// The sessions of the day that `time` is in, by domain, policy and result (RFC 8460).
///
/// # Errors
/// When the store fails.
pub async fn tls_results(store: &Store, time: UnixTime) -> Result<Vec<Row>, Error> {
    Ok(store.tls_results(time.day()).await?)
}
