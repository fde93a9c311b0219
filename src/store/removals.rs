//! Aliases that are taken out, and come back as they were; and several such changes as one.

use super::{Alteration, ChangeError};
use crate::alias::{Alias, AliasAddress, Counters, Daily};
use async_trait::async_trait;

/// Aliases that go with all that is theirs, and may come back with it. Whoever keeps them promises what
/// [`Directory`](super::Directory) does, and that nothing changes an alias between its being shown and its going.
#[async_trait]
pub trait Removals {
    /// Makes these changes, one after the other: all of them that can be, or none. Gives what came of each.
    ///
    /// # Errors
    /// When the store fails: nothing is changed then.
    async fn change_each(&self, changes: Vec<OneChange>) -> Result<Vec<CameOfOne>, ChangeError>;

    /// Removes the alias of `address` if it is the one that is meant, and gives all that went with it.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    async fn take_out(&self, address: &AliasAddress, is_meant: IsMeant) -> CameOfOne {
        let change = OneChange::TakeOut(address.clone(), is_meant);
        self.change_each(vec![change]).await?.pop().unwrap_or(Ok(None))
    }
}

/// What came of a change: what was taken out by it, if it was; or why it could not be.
pub type CameOfOne = Result<Option<Removed>, ChangeError>;

/// A change of one alias.
pub enum OneChange {
    /// Removes it if it is the one that is meant.
    TakeOut(AliasAddress, IsMeant),
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
