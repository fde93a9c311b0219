//! Sender addresses too long to be rewritten, behind short tokens.

use super::StoreError;
use crate::{address::Mailbox, time::UnixTime};
use async_trait::async_trait;
use std::fmt;

/// Long senders behind short tokens. What is kept is durable when it is answered: the address that carries
/// the token leaves only then, and its bounce may come after a crash.
#[async_trait]
pub trait LongSenders: fmt::Debug + Send + Sync {
    /// Keeps `address` behind `token` at least until `expires`. Tokens are the same in any case. Of
    /// `max_entries`, expired ones make room.
    ///
    /// # Errors
    /// When there is no room, the token is taken, or the store fails.
    async fn srs_put(
        &self,
        token: &str,
        address: &Mailbox,
        expires: UnixTime,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<(), SrsPutError>;

    /// The address behind `token`, unless it has expired.
    ///
    /// # Errors
    /// When the store fails.
    async fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError>;
}

/// Why a long address was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrsPutError {
    /// As many as allowed are there, none of them expired.
    #[error("the table of long SRS addresses is full")]
    Full,
    /// The token stands for another address already.
    #[error("the token belongs to another address")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
