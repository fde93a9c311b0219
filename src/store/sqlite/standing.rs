//! What stands for all aliases, or for those of a domain.

use super::{
    Live, Snapshot, Sqlite,
    error::Failure,
    rows::{aliases::Table, blocks, domain_settings, domains},
    rules::refuse_cycle_from,
};
use crate::{
    address::Domain,
    alias::{Block, DomainSettings, MAX_BLOCKS, SenderPattern, SettingsChange},
    store::{ChangeError, Standing, StandingRules, StoreError},
};
use async_trait::async_trait;
use rusqlite::Connection;
use std::sync::Arc;

#[async_trait]
impl StandingRules for Sqlite {
    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.snapshot.load().standing)
    }

    async fn add_block(&self, block: &Block) -> Result<bool, ChangeError> {
        let block = block.clone();
        self.change(move |connection| add_block(connection, &block)).await
    }

    async fn remove_block(
        &self,
        domain: Option<&Domain>,
        pattern: &SenderPattern,
    ) -> Result<Block, ChangeError> {
        let (domain, pattern) = (domain.cloned(), pattern.clone());
        self.change(move |connection| {
            blocks::take(connection, domain.as_ref(), &pattern)?.ok_or_else(|| {
                let pattern = pattern.to_string();
                ChangeError::NoSuchBlock { pattern, domain: domain.clone() }.into()
            })
        })
        .await
    }

    async fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        self.readers.run(blocks::all).await
    }

    async fn set_domain(
        &self,
        domain: &Domain,
        change: &SettingsChange,
    ) -> Result<DomainSettings, ChangeError> {
        let (domain, change) = (domain.clone(), change.clone());
        self.change(move |connection| {
            if !domains::contains(connection, &domain)? {
                return Err(ChangeError::NoSuchDomain(domain.clone()).into());
            }
            let before = domain_settings::get(connection, &domain)?;
            if change.only_if.as_ref().is_some_and(|seen| *seen != before) {
                return Err(ChangeError::SettingsChanged(domain.clone()).into());
            }
            let settings = change.of(before);
            domain_settings::set(connection, &domain, &settings)?;
            if change.auto_create.is_some()
                && let Some(made) = &settings.auto_create
            {
                let snapshot = Snapshot::within(connection, Table::Stored)?;
                let live = Live::of(connection, Table::Stored, &snapshot);
                refuse_cycle_from(&live, made.destinations())?;
            }
            Ok(settings)
        })
        .await
    }
}

fn add_block(connection: &Connection, block: &Block) -> Result<bool, Failure> {
    if block.pattern == SenderPattern::Everybody {
        return Err(ChangeError::BlocksEverything.into());
    }
    if let Some(domain) = &block.domain
        && !domains::contains(connection, domain)?
    {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    let is_new = blocks::put(connection, block)?;
    match is_new && blocks::count(connection)? > MAX_BLOCKS as u64 {
        true => Err(ChangeError::TooManyBlocks.into()),
        false => Ok(is_new),
    }
}

/// What stands in the database; `known` where it is that.
pub(super) fn load(
    connection: &Connection,
    known: Option<&Arc<Standing>>,
) -> rusqlite::Result<Arc<Standing>> {
    let version = domains::standing(connection)?;
    match known {
        Some(known) if known.version == version => Ok(Arc::clone(known)),
        _ => Ok(Arc::new(Standing {
            version,
            blocks: blocks::all(connection)?.into_iter().collect(),
            settings: domain_settings::all(connection)?.into_iter().collect(),
        })),
    }
}
