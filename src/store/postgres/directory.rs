//! Domains and aliases: look-ups over the cache and the database, and changes.

use super::{
    Postgres,
    access::reading,
    apply,
    ask::Result,
    changing::changing,
    copy,
    error::{Error, Failure},
    rows::{
        accounts, alias_use,
        aliases::{self, Table},
        digests, domains, events,
    },
    snapshot::{self, Live},
};
use crate::{
    address::{Domain, Mailbox},
    alias::{
        Action, Alias, AliasAddress, Amendment, Expansion, ExpansionLimits, MAX_PATTERNS,
        OwnedDomain, Resolution, expand, expand_all,
    },
    clock,
    reply::Reply,
    store::{
        AliasPage, Apply, Change, ChangeError, Directory, StoreError,
        in_force::{Asked, AskedKey, InForce, without_postmaster},
        rules::{refuse_cycle, refuse_srs_shaped, refuse_unsafe, starts},
        snapshot::Snapshot,
        sqlite::mirror::Found,
    },
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;
use std::{slice, sync::Arc};
use tokio::sync::watch;

#[async_trait]
impl Directory for Postgres {
    fn is_hosted(&self, domain: &Domain) -> bool {
        self.live.is_hosted(domain)
    }

    fn known(&self, recipient: &Mailbox) -> Option<Arc<Resolution>> {
        self.live.resolve(recipient).ok()
    }

    async fn resolve(&self, recipient: &Mailbox) -> Result<Arc<Resolution>, StoreError> {
        let mut asked = match self.live.resolve(recipient) {
            Ok(known) => return Ok(known),
            Err(asked) => asked,
        };
        let key = asked.take_key();
        let asked = Arc::new(asked);
        let copied = self.copied(Some(recipient), &asked).await;
        if let Some(Found { resolution, needs_counts: false }) = copied {
            return Ok(self.live.answered(key, resolution));
        }
        let ask = async {
            reading!(self.access, tx => {
                expand(recipient, &Live::asked(tx, &asked), asked.limits).await
            })
        };
        self.asked(key, copied, ask.await)
    }

    async fn resolve_postmaster(&self) -> Result<Arc<Resolution>, StoreError> {
        let mut asked = match self.live.resolve_postmaster() {
            Ok(known) => return Ok(known),
            Err(asked) => asked,
        };
        let key = asked.take_key();
        let Some(postmaster) = asked.postmaster.clone() else {
            return Ok(self.live.answered(key, without_postmaster()));
        };
        let asked = Arc::new(asked);
        let copied = self.copied(None, &asked).await;
        if let Some(Found { resolution, needs_counts: false }) = copied {
            return Ok(self.live.answered(key, resolution));
        }
        let ask = async {
            reading!(self.access, tx => {
                expand_all(slice::from_ref(&*postmaster), &Live::asked(tx, &asked), asked.limits).await
            })
        };
        self.asked(key, copied, ask.await)
    }

    fn version(&self) -> watch::Receiver<i64> {
        self.live.version()
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        reading!(self.access, tx => domains::all(tx).await)
    }

    async fn owned(&self, domains: &[Domain]) -> Result<Vec<OwnedDomain>, StoreError> {
        reading!(self.access, tx => {
            let mut found = Vec::with_capacity(domains.len());
            for domain in domains {
                found.extend(domains::owned(tx, domain).await?);
            }
            Ok(found)
        })
    }

    async fn add_domain(&self, domain: &Domain) -> Result<bool, ChangeError> {
        if domain.literal().is_some() {
            return Err(ChangeError::Literal(domain.clone()));
        }
        changing!(self, tx, _version => Ok(domains::insert(tx, domain, clock::millis()).await?))
    }

    async fn remove_domain(
        &self,
        domain: &Domain,
        with_aliases: bool,
    ) -> Result<usize, ChangeError> {
        changing!(self, tx, _version => remove_domain(tx, domain, with_aliases).await)
    }

    async fn alias(&self, address: &AliasAddress) -> Result<Option<Alias>, StoreError> {
        reading!(self.access, tx => aliases::get_one(tx, Table::Stored, &address.key()).await)
    }

    async fn aliases(
        &self,
        domain: Option<&Domain>,
        after: Option<&crate::alias::Key>,
    ) -> Result<AliasPage, StoreError> {
        reading!(self.access, tx => aliases::page(tx, domain, after).await)
    }

    fn unsafe_aliases(&self) -> Vec<Alias> {
        self.live.unsafe_aliases()
    }

    async fn add_alias(&self, alias: &Alias) -> Result<(), ChangeError> {
        changing!(self, tx, version => put(tx, &self.live, Some(version), alias, false).await.map(drop))
    }

    async fn replace_alias(&self, alias: &Alias) -> Result<Option<Alias>, ChangeError> {
        changing!(self, tx, version => put(tx, &self.live, Some(version), alias, true).await)
    }

    async fn remove_alias(&self, address: &AliasAddress) -> Result<Alias, ChangeError> {
        changing!(self, tx, _version => {
            let alias = existing(tx, address).await?;
            aliases::delete(tx, &address.key()).await?;
            Ok(alias)
        })
    }

    async fn set_enabled(
        &self,
        address: &AliasAddress,
        enabled: bool,
    ) -> Result<Alias, ChangeError> {
        changing!(self, tx, version => {
            let alias = existing(tx, address).await?.with_enabled(enabled);
            if enabled {
                refuse_unsafe(&alias)?;
            }
            aliases::set_enabled(tx, &address.key(), enabled).await?;
            let snapshot = after_change(tx, &self.live, Some(version), &alias).await?;
            refuse_cycle(&Live::of(tx, Table::Stored, &snapshot), &alias).await?;
            Ok(alias)
        })
    }

    async fn amend_alias(
        &self,
        address: &AliasAddress,
        amendment: &Amendment,
    ) -> Result<Alias, ChangeError> {
        changing!(self, tx, _version => {
            let alias = amendment.of(existing(tx, address).await?).map_err(ChangeError::from)?;
            aliases::replace(tx, &alias).await?;
            Ok(alias)
        })
    }

    async fn leads_to(
        &self,
        alias: &Alias,
        postmaster: Option<&Mailbox>,
    ) -> Result<Option<Expansion>, StoreError> {
        reading!(self.access, tx => leads_to(tx, alias, postmaster).await)
    }

    async fn apply(&self, wanted: Vec<Alias>, extent: Apply) -> Result<Vec<Change>, ChangeError> {
        let changes = apply::apply(self, wanted, extent).await?;
        self.look_again().await;
        Ok(changes)
    }
}

impl Postgres {
    /// What a look-up comes to by the copy of the directory, where that is as new as what is in force.
    async fn copied(&self, recipient: Option<&Mailbox>, asked: &Arc<Asked>) -> Option<Found> {
        let Some(mirror) = &self.mirror else { return None };
        if !mirror.is_of(asked.snapshot.version) {
            return None;
        }
        match mirror.look_up(recipient, asked).await {
            Ok(found) => Some(found),
            Err(error) => {
                tracing::debug!(%error, "the copy of the directory cannot be read");
                None
            }
        }
    }

    /// What the database says of a look-up; what is `copied` while it is away, which is not remembered.
    fn asked(
        &self,
        key: AskedKey,
        copied: Option<Found>,
        said: Result<Resolution, StoreError>,
    ) -> Result<Arc<Resolution>, StoreError> {
        match (said, copied) {
            (Err(StoreError::Unreachable { .. } | StoreError::Busy { .. }), Some(found)) => {
                Ok(Arc::new(found.resolution))
            }
            (said, _) => Ok(self.live.answered(key, said?)),
        }
    }

    /// Does at once what the watching task would do soon.
    pub(super) async fn look_again(&self) {
        if let Err(error) = self.try_look_again().await {
            tracing::warn!(%error, "the change is kept, and not in force yet");
        }
    }

    async fn try_look_again(&self) -> Result<(), StoreError> {
        let before = self.live.snapshot();
        let now = reading!(self.access, tx => {
            let now = snapshot::load(tx, Some(&before)).await?;
            if let (Some(mirror), Some(now)) = (&self.mirror, &now) {
                copy::follow(tx, mirror, now).await?;
            }
            Ok(now)
        });
        if let Some(now) = now? {
            self.live.replace(now);
        }
        Ok(())
    }
}

async fn remove_domain(
    tx: &Transaction<'_>,
    domain: &Domain,
    with_aliases: bool,
) -> Result<usize, Failure> {
    let aliases = aliases::count_in(tx, domain).await?;
    let accounts = accounts::of_domain(tx, domain).await?;
    if (aliases > 0 || !accounts.is_empty()) && !with_aliases {
        let domain = domain.clone();
        return Err(ChangeError::HasAliases { domain, aliases, accounts }.into());
    }
    if !domains::delete(tx, domain).await? {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    accounts::take_domain(tx, domain).await?;
    digests::forget(tx, domain).await?;
    Ok(aliases::delete_in(tx, domain).await?)
}

/// Domains and regexes as they are with `alias` as it is now, by a change that found the directory at `version`, if it changed
/// nothing else.
async fn after_change(
    tx: &Transaction<'_>,
    live: &InForce,
    version: Option<i64>,
    alias: &Alias,
) -> Result<Snapshot> {
    let mut snapshot = snapshot::before_change(tx, live, version).await?;
    if matches!(alias.address(), AliasAddress::Regex(_)) {
        snapshot.patterns = Arc::new(aliases::patterns(tx, Table::Stored).await?);
    }
    Ok(snapshot)
}

/// Gives the alias in whose place it is put. `version`: of the directory as the change found it, if it changed nothing else.
pub(super) async fn put(
    tx: &Transaction<'_>,
    live: &InForce,
    version: Option<i64>,
    alias: &Alias,
    replaces: bool,
) -> Result<Option<Alias>, Failure> {
    refuse_srs_shaped(alias)?;
    refuse_unsafe(alias)?;
    if let Some(domain) = alias.address().domain()
        && !domains::contains(tx, domain).await?
    {
        return Err(ChangeError::UnknownDomain(domain.clone()).into());
    }
    let existing = aliases::get_one(tx, Table::Stored, &alias.address().key()).await?;
    match &existing {
        None => {
            aliases::insert(tx, alias).await?;
            events::add_made(tx, &[alias]).await?;
        }
        Some(_) if replaces => aliases::replace(tx, alias).await?,
        Some(existing) => {
            return Err(ChangeError::Exists { existing: Box::new(existing.clone()) }.into());
        }
    }
    let snapshot = after_change(tx, live, version, alias).await?;
    if snapshot.patterns.len() > MAX_PATTERNS {
        return Err(ChangeError::TooManyPatterns.into());
    }
    refuse_cycle(&Live::of(tx, Table::Stored, &snapshot), alias).await?;
    Ok(existing)
}

async fn leads_to(
    tx: &Transaction<'_>,
    alias: &Alias,
    postmaster: Option<&Mailbox>,
) -> Result<Option<Expansion>> {
    // An exact alias is asked as a recipient is; role addresses have rules of their own.
    let is_exact = matches!(alias.address(), AliasAddress::Exact(_));
    let known = match alias.action() {
        _ if is_exact => None,
        _ if !alias.enabled() => Some(Reply::no_such_alias()),
        _ if alias.rules().expires.is_some_and(|expires| expires <= clock::now()) => {
            Some(Reply::no_such_alias())
        }
        _ if is_used_up(tx, alias).await? => Some(Reply::no_such_alias()),
        _ if alias.fault().is_some() => Some(Reply::alias_unsafe()),
        Action::Reject(text) => Some(Reply::alias_rejects(text)),
        Action::Defer(text) => Some(Reply::alias_defers(text)),
        Action::Discard => return Ok(Some(Expansion::Discard)),
        Action::Forward(_) => None,
    };
    let starts = starts(alias);
    if known.is_some() || starts.is_empty() {
        return Ok(known.map(Expansion::Refuse));
    }
    let snapshot = snapshot::within(tx, Table::Stored).await?;
    let live = Live { postmaster, now: clock::now(), ..Live::of(tx, Table::Stored, &snapshot) };
    let found = expand_all(&starts, &live, ExpansionLimits::default()).await?;
    Ok(Some(found.expansion))
}

async fn is_used_up(tx: &Transaction<'_>, alias: &Alias) -> Result<bool, Error> {
    let Some(most) = alias.rules().max_messages else { return Ok(false) };
    Ok(alias_use::taken(tx, &alias.address().key()).await? >= most)
}

pub(super) async fn existing(
    tx: &Transaction<'_>,
    address: &AliasAddress,
) -> Result<Alias, Failure> {
    aliases::get_one(tx, Table::Stored, &address.key())
        .await?
        .ok_or_else(|| ChangeError::NoSuchAlias(address.to_string()).into())
}
