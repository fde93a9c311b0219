use super::{
    Postgres,
    access::{reading, writing},
    rows::long_senders::{self, Put, unexpired},
};
use crate::{
    address::Mailbox,
    store::{Kept, LongSender, LongSenders, SrsPutError, StoreError},
    time::UnixTime,
};
use async_trait::async_trait;

#[async_trait]
impl LongSenders for Postgres {
    async fn srs_put(
        &self,
        sender: LongSender,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<Kept, SrsPutError> {
        let put = Put::new(sender, now, max_entries);
        let entry: Result<_, StoreError> =
            async { reading!(self.access, tx => long_senders::of(tx, put.token()).await) }.await;
        if put.is_done(entry?.as_ref())? {
            return Ok(Kept::default());
        }
        let kept: Result<_, StoreError> =
            async { writing!(self.access, tx => Ok(put.run(tx).await?)) }.await;
        kept?
    }

    async fn srs_forget(&self, token: &str) -> Result<(), StoreError> {
        let token = token.to_lowercase();
        writing!(self.access, tx => Ok(long_senders::forget(tx, &token).await?))
    }

    async fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError> {
        let token = token.to_lowercase();
        let entry = reading!(self.access, tx => long_senders::of(tx, &token).await);
        Ok(unexpired(entry?, now))
    }
}
