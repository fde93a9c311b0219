use super::{
    Postgres,
    access::{reading, writing},
    rows::tls,
};
use crate::{
    mta_sts::{CachedPolicy, PolicyStore, PolicyStoreError},
    store::{StoreError, TlsRecords},
    time::UnixTime,
    tls_rpt::{Counts, Row},
};
use async_trait::async_trait;

#[async_trait]
impl PolicyStore for Postgres {
    async fn sts_policy(
        &self,
        domain: &str,
        now: UnixTime,
    ) -> Result<Option<CachedPolicy>, PolicyStoreError> {
        let policy = reading!(self.access, tx => tls::policy(tx, domain).await);
        Ok(policy?.filter(|policy| policy.expires > now))
    }

    async fn keep_sts_policy(
        &self,
        domain: &str,
        policy: CachedPolicy,
    ) -> Result<(), PolicyStoreError> {
        let kept: Result<(), StoreError> =
            async { writing!(self.access, tx => Ok(tls::keep_policy(tx, domain, &policy).await?)) }
                .await;
        Ok(kept?)
    }
}

#[async_trait]
impl TlsRecords for Postgres {
    async fn add_tls_results(&self, counts: Counts, now: UnixTime) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(tls::add_results(tx, &counts, now.day()).await?))
    }

    async fn tls_results(&self, day: u64) -> Result<Vec<Row>, StoreError> {
        reading!(self.access, tx => tls::results(tx, day).await)
    }

    async fn tls_results_to_report(&self, day: u64) -> Result<Vec<Row>, StoreError> {
        writing!(self.access, tx => Ok(tls::results_to_report(tx, day).await?))
    }
}
