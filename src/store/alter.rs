//! Changes of aliases that depend on what they are.

use super::ChangeError;
use crate::alias::{Alias, AliasAddress};
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
}
