//! What stands for all aliases, or for those of a domain.

use super::{
    Live, Sqlite,
    error::Failure,
    rows::{aliases::Table, blocks, domain_settings, domains},
    rules::refuse_cycle_from,
    snapshot,
};
use crate::{
    address::Domain,
    alias::{Block, DomainSettings, MAX_BLOCKS, SenderPattern, SettingsChange},
    store::{ChangeError, Progress, Standing, StandingRules, StoreError},
};
use async_trait::async_trait;
use rusqlite::Connection;
use std::sync::Arc;

#[async_trait]
impl StandingRules for Sqlite {
    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.live.snapshot().standing)
    }

    async fn add_blocks(
        &self,
        blocks: Vec<Block>,
        progress: Progress,
    ) -> Result<Vec<bool>, ChangeError> {
        self.change(move |connection| add_blocks(connection, &blocks, &progress)).await
    }

    async fn remove_blocks(
        &self,
        domain: Option<&Domain>,
        patterns: Vec<SenderPattern>,
        progress: Progress,
    ) -> Result<Vec<Block>, ChangeError> {
        let domain = domain.cloned();
        self.change(move |connection| {
            let all = patterns.len() as u64;
            let removed = (1..).zip(&patterns).map(|(through, pattern)| {
                progress.step("removed", through, Some(all));
                blocks::take(connection, domain.as_ref(), pattern)?.ok_or_else(|| {
                    let pattern = pattern.to_string();
                    ChangeError::NoSuchBlock { pattern, domain: domain.clone() }.into()
                })
            });
            removed.collect()
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
                let snapshot = snapshot::within(connection, Table::Stored)?;
                let live = Live::of(connection, Table::Stored, &snapshot);
                refuse_cycle_from(&live, made.destinations())?;
            }
            Ok(settings)
        })
        .await
    }
}

fn add_blocks(
    connection: &Connection,
    blocks: &[Block],
    progress: &Progress,
) -> Result<Vec<bool>, Failure> {
    let all = blocks.len() as u64;
    if blocks.len() > MAX_BLOCKS {
        return Err(ChangeError::TooManyBlocks(all).into());
    }
    let mut are_new = Vec::with_capacity(blocks.len());
    for (through, block) in (1..).zip(blocks) {
        progress.step("blocked", through, Some(all));
        if block.pattern == SenderPattern::Everybody {
            return Err(ChangeError::BlocksEverything.into());
        }
        if let Some(domain) = &block.domain
            && !domains::contains(connection, domain)?
        {
            return Err(ChangeError::NoSuchDomain(domain.clone()).into());
        }
        are_new.push(blocks::put(connection, block)?);
    }
    let count = match are_new.contains(&true) {
        true => blocks::count(connection)?,
        false => 0,
    };
    match count > MAX_BLOCKS as u64 {
        true => Err(ChangeError::TooManyBlocks(count).into()),
        false => Ok(are_new),
    }
}
