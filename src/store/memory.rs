//! What earlier attempts brought, so that a retry of the sender repeats none of it.

use super::StoreError;
use crate::{reply::ForeignReply, time::UnixTime};
use async_trait::async_trait;

/// Most deliveries, refusals and recipients told of that are remembered; beyond, the oldest go.
pub(super) const DELIVERED: usize = 200_000;
pub(super) const REFUSED: usize = 20_000;
pub(super) const TOLD: usize = 200_000;
/// Longest text of a refusal that is kept, in characters.
pub(super) const REFUSED_TEXT: usize = 500;

/// Identifies one delivery; what it is a hash of, the caller decides.
pub type Fingerprint = [u8; 32];

/// Deliveries, refusals and DSNs that are remembered.
///
/// What is remembered is known at once and durable when it is answered: the sender learns of a delivery
/// only then, so that its retry after a crash repeats none. Where it cannot be written, it is known until
/// the end of the process: a duplicate beats a loss. Nothing expired is ever answered. How much is
/// remembered is bounded; beyond, what would expire first goes.
#[async_trait]
pub trait Memory {
    /// Remembers deliveries until `expires`.
    ///
    /// # Errors
    /// When it cannot be written; it is then known until the end of the process.
    async fn remember_delivered(
        &self,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError>;

    /// False when no delivery is remembered at all, as it is most of the time. Answered from memory.
    fn remembers_deliveries(&self) -> bool;

    /// True when this delivery was made and is remembered. Answered from memory.
    fn was_delivered(&self, fingerprint: &Fingerprint, now: UnixTime) -> bool;

    /// Remembers how destinations refused until `expires`.
    ///
    /// # Errors
    /// When it cannot be written; it is then known until the end of the process.
    async fn remember_refused(
        &self,
        refusals: Vec<(Fingerprint, ForeignReply)>,
        expires: UnixTime,
    ) -> Result<(), StoreError>;

    /// False when no refusal is remembered at all, as it is most of the time. Answered from memory.
    fn remembers_refusals(&self) -> bool;

    /// How the destination refused, if that is remembered. It is answered once: what comes after that
    /// is a new message, to be judged by itself.
    ///
    /// # Errors
    /// When it cannot be struck out on disk; a restart then remembers it again.
    async fn take_refused(
        &self,
        fingerprint: &Fingerprint,
        now: UnixTime,
    ) -> Result<Option<ForeignReply>, StoreError>;

    /// Remembers of what senders were told until `expires`.
    ///
    /// # Errors
    /// When it cannot be written; it is then known until the end of the process.
    async fn remember_told(
        &self,
        fingerprints: Vec<Fingerprint>,
        expires: UnixTime,
    ) -> Result<(), StoreError>;

    /// True when a sender was told of this and it is remembered. Answered from memory.
    fn was_told(&self, fingerprint: &Fingerprint, now: UnixTime) -> bool;

    /// Forgets whatever has expired, in all of the store, and gives room that nothing needs any more back
    /// to the disk. To be called now and then.
    ///
    /// # Errors
    /// When it cannot be written; nothing expired is ever answered all the same.
    async fn purge(&self, now: UnixTime) -> Result<(), StoreError>;
}
