//! What owners were told already.

use super::{
    StoreError,
    spool::{NewMessage, SpoolError},
};
use crate::{
    address::{Domain, Mailbox},
    alias::Alias,
    digest::Every,
    time::UnixTime,
};
use async_trait::async_trait;

/// How far the digests of each domain are told.
///
/// Whoever keeps it promises that a digest is spooled in the transaction that says so: after a crash there is never one
/// without the other, and two processes do not both send it.
#[async_trait]
pub trait Digests {
    /// The domains with aliases of whose mail somebody is told so often, in alphabetical order.
    ///
    /// # Errors
    /// When the store fails.
    async fn digest_domains(&self, every: Every) -> Result<Vec<Domain>, StoreError>;

    /// Forgets how far others than [`Digests::digest_domains`] are told: who is told again begins anew.
    ///
    /// # Errors
    /// When the store fails.
    async fn forget_digests(&self, every: Every) -> Result<(), StoreError>;

    /// How often the owners of aliases in `domain` are told where an alias does not say; `None`: never.
    ///
    /// # Errors
    /// When the store fails.
    async fn digest_of_domain(&self, domain: &Domain) -> Result<Option<Every>, StoreError>;

    /// The alias that answers each of these addresses, whatever it says of their mail: one that is switched off, too.
    ///
    /// # Errors
    /// When the store fails.
    async fn answering(&self, addresses: Vec<Mailbox>) -> Result<Vec<Option<Alias>>, StoreError>;

    /// How far the owners of aliases in `domain` are told; `None` where they never were.
    ///
    /// # Errors
    /// When the store fails.
    async fn told(&self, domain: &Domain, every: Every) -> Result<Option<Told>, StoreError>;

    /// What comes before `until` is nothing to tell, where nothing was told yet.
    ///
    /// # Errors
    /// When the store fails.
    async fn begin_digests(
        &self,
        domain: &Domain,
        every: Every,
        until: UnixTime,
    ) -> Result<(), StoreError>;

    /// Spools digests and notes how far owners are told by that: all or nothing. `None` where they are told as far by
    /// somebody else, or not as `before` says: then nothing was done. `tells_daemon` makes a daemon look for them, for
    /// whoever is none.
    ///
    /// # Errors
    /// When a bound of the spool is reached or the store fails: nothing was done.
    async fn spool_digests(
        &self,
        step: DigestStep,
        messages: Vec<NewMessage>,
        tells_daemon: bool,
    ) -> Result<Option<Vec<i64>>, SpoolError>;
}

/// How far owners are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// All before this time is told to all.
    pub until: UnixTime,
    /// What is being told now.
    pub under_way: Option<UnderWay>,
}

/// Owners are told one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderWay {
    /// What before this time is told to some.
    pub until: UnixTime,
    /// To those up to this name, in their order.
    pub up_to: String,
}

/// How far owners were told, and are by what is spooled now.
#[derive(Debug, Clone)]
pub struct DigestStep {
    /// The domain of the aliases.
    pub domain: Domain,
    /// How often.
    pub every: Every,
    /// As it was.
    pub before: Told,
    /// As it is afterwards.
    pub after: Told,
}
