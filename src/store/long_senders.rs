//! Sender addresses too long to be rewritten, behind short tokens.

use super::StoreError;
use crate::{address::Mailbox, rate::ClientBlock, time::UnixTime};
use async_trait::async_trait;
use std::fmt;

/// The part of the table that is one client's at most: one in so many entries.
const OF_A_CLIENT: u64 = 100;
/// The part of those that no client has by itself.
const OF_NOBODY: u64 = 2;

/// Long senders behind short tokens. What is kept is durable when it is answered: the address that carries
/// the token leaves only then, and its bounce may come after a crash.
///
/// Strangers choose what is kept. So nobody is refused for want of room: where a client has its share of the
/// table ([`share`]), its own sender that was used longest ago goes, and where the table is full, the one of all
/// clients: never one of nobody's while those have no more than their half. What is lost is a bounce that comes later than that.
#[async_trait]
pub trait LongSenders: fmt::Debug + Send + Sync {
    /// Keeps a sender at least until it expires, unless room is needed. One that is kept stays and counts as used
    /// now; once a second client brings it, it is nobody's.
    ///
    /// # Errors
    /// When `max_entries` is 0, the token is taken, or the store fails.
    async fn srs_put(
        &self,
        sender: LongSender,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<Kept, SrsPutError>;

    /// Takes back a sender: no address with the token is out.
    ///
    /// # Errors
    /// When the store fails.
    async fn srs_forget(&self, token: &str) -> Result<(), StoreError>;

    /// The address behind `token`, unless it has expired.
    ///
    /// # Errors
    /// When the store fails.
    async fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError>;
}

/// A sender to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongSender {
    /// The same in any case.
    pub token: String,
    /// What the token stands for.
    pub address: Mailbox,
    /// Who brings its mail; `None` for who is not counted, and for Postfix, which does not say.
    pub client: Option<ClientBlock>,
    /// When no address with the token is valid any more.
    pub expires: UnixTime,
}

/// A sender that is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// It was not before.
    pub is_new: bool,
    /// How many others went for it.
    pub evicted: u64,
}

/// How many of at most `max_entries` senders `client` has at most: one of them at least.
pub(super) fn share(client: Option<&ClientBlock>, max_entries: u64) -> u64 {
    max_entries.div_ceil(if client.is_some() { OF_A_CLIENT } else { OF_NOBODY })
}

/// Why a long address was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrsPutError {
    /// None may be kept.
    #[error("no long sender is kept, as limits.srs_entries is 0")]
    Full,
    /// The token stands for another address already.
    #[error("the token belongs to another address")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
