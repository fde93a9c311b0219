//! Numbers of aliases, by which programs name them that cannot name addresses.

use super::StoreError;
use crate::alias::{AliasAddress, Key};
use async_trait::async_trait;

/// Numbers of aliases.
///
/// Whoever keeps them promises: an alias has its number as long as it is there, however it is changed, and no other alias
/// gets it.
#[async_trait]
pub trait AliasNumbers {
    /// The number of each of these aliases; `None` for one that is not there.
    ///
    /// # Errors
    /// When the store fails.
    async fn alias_numbers(&self, aliases: Vec<Key>) -> Result<Vec<Option<u32>>, StoreError>;

    /// The address of the alias with that number.
    ///
    /// # Errors
    /// When the store fails.
    async fn numbered_alias(&self, number: u32) -> Result<Option<AliasAddress>, StoreError>;
}
