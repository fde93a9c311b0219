//! Aliases that are taken out, and come back as they were.

use super::{Alteration, ChangeError};
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

    /// Does this, one after the other: all of it that can be, or nothing. Gives what came of each.
    ///
    /// # Errors
    /// When the store fails.
    async fn revert(
        &self,
        reversions: Vec<Reversion>,
    ) -> Result<Vec<Result<(), ChangeError>>, ChangeError>;
}

/// What takes back one change of one alias.
pub enum Reversion {
    /// Adds an alias again that was taken out: with its counters, its number and, of a regex, its turn.
    BringBack(Box<Removed>),
    /// As [`Directory::alter_alias`](super::Directory::alter_alias).
    Alter(AliasAddress, Alteration),
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
