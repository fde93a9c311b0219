use super::{Sqlite, rows::tls};
use crate::{
    mta_sts::{CachedPolicy, PolicyStore, PolicyStoreError},
    store::{StoreError, TlsRecords},
    time::UnixTime,
    tls_rpt::{Counts, Row},
};
use async_trait::async_trait;

#[async_trait]
impl PolicyStore for Sqlite {
    async fn sts_policy(
        &self,
        domain: &str,
        now: UnixTime,
    ) -> Result<Option<CachedPolicy>, PolicyStoreError> {
        let domain = domain.to_owned();
        let read = self.readers.run(move |connection| tls::policy(connection, &domain));
        Ok(read.await?.filter(|policy| policy.expires > now))
    }

    async fn keep_sts_policy(
        &self,
        domain: &str,
        policy: CachedPolicy,
    ) -> Result<(), PolicyStoreError> {
        let domain = domain.to_owned();
        let write =
            self.writer.run(move |connection| tls::keep_policy(connection, &domain, &policy));
        Ok(write.await?)
    }
}

#[async_trait]
impl TlsRecords for Sqlite {
    async fn add_tls_results(&self, counts: Counts, now: UnixTime) -> Result<(), StoreError> {
        let day = now.day();
        self.writer.run(move |connection| tls::add_results(connection, &counts, day)).await
    }

    async fn tls_results(&self, day: u64) -> Result<Vec<Row>, StoreError> {
        self.readers.run(move |connection| tls::results(connection, day)).await
    }

    async fn tls_results_to_report(&self, day: u64) -> Result<Vec<Row>, StoreError> {
        self.writer.run(move |connection| tls::results_to_report(connection, day)).await
    }
}
