//! Changes of aliases that depend on what they are.

use super::ChangeError;
use crate::alias::{Alias, AliasAddress, Counters, Daily};
use async_trait::async_trait;

/// What is to become of an alias, as somebody says who is shown it.
pub type Alteration = Box<dyn FnOnce(&Alias) -> Altered + Send>;

/// What becomes of an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Altered {
    /// It stays as it is.
    Kept,
    /// This one takes its place.
    Replaced(Box<Alias>),
    /// It goes.
    Removed,
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

/// Aliases that are changed by whoever has to see them first. Whoever keeps them promises what
/// [`Directory`](super::Directory) does, and that nothing changes an alias between its being shown and its change.
#[async_trait]
pub trait Alterations {
    /// Does with the alias of `address` what `alteration` says, which has to be quick: other changes wait for it. Gives
    /// the alias as it is afterwards, or as it was when it goes.
    ///
    /// # Errors
    /// When there is none, what is to take its place has another address or is refused as by
    /// [`add_alias`](super::Directory::add_alias), or the store fails.
    async fn alter_alias(
        &self,
        address: &AliasAddress,
        alteration: Alteration,
    ) -> Result<Alias, ChangeError>;

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
