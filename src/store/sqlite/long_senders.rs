use super::{
    Sqlite,
    rows::long_senders::{self, Put, SrsEntry, unexpired},
};
use crate::{
    address::Mailbox,
    store::{Kept, LongSender, LongSenders, SrsPutError, StoreError},
    time::UnixTime,
};
use async_trait::async_trait;

#[async_trait]
impl LongSenders for Sqlite {
    async fn srs_put(
        &self,
        sender: LongSender,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<Kept, SrsPutError> {
        let put = Put::new(sender, now, max_entries);
        let entry = self.srs_entry(put.token().to_owned()).await?;
        if put.is_done(entry.as_ref())? {
            return Ok(Kept::default());
        }
        self.writer.run(move |connection| put.run(connection)).await?
    }

    async fn srs_forget(&self, token: &str) -> Result<(), StoreError> {
        let token = token.to_lowercase();
        self.writer.run(move |connection| long_senders::forget(connection, &token)).await
    }

    async fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError> {
        Ok(unexpired(self.srs_entry(token.to_lowercase()).await?, now))
    }
}

impl Sqlite {
    async fn srs_entry(&self, token: String) -> Result<Option<SrsEntry>, StoreError> {
        self.readers.run(move |connection| long_senders::get(connection, &token)).await
    }
}
