//! What holds for all aliases, or for all of a domain: senders that are blocked, and what is set.

use super::{ChangeError, StoreError};
use crate::{
    address::Domain,
    alias::{Block, BlockList, DomainSettings, SenderPattern, SettingsChange},
};
use async_trait::async_trait;
use std::{collections::HashMap, sync::Arc};

/// What stands for all aliases, or for those of a domain.
///
/// Whoever keeps it promises what [`Directory`](super::Directory) does of its changes, and:
/// - What is asked of [`Standing`] is answered from memory.
/// - With a domain goes what stands for it.
#[async_trait]
pub trait StandingRules {
    /// All of it, as it is now.
    fn standing(&self) -> Arc<Standing>;

    /// Blocks senders; `false` when they were blocked before, and the note is now this one.
    ///
    /// # Errors
    /// When the domain is not hosted, there are too many blocks, everybody is to be blocked, or the store
    /// fails.
    async fn add_block(&self, block: &Block) -> Result<bool, ChangeError>;

    /// Takes a block away, and gives what it was.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    async fn remove_block(
        &self,
        domain: Option<&Domain>,
        pattern: &SenderPattern,
    ) -> Result<Block, ChangeError>;

    /// All blocks: those for all first, then those of domains, in alphabetical order.
    ///
    /// # Errors
    /// When the store fails.
    async fn blocks(&self) -> Result<Vec<Block>, StoreError>;

    /// Changes what is set for a domain, and gives it as it is now.
    ///
    /// # Errors
    /// When the domain is not hosted, or the store fails.
    async fn set_domain(
        &self,
        domain: &Domain,
        change: &SettingsChange,
    ) -> Result<DomainSettings, ChangeError>;
}

/// What stands, as of one version of the directory.
#[derive(Debug, Default)]
pub struct Standing {
    /// Which one it is.
    pub(super) version: i64,
    /// Who is blocked.
    pub blocks: BlockList,
    /// What is set for domains, where anything is.
    pub settings: HashMap<Domain, DomainSettings>,
}

impl Standing {
    /// What is set for a domain; nothing where nothing is.
    pub fn settings_of(&self, domain: &Domain) -> DomainSettings {
        self.settings.get(domain).cloned().unwrap_or_default()
    }
}
