//! What stands for all aliases, or for those of a domain.

use super::{
    Postgres,
    access::reading,
    ask::Result,
    changing::changing,
    error::Failure,
    rows::{aliases::Table, blocks, domain_settings, domains},
    snapshot::{self, Live},
    telling::step,
};
use crate::{
    address::Domain,
    alias::{Block, DomainSettings, MAX_BLOCKS, SenderPattern, SettingsChange},
    store::{ChangeError, Progress, Standing, StandingRules, StoreError, rules::refuse_cycle_from},
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;
use std::{collections::HashSet, sync::Arc};

#[async_trait]
impl StandingRules for Postgres {
    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.live.snapshot().standing)
    }

    async fn add_blocks(
        &self,
        blocks: Vec<Block>,
        progress: Progress,
    ) -> Result<Vec<bool>, ChangeError> {
        changing!(self, tx, _version => add_blocks(tx, &blocks, &progress).await)
    }

    async fn remove_blocks(
        &self,
        domain: Option<&Domain>,
        patterns: Vec<SenderPattern>,
        progress: Progress,
    ) -> Result<Vec<Block>, ChangeError> {
        changing!(self, tx, _version => {
            let all = patterns.len() as u64;
            let mut taken = blocks::take(tx, domain, &patterns).await?;
            let mut removed = Vec::with_capacity(patterns.len());
            for (through, pattern) in (1..).zip(&patterns) {
                step(&progress, "removed", through, Some(all)).await?;
                let block = taken.remove(&pattern.key()).ok_or_else(|| {
                    let pattern = pattern.to_string();
                    ChangeError::NoSuchBlock { pattern, domain: domain.cloned() }
                });
                removed.push(block?);
            }
            Ok(removed)
        })
    }

    async fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        reading!(self.access, tx => blocks::all(tx).await)
    }

    async fn set_domain(
        &self,
        domain: &Domain,
        change: &SettingsChange,
    ) -> Result<DomainSettings, ChangeError> {
        changing!(self, tx, version => {
            if !domains::contains(tx, domain).await? {
                return Err(ChangeError::NoSuchDomain(domain.clone()).into());
            }
            let before = domain_settings::of(tx, domain).await?;
            if change.only_if.as_ref().is_some_and(|seen| *seen != before) {
                return Err(ChangeError::SettingsChanged(domain.clone()).into());
            }
            let settings = change.of(before);
            domain_settings::set(tx, domain, &settings).await?;
            if change.auto_create.is_some()
                && let Some(made) = &settings.auto_create
            {
                let snapshot = snapshot::before_change(tx, &self.live, Some(version)).await?;
                let live = Live::of(tx, Table::Stored, &snapshot);
                refuse_cycle_from(&live, made.destinations()).await?;
            }
            Ok(settings)
        })
    }
}

async fn add_blocks(
    tx: &Transaction<'_>,
    blocks: &[Block],
    progress: &Progress,
) -> Result<Vec<bool>, Failure> {
    let all = blocks.len() as u64;
    if blocks.len() > MAX_BLOCKS {
        return Err(ChangeError::TooManyBlocks(all).into());
    }
    let hosted: HashSet<Domain> = domains::all(tx).await?.into_iter().collect();
    for (through, block) in (1..).zip(blocks) {
        step(progress, "blocked", through, Some(all)).await?;
        if block.pattern == SenderPattern::Everybody {
            return Err(ChangeError::BlocksEverything.into());
        }
        if let Some(domain) = block.domain.as_ref().filter(|domain| !hosted.contains(domain)) {
            return Err(ChangeError::NoSuchDomain(domain.clone()).into());
        }
    }
    let are_new = blocks::put(tx, blocks).await?;
    let count = match are_new.contains(&true) {
        true => blocks::count_all(tx).await?,
        false => 0,
    };
    match count > MAX_BLOCKS as u64 {
        true => Err(ChangeError::TooManyBlocks(count).into()),
        false => Ok(are_new),
    }
}
