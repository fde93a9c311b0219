//! Domains and aliases: look-ups over the cache and a connection, and changes.

use super::{
    Live, Sqlite, apply,
    error::Failure,
    file,
    rows::{
        accounts, alias_use,
        aliases::{self, Table},
        digests, domains, events,
    },
    rules::{refuse_cycle, refuse_srs_shaped, refuse_unsafe, starts},
    snapshot::{self, at_once},
};
use crate::{
    address::{Domain, Mailbox},
    alias::{
        Action, Alias, AliasAddress, Amendment, Expansion, ExpansionLimits, Key, MAX_PATTERNS,
        OwnedDomain, Resolution, expand, expand_all,
    },
    clock,
    reply::Reply,
    store::{
        AliasPage, Apply, Change, ChangeError, Directory, StoreError,
        in_force::{Asked, without_postmaster},
    },
};
use async_trait::async_trait;
use rusqlite::Connection;
use std::{slice, sync::Arc};
use tokio::{sync::watch, task::spawn_blocking};

#[async_trait]
impl Directory for Sqlite {
    fn is_hosted(&self, domain: &Domain) -> bool {
        self.live.is_hosted(domain)
    }

    fn known(&self, recipient: &Mailbox) -> Option<Arc<Resolution>> {
        self.live.resolve(recipient).ok()
    }

    async fn resolve(&self, recipient: &Mailbox) -> Result<Arc<Resolution>, StoreError> {
        match self.live.resolve(recipient) {
            Ok(known) => Ok(known),
            Err(asked) => {
                let recipient = recipient.clone();
                let find = move |live: &Live<'_>, limits: ExpansionLimits| {
                    at_once(expand(&recipient, live, limits))
                };
                self.look_up(asked, find).await
            }
        }
    }

    async fn resolve_postmaster(&self) -> Result<Arc<Resolution>, StoreError> {
        match self.live.resolve_postmaster() {
            Ok(known) => Ok(known),
            Err(asked) => {
                let find = |live: &Live<'_>, limits: ExpansionLimits| match live.postmaster {
                    Some(postmaster) => {
                        at_once(expand_all(slice::from_ref(postmaster), live, limits))
                    }
                    None => Ok(without_postmaster()),
                };
                self.look_up(asked, find).await
            }
        }
    }

    fn version(&self) -> watch::Receiver<i64> {
        self.live.version()
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.readers.run(domains::all).await
    }

    async fn owned(&self, domains: &[Domain]) -> Result<Vec<OwnedDomain>, StoreError> {
        let domains = domains.to_vec();
        let owned = move |connection: &Connection| {
            let found = domains.iter().map(|domain| domains::owned(connection, domain));
            found.filter_map(Result::transpose).collect()
        };
        self.readers.run(owned).await
    }

    async fn add_domain(&self, domain: &Domain) -> Result<bool, ChangeError> {
        let domain = domain.clone();
        self.change(move |connection| add_domain(connection, &domain)).await
    }

    async fn remove_domain(
        &self,
        domain: &Domain,
        with_aliases: bool,
    ) -> Result<usize, ChangeError> {
        let domain = domain.clone();
        self.change(move |connection| remove_domain(connection, &domain, with_aliases)).await
    }

    async fn alias(&self, address: &AliasAddress) -> Result<Option<Alias>, StoreError> {
        let key = address.key();
        self.readers.run(move |connection| aliases::get(connection, Table::Stored, &key)).await
    }

    async fn aliases(
        &self,
        domain: Option<&Domain>,
        after: Option<&Key>,
    ) -> Result<AliasPage, StoreError> {
        let (domain, after) = (domain.cloned(), after.cloned());
        let page = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            aliases::page(&transaction, domain.as_ref(), after.as_ref())
        };
        self.readers.run(page).await
    }

    fn unsafe_aliases(&self) -> Vec<Alias> {
        self.live.unsafe_aliases()
    }

    async fn add_alias(&self, alias: &Alias) -> Result<(), ChangeError> {
        let alias = alias.clone();
        self.change(move |connection| put(connection, &alias, false)).await.map(drop)
    }

    async fn replace_alias(&self, alias: &Alias) -> Result<Option<Alias>, ChangeError> {
        let alias = alias.clone();
        self.change(move |connection| put(connection, &alias, true)).await
    }

    async fn remove_alias(&self, address: &AliasAddress) -> Result<Alias, ChangeError> {
        let address = address.clone();
        self.change(move |connection| remove(connection, &address)).await
    }

    async fn set_enabled(
        &self,
        address: &AliasAddress,
        enabled: bool,
    ) -> Result<Alias, ChangeError> {
        let address = address.clone();
        self.change(move |connection| set_enabled(connection, &address, enabled)).await
    }

    async fn amend_alias(
        &self,
        address: &AliasAddress,
        amendment: &Amendment,
    ) -> Result<Alias, ChangeError> {
        let (address, amendment) = (address.clone(), amendment.clone());
        self.change(move |connection| amend(connection, &address, &amendment)).await
    }

    async fn leads_to(
        &self,
        alias: &Alias,
        postmaster: Option<&Mailbox>,
    ) -> Result<Option<Expansion>, StoreError> {
        let (alias, postmaster) = (alias.clone(), postmaster.cloned());
        self.readers.run(move |connection| leads_to(connection, &alias, postmaster.as_ref())).await
    }

    async fn apply(&self, wanted: Vec<Alias>, extent: Apply) -> Result<Vec<Change>, ChangeError> {
        self.opened.check()?;
        let (state_dir, path) = (self.state_dir.clone(), file::path(&self.state_dir));
        // It may take long: on a connection of its own, other writes get their turns.
        let applied = spawn_blocking(move || {
            let (connection, _) = file::open_writer(&state_dir, true)?;
            apply::apply(connection, &path, wanted, extent)
        });
        let failed = |error| StoreError::failed(&file::path(&self.state_dir), error);
        let changes = applied.await.map_err(failed)??;
        self.look_again().await;
        Ok(changes)
    }
}

impl Sqlite {
    async fn look_up<F>(&self, mut asked: Asked, find: F) -> Result<Arc<Resolution>, StoreError>
    where
        F: FnOnce(&Live<'_>, ExpansionLimits) -> rusqlite::Result<Resolution> + Send + 'static,
    {
        let key = asked.take_key();
        let look = move |connection: &Connection| {
            let live = Live {
                connection,
                table: Table::Stored,
                snapshot: &asked.snapshot,
                postmaster: asked.postmaster.as_deref(),
                keep_tag: asked.keep_tag,
                now: asked.now,
                reads_settings: false,
            };
            find(&live, asked.limits)
        };
        Ok(self.live.answered(key, self.readers.run(look).await?))
    }

    /// Changes domains or aliases; look-ups know of it when this answers.
    pub(super) async fn change<T, F>(&self, work: F) -> Result<T, ChangeError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let done = self.writer.change(work).await?;
        self.look_again().await;
        Ok(done)
    }

    /// Does at once what the watching thread would do soon.
    pub(super) async fn look_again(&self) {
        let before = self.live.snapshot();
        let load = move |connection: &Connection| snapshot::load(connection, Some(&before));
        match self.readers.run(load).await {
            Ok(snapshot) => self.live.replace(snapshot),
            Err(error) => tracing::warn!(%error, "the change is kept, and not in force yet"),
        }
    }
}

fn add_domain(connection: &Connection, domain: &Domain) -> Result<bool, Failure> {
    if domain.literal().is_some() {
        return Err(ChangeError::Literal(domain.clone()).into());
    }
    Ok(domains::insert(connection, domain, clock::millis())?)
}

fn remove_domain(
    connection: &Connection,
    domain: &Domain,
    with_aliases: bool,
) -> Result<usize, Failure> {
    let aliases = aliases::count_in(connection, domain)?;
    let accounts = accounts::of_domain(connection, domain)?;
    if (aliases > 0 || !accounts.is_empty()) && !with_aliases {
        let domain = domain.clone();
        return Err(ChangeError::HasAliases { domain, aliases, accounts }.into());
    }
    if !domains::delete(connection, domain)? {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    accounts::take_domain(connection, domain)?;
    digests::forget(connection, domain)?;
    Ok(aliases::delete_in(connection, domain)?)
}

/// Gives the alias in whose place it is put.
pub(super) fn put(
    connection: &Connection,
    alias: &Alias,
    replaces: bool,
) -> Result<Option<Alias>, Failure> {
    refuse_srs_shaped(alias)?;
    refuse_unsafe(alias)?;
    if let Some(domain) = alias.address().domain()
        && !domains::contains(connection, domain)?
    {
        return Err(ChangeError::UnknownDomain(domain.clone()).into());
    }
    let key = alias.address().key();
    let existing = aliases::get(connection, Table::Stored, &key)?;
    match &existing {
        None => {
            aliases::insert(connection, Table::Stored, alias)?;
            events::add_made(connection, std::iter::once(alias))?;
        }
        Some(_) if replaces => aliases::replace(connection, alias)?,
        Some(existing) => {
            return Err(ChangeError::Exists { existing: Box::new(existing.clone()) }.into());
        }
    }
    let snapshot = snapshot::within(connection, Table::Stored)?;
    if snapshot.patterns.len() > MAX_PATTERNS {
        return Err(ChangeError::TooManyPatterns.into());
    }
    refuse_cycle(&Live::of(connection, Table::Stored, &snapshot), alias)?;
    Ok(existing)
}

fn remove(connection: &Connection, address: &AliasAddress) -> Result<Alias, Failure> {
    let alias = existing(connection, address)?;
    aliases::delete(connection, &address.key())?;
    Ok(alias)
}

fn set_enabled(
    connection: &Connection,
    address: &AliasAddress,
    enabled: bool,
) -> Result<Alias, Failure> {
    let alias = existing(connection, address)?.with_enabled(enabled);
    if enabled {
        refuse_unsafe(&alias)?;
    }
    aliases::set_enabled(connection, &address.key(), enabled)?;
    let snapshot = snapshot::within(connection, Table::Stored)?;
    refuse_cycle(&Live::of(connection, Table::Stored, &snapshot), &alias)?;
    Ok(alias)
}

fn amend(
    connection: &Connection,
    address: &AliasAddress,
    amendment: &Amendment,
) -> Result<Alias, Failure> {
    let alias = amendment.of(existing(connection, address)?).map_err(ChangeError::from)?;
    aliases::replace(connection, &alias)?;
    Ok(alias)
}

fn leads_to(
    connection: &Connection,
    alias: &Alias,
    postmaster: Option<&Mailbox>,
) -> rusqlite::Result<Option<Expansion>> {
    // An exact alias is asked as a recipient is; role addresses have rules of their own.
    let is_exact = matches!(alias.address(), AliasAddress::Exact(_));
    let known = match alias.action() {
        _ if is_exact => None,
        _ if !alias.enabled() => Some(Reply::no_such_alias()),
        _ if alias.rules().expires.is_some_and(|expires| expires <= clock::now()) => {
            Some(Reply::no_such_alias())
        }
        _ if is_used_up(connection, alias)? => Some(Reply::no_such_alias()),
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
    let snapshot = snapshot::load(connection, None)?;
    let live =
        Live { postmaster, now: clock::now(), ..Live::of(connection, Table::Stored, &snapshot) };
    let found = at_once(expand_all(&starts, &live, ExpansionLimits::default()))?;
    Ok(Some(found.expansion))
}

fn is_used_up(connection: &Connection, alias: &Alias) -> rusqlite::Result<bool> {
    let Some(most) = alias.rules().max_messages else { return Ok(false) };
    Ok(alias_use::taken(connection, &alias.address().key())? >= most)
}

pub(super) fn existing(connection: &Connection, address: &AliasAddress) -> Result<Alias, Failure> {
    aliases::get(connection, Table::Stored, &address.key())?
        .ok_or_else(|| ChangeError::NoSuchAlias(address.to_string()).into())
}
