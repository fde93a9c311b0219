//! Which addresses lead where.

mod apply;
mod given;
mod import;
mod many;
mod nowhere;
mod record;
mod show;

pub use crate::store::{
    Alteration, Altered, Apply, CameOfOne, Change as Changed, Cursor, Edited, Far, FoundAliases,
    OneChange, Progress, Removed,
};
pub use apply::apply;
pub use given::Foreign;
pub use import::{Change, Imported, Wanted, import};
pub use many::{How, amend_where, replace_destination};
pub(in crate::admin) use nowhere::Asked as AskedDestinations;
pub use nowhere::{Leads, Nowhere, nowhere, nowhere_here, postmaster_nowhere};
pub use record::{DEFAULT_DEFER, DEFAULT_REJECT, Record, RecordError};
pub use show::{RefusedDestination, ShownAlias, show};

use super::{Error, Store};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, AliasAddress, AliasError, Amendment, Counters, Daily, Filter},
    clock,
    store::ChangeError,
};
use serde::Serialize;
use std::io;

/// Aliases found at once.
const PAGE: usize = 1_000;

/// A line of a listing.
#[derive(Debug, Clone, Serialize)]
pub struct Listed<'a> {
    /// The alias.
    #[serde(flatten)]
    pub record: Record,
    /// What came of its mail so far.
    pub counters: &'a Counters,
}

/// Adds an alias; a regex behind the others.
///
/// # Errors
/// When its domain is not hosted, its address or a destination looks like something else than it is (see
/// [`Alias::lookalike`]), the address has an alias, a loop would come of it, or the store fails.
pub async fn add(store: &Store, alias: &Alias) -> Result<(), Error> {
    refuse_lookalike(alias)?;
    Ok(store.add_alias(alias).await?)
}

/// Adds an alias, or puts it in the place of the one of its address, which is given.
///
/// # Errors
/// As [`add`], but that the address may have an alias.
pub async fn replace(store: &Store, alias: &Alias) -> Result<Option<Alias>, Error> {
    refuse_lookalike(alias)?;
    Ok(store.replace_alias(alias).await?)
}

fn refuse_lookalike(alias: &Alias) -> Result<(), AliasError> {
    alias.lookalike().map_or(Ok(()), Err)
}

/// Aliases that an older version took and that are never followed, each with the reason and what to write
/// instead.
pub fn unsafe_aliases(store: &Store) -> Vec<UnsafeAlias> {
    let aliases = store.unsafe_aliases().into_iter();
    let told = aliases.filter_map(|alias| {
        let why = alias.fault()?.to_string();
        Some(UnsafeAlias { alias: alias.to_string(), address: alias.address().to_string(), why })
    });
    told.collect()
}

/// An alias that is kept, but never followed.
#[derive(Debug, Clone, Serialize)]
pub struct UnsafeAlias {
    /// The address, as commands take it.
    pub address: String,
    /// The line of a listing.
    pub alias: String,
    /// What is wrong, and what to write instead.
    pub why: String,
}

/// The alias of an address.
///
/// # Errors
/// When the store fails.
pub async fn get(store: &Store, address: &AliasAddress) -> Result<Option<Alias>, Error> {
    Ok(store.alias(address).await?)
}

/// The alias of one address that answers `recipient`: its own, or the one without its `+tag`.
///
/// # Errors
/// When the store fails.
pub async fn answering(store: &Store, recipient: &Mailbox) -> Result<Option<Alias>, Error> {
    if let Some(alias) = get(store, &AliasAddress::Exact(recipient.clone())).await? {
        return Ok(Some(alias));
    }
    match without_tag(recipient) {
        Some(untagged) => get(store, &AliasAddress::Exact(untagged)).await,
        None => Ok(None),
    }
}

/// The alias that answers each of these recipients, on or off; patterns are tried too.
///
/// # Errors
/// When the store fails.
pub async fn answering_all(
    store: &Store,
    recipients: Vec<Mailbox>,
) -> Result<Vec<Option<Alias>>, Error> {
    Ok(store.answering(recipients).await?)
}

fn without_tag(recipient: &Mailbox) -> Option<Mailbox> {
    let (local, _) = recipient.local().as_str().split_once('+')?;
    Mailbox::parse(&format!("{local}@{}", recipient.domain())).ok()
}

/// Removes an alias and gives what it was.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn remove(store: &Store, address: &AliasAddress) -> Result<Alias, Error> {
    Ok(store.remove_alias(address).await?)
}

/// Switches an alias on or off.
///
/// # Errors
/// When there is none, a loop would come of it, or the store fails.
pub async fn set_enabled(
    store: &Store,
    address: &AliasAddress,
    enabled: bool,
) -> Result<Alias, Error> {
    Ok(store.set_enabled(address, enabled).await?)
}

/// Changes what an alias says of itself, and gives it as it is now.
///
/// # Errors
/// When there is none, it cannot have what is asked for, or the store fails.
pub async fn amend(
    store: &Store,
    address: &AliasAddress,
    amendment: &Amendment,
) -> Result<Alias, Error> {
    Ok(store.amend_alias(address, amendment).await?)
}

/// A page of the aliases that `filter` fits: see [`find_aliases`](crate::store::AliasUse::find_aliases).
///
/// # Errors
/// When `after` is of another search, or the store fails.
pub async fn page(
    store: &Store,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<FoundAliases, Error> {
    Ok(store.find_aliases(filter, after, limit).await?)
}

/// What came of the mail to an alias; nothing where there is none.
///
/// # Errors
/// When the store fails.
pub async fn counters(store: &Store, address: &AliasAddress) -> Result<Counters, Error> {
    Ok(store.counters(&address.key()).await?.unwrap_or_default())
}

/// Does with an alias what `alteration` says, which is shown it as nobody else changes it any more, and gives it as it is
/// afterwards, or as it was when it goes.
///
/// # Errors
/// When there is none, what is to take its place is refused, or the store fails.
pub async fn alter(
    store: &Store,
    address: &AliasAddress,
    alteration: Alteration,
) -> Result<Alias, Error> {
    Ok(store.alter_alias(address, alteration).await?)
}

/// Makes changes of one alias each, one after the other: all of them that can be, or none. Gives what came of each.
///
/// # Errors
/// When the store fails: nothing is changed then.
pub async fn change_each(store: &Store, changes: Vec<OneChange>) -> Result<Vec<CameOfOne>, Error> {
    Ok(store.change_each(changes).await?)
}

/// What came of the mail to these aliases by day, up to today; with the number of today.
///
/// # Errors
/// When the store fails.
pub async fn daily(store: &Store, aliases: &[&Alias]) -> Result<(Vec<Daily>, u64), Error> {
    let today = clock::now().day();
    let keys = aliases.iter().map(|alias| alias.address().key()).collect();
    Ok((store.daily_uses(keys, today).await?, today))
}

/// Gives the aliases of a domain, or all and then the regexes in their order, to `each`.
///
/// # Errors
/// When the domain is not hosted, the store fails, or `each` does.
pub async fn list(
    store: &Store,
    domain: Option<&Domain>,
    mut each: impl FnMut(&Alias) -> io::Result<()>,
) -> Result<(), Error> {
    if let Some(domain) = domain
        && !store.domains().await?.contains(domain)
    {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    for_each(store, domain, |alias| each(&alias).map_err(Error::Output)).await
}

/// Gives the aliases that `filter` fits to `each`, with what came of their mail: in the order of
/// [`find_aliases`](crate::store::AliasUse::find_aliases).
///
/// # Errors
/// When the domain is not hosted, the store fails, or `each` does.
pub async fn find(
    store: &Store,
    filter: &Filter,
    mut each: impl FnMut(&Alias, &Counters) -> io::Result<()>,
) -> Result<(), Error> {
    if let Some(domain) = &filter.domain
        && !store.domains().await?.contains(domain)
    {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    let mut after = None;
    loop {
        let page = store.find_aliases(filter, after.as_ref(), PAGE).await?;
        let mut found = page.found.iter();
        found.try_for_each(|(alias, counters)| each(alias, counters)).map_err(Error::Output)?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Gives the aliases of a domain to `each`, whether the domain is hosted or not.
pub(in crate::admin) async fn for_each(
    store: &Store,
    domain: Option<&Domain>,
    mut each: impl FnMut(Alias) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = store.aliases(domain, after.as_ref()).await?;
        page.aliases.into_iter().try_for_each(&mut each)?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
