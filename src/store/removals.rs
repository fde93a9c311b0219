//! Aliases that are taken out, and come back as they were.

use super::ChangeError;
use crate::alias::{Alias, AliasAddress, Counters, Daily};
use async_trait::async_trait;

/// Aliases that go with all that is theirs, and may come back with it. Whoever keeps them promises what
/// [`Directory`](super::Directory) does, and that nothing changes an alias between its being shown and its going.
#[async_trait]
pub trait Removals {
    /// Removes the alias of `address` if it is the one that is meant, and gives all that went with it.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    async fn take_out(
        &self,
        address: &AliasAddress,
        is_meant: IsMeant,
    ) -> Result<Option<Removed>, ChangeError>;

    /// Adds an alias again that was taken out: with its counters, its number and, of a regex, its turn.
    ///
    /// # Errors
    /// As [`Directory::add_alias`](super::Directory::add_alias).
    async fn bring_back(&self, removed: Removed) -> Result<(), ChangeError>;
}

/// Whether an alias is the one that somebody means who is shown it.
pub type IsMeant = Box<dyn FnOnce(&Alias) -> bool + Send>;

/// An alias that was removed, with all that went with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The alias.
    pub alias: Alias,
    /// What came of its mail.
    pub counters: Counters,
    /// The same by day.
    pub days: Daily,
    /// Its number, which no other alias got since.
    pub(crate) number: i64,
    /// The turn of a regex.
    pub(crate) position: i64,
}
