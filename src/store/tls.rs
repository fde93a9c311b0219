//! What is kept for TLS with destinations: their MTA-STS policies, and what came of the sessions.

use super::StoreError;
use crate::{
    time::UnixTime,
    tls_rpt::{Counts, Row},
};
use async_trait::async_trait;

/// An MTA-STS policy as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsPolicy {
    /// Of the TXT record at that time.
    pub id: String,
    /// Its text.
    pub policy: String,
    /// When it was fetched.
    pub fetched: UnixTime,
    /// Until when it counts.
    pub expires: UnixTime,
}

/// MTA-STS policies of destinations, and the results of TLS sessions by day. All of it is durable when it
/// is answered.
#[async_trait]
pub trait TlsRecords {
    /// The policy of `domain`, unless it has expired.
    ///
    /// # Errors
    /// When the store fails.
    async fn sts_policy(
        &self,
        domain: &str,
        now: UnixTime,
    ) -> Result<Option<StsPolicy>, StoreError>;

    /// Keeps the policy of `domain`.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn keep_sts_policy(&self, domain: &str, policy: StsPolicy) -> Result<(), StoreError>;

    /// Adds sessions to those of the day of `now`.
    ///
    /// # Errors
    /// When it cannot be written.
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
