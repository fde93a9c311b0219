//! What is kept of TLS with destinations: what came of the sessions. Their MTA-STS policies are kept by the
//! store as a [`PolicyStore`](crate::mta_sts::PolicyStore).

use super::StoreError;
use crate::{
    time::UnixTime,
    tls_rpt::{Counts, Row},
};
use async_trait::async_trait;

/// The results of TLS sessions by day. All of it is durable when it is answered.
#[async_trait]
pub trait TlsRecords {
    /// Adds sessions to those of the day of `now`.
    ///
    /// # Errors
    /// When the store fails.
    async fn add_tls_results(&self, counts: Counts, now: UnixTime) -> Result<(), StoreError>;

    /// The results of the day that many days since 1970, by domain.
    ///
    /// # Errors
    /// When the store fails.
    async fn tls_results(&self, day: u64) -> Result<Vec<Row>, StoreError>;

    /// The results of that day for a report, which nobody is given twice.
    ///
    /// # Errors
    /// When the store fails.
    async fn tls_results_to_report(&self, day: u64) -> Result<Vec<Row>, StoreError>;
}
