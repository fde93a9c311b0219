//! How the snapshot is read, and look-ups over it and a transaction.

use super::{
    ask::Result,
    error::Error,
    rows::{
        alias_use,
        aliases::{self, Table},
        blocks, domain_settings, domains,
        standing_changes::{self, Place},
    },
};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, Counted, Key, Lookup},
    store::{
        Standing,
        in_force::{Asked, InForce},
        snapshot::Snapshot,
    },
    time::UnixTime,
};
use deadpool_postgres::Transaction;
use std::{collections::BTreeSet, sync::Arc};

/// Reads all of one moment, which the transaction has to be of; `None` where `before` is that. Of what stands, only what
/// changed since is read.
pub(super) async fn load(
    tx: &Transaction<'_>,
    before: Option<&Snapshot>,
) -> Result<Option<Snapshot>> {
    let version = domains::version(tx).await?;
    if before.is_some_and(|before| before.version == version) {
        return Ok(None);
    }
    let standing = standing(tx, before.map(|before| &before.standing)).await?;
    Ok(Some(Snapshot { standing, ..read(tx, version, Table::Stored).await? }))
}

/// Domains and regexes within a change, which has locked the directory at `version` and changed nothing yet. What is in
/// memory is mostly that. Without a version they are read as the transaction has them.
pub(super) async fn before_change(
    tx: &Transaction<'_>,
    live: &InForce,
    version: Option<i64>,
) -> Result<Snapshot> {
    let known = live.snapshot();
    match version == Some(known.version) {
        true => Ok(Snapshot::clone(&known)),
        false => within(tx, Table::Stored).await,
    }
}

/// Domains and regexes as the transaction has them, and not what stands.
pub(super) async fn within(tx: &Transaction<'_>, table: Table) -> Result<Snapshot> {
    read(tx, domains::version(tx).await?, table).await
}

async fn read(tx: &Transaction<'_>, version: i64, table: Table) -> Result<Snapshot> {
    Ok(Snapshot {
        version,
        domains: Arc::new(domains::all(tx).await?.into_iter().collect()),
        patterns: Arc::new(aliases::patterns(tx, table).await?),
        standing: Arc::default(),
    })
}

async fn standing(tx: &Transaction<'_>, known: Option<&Arc<Standing>>) -> Result<Arc<Standing>> {
    let version = domains::standing(tx).await?;
    if let Some(known) = known {
        if known.version == version {
            return Ok(Arc::clone(known));
        }
        let changes = standing_changes::since(tx, known.version).await?;
        // Else not all of it is known any more.
        if i64::try_from(changes.len()) == Ok(version.saturating_sub(known.version)) {
            return changed(tx, known, version, &changes).await.map(Arc::new);
        }
    }
    Ok(Arc::new(Standing {
        version,
        blocks: blocks::all(tx).await?.into_iter().collect(),
        settings: Arc::new(domain_settings::all(tx).await?.into_iter().collect()),
    }))
}

/// `before`, with what stands now in the places of `changes`.
async fn changed(
    tx: &Transaction<'_>,
    before: &Standing,
    version: i64,
    changes: &[Place],
) -> Result<Standing> {
    let mut now = Standing { version, ..before.clone() };
    for place in changes.iter().collect::<BTreeSet<_>>() {
        match place {
            Place::Block { domain, sender } => match blocks::of(tx, domain, sender).await? {
                Some(block) => now.blocks.put(block),
                None => now.blocks.remove(domain, sender),
            },
            Place::Settings { domain } => {
                let settings = domain_settings::of(tx, domain).await?;
                let all = Arc::make_mut(&mut now.settings);
                match settings.is_empty() {
                    true => drop(all.remove(domain)),
                    false => drop(all.insert(domain.clone(), settings)),
                }
            }
        }
    }
    Ok(now)
}

/// Look-ups as they are answered now.
pub(super) struct Live<'a, 't> {
    pub(super) tx: &'a Transaction<'t>,
    pub(super) table: Table,
    pub(super) snapshot: &'a Snapshot,
    pub(super) postmaster: Option<&'a Mailbox>,
    pub(super) keep_tag: bool,
    /// For aliases that end.
    pub(super) now: UnixTime,
    /// What is set for domains is asked of the database, as a change that is under way has it.
    pub(super) reads_settings: bool,
}

impl<'a, 't> Live<'a, 't> {
    /// Without a postmaster, without the tags that aliases do not ask for, and before any of them ends.
    pub(super) fn of(tx: &'a Transaction<'t>, table: Table, snapshot: &'a Snapshot) -> Self {
        Self {
            tx,
            table,
            snapshot,
            postmaster: None,
            keep_tag: false,
            now: UnixTime::new(0),
            reads_settings: true,
        }
    }

    /// What memory does not answer.
    pub(super) fn asked(tx: &'a Transaction<'t>, asked: &'a Asked) -> Self {
        Self {
            postmaster: asked.postmaster.as_deref(),
            keep_tag: asked.keep_tag,
            now: asked.now,
            reads_settings: false,
            ..Self::of(tx, Table::Stored, &asked.snapshot)
        }
    }
}

impl Lookup for Live<'_, '_> {
    type Error = Error;

    fn is_hosted(&self, domain: &Domain) -> Result<bool> {
        Ok(self.snapshot.domains.contains(domain))
    }

    async fn alias(&self, key: &Key) -> Result<Option<Counted>> {
        if self.now != UnixTime::new(0) {
            return aliases::get_counted(self.tx, key).await;
        }
        // As `now`: what looks for loops looks beyond ends, in whatever table.
        let alias = aliases::get_one(self.tx, self.table, key).await?;
        Ok(alias.map(|alias| Counted { alias, is_used_up: false }))
    }

    fn patterns(&self) -> &[Alias] {
        &self.snapshot.patterns
    }

    fn keep_tag(&self) -> bool {
        self.keep_tag
    }

    fn now(&self) -> UnixTime {
        self.now
    }

    async fn is_used_up(&self, key: &Key, most: u64) -> Result<bool> {
        // As there.
        if self.now == UnixTime::new(0) {
            return Ok(false);
        }
        Ok(alias_use::taken(self.tx, key).await? >= most)
    }

    async fn auto_create(&self, address: &Mailbox) -> Result<Option<Alias>> {
        if self.reads_settings {
            let settings = domain_settings::of(self.tx, address.domain()).await?;
            return Ok(settings.auto_create.and_then(|made| made.alias_for(address)));
        }
        Ok(self.snapshot.made_for(address))
    }

    fn postmaster(&self) -> Option<&Mailbox> {
        self.postmaster
    }

    fn unusable(&self, address: &Mailbox, text: &str, why: &str) {
        tracing::warn!("the regex alias that answers <{address}> leads to {text:?}: {why}");
    }
}
