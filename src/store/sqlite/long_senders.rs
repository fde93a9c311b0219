use super::{
    Sqlite,
    rows::long_senders::{self, Put, SrsEntry, unexpired},
};
use crate::{
    address::Mailbox,
    store::{LongSenders, SrsPutError, StoreError},
    time::UnixTime,
};
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl LongSenders for Sqlite {
    async fn srs_put(
        &self,
        token: &str,
        address: &Mailbox,
        expires: UnixTime,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<(), SrsPutError> {
        let put = Put { token: token.to_lowercase(), address: address.clone(), expires };
        let entry = self.srs_entry(put.token.clone()).await?;
        if put.is_done(entry.as_ref())? {
            return Ok(());
        }
        let count = Arc::clone(&self.srs_count);
        self.writer.run(move |connection| put.run(connection, &count, now, max_entries)).await?
    }

    async fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError> {
        Ok(unexpired(self.srs_entry(token.to_lowercase()).await?, now))
    }
}

impl Sqlite {
    async fn srs_entry(&self, token: String) -> Result<Option<SrsEntry>, StoreError> {
        self.readers.run(move |connection| long_senders::srs_address(connection, &token)).await
    }
}
