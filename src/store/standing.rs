//! What holds for all aliases, or for all of a domain: senders that are blocked, and what is set.

use super::{ChangeError, Progress, StoreError};
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

    /// Blocks senders, all of them or none; of each, `false` when it was blocked before, and the note is now this one.
    ///
    /// # Errors
    /// When a domain is not hosted, there would be too many blocks, everybody is to be blocked, or the store
    /// fails.
    async fn add_blocks(
        &self,
        blocks: Vec<Block>,
        progress: Progress,
    ) -> Result<Vec<bool>, ChangeError>;

    /// Takes blocks away, all of them or none, and gives what they were.
    ///
    /// # Errors
    /// When there is none of one of the patterns, or the store fails.
    async fn remove_blocks(
        &self,
        domain: Option<&Domain>,
        patterns: Vec<SenderPattern>,
        progress: Progress,
    ) -> Result<Vec<Block>, ChangeError>;

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
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Which one it is.
    pub(super) version: i64,
    /// Who is blocked.
    pub blocks: BlockList,
    /// What is set for domains, where anything is.
    pub settings: Arc<HashMap<Domain, DomainSettings>>,
}

impl Standing {
    /// What is set for a domain; nothing where nothing is.
    pub fn settings_of(&self, domain: &Domain) -> DomainSettings {
        self.settings.get(domain).cloned().unwrap_or_default()
    }
}
