//! What both dialects do with aliases.

use super::Asked;
use crate::{
    address::{Domain, LocalPart, Mailbox},
    admin::{self, Error, Store},
    alias::{Alias, AliasAddress, AliasError, Amendment, Counters, Filter, Rules},
    clock,
    naming::{Site, is_reserved, new_name},
    password_manager::{Fault, Told},
    store::{ChangeError, FindError},
    token::{NameFormat, Scope, Token},
    web::problem::Problem,
};

/// Names that are made up until one is free: with 37 bits of chance, the second is free.
const TRIES: usize = 8;
/// Aliases that are asked for at once.
const AT_ONCE: usize = 200;

/// The alias that is wanted.
pub(super) struct Wanted {
    pub(super) domain: Domain,
    /// `None` for a name that is made up.
    pub(super) chosen: Option<LocalPart>,
    /// `None` as the token says.
    pub(super) format: Option<NameFormat>,
    pub(super) site: Option<Site>,
    pub(super) note: Option<String>,
}

/// Makes the alias, which leads where the token says, and counts it among the changes of the token.
pub(super) async fn make(asked: &Asked<'_>, wanted: Wanted) -> Result<Told, Fault> {
    let (store, token) = (&asked.site.store, &asked.caller.token);
    let Wanted { domain, chosen, format, site, note } = wanted;
    let domain = match &token.domain {
        Some(own) if *own != domain => {
            return Err(Fault::of_field(
                "domain",
                format!("This token makes aliases at {own} only."),
            ));
        }
        // As it is written there.
        Some(own) => own.clone(),
        None => domain,
    };
    if token.destinations.is_empty() {
        return Err(Fault::new(
            422,
            "This token has no mailbox to lead aliases to: onward token add --to makes one that has.",
        ));
    }
    let claim = asked.caller.claim().await.map_err(Problem::from)?;
    let format = format.unwrap_or(token.format);
    for _ in 0..TRIES {
        let local = match &chosen {
            Some(local) => local.clone(),
            None => made_up(format, site.as_ref())?,
        };
        let alias = alias(token, local, domain.clone(), note.clone())?;
        match admin::aliases::add(store, &alias).await {
            Ok(()) => {
                claim.keep("alias made", alias.address());
                return told_of(store, alias).await;
            }
            Err(Error::Change(ChangeError::Exists { .. })) if chosen.is_none() => {}
            Err(error) => return Err(refused(&domain, error)),
        }
    }
    Err(Fault::new(503, "No free name was found; try again."))
}

fn made_up(format: NameFormat, site: Option<&Site>) -> Result<LocalPart, Fault> {
    let random = *clock::secret().map_err(|error| {
        tracing::error!(%error, "no name for an alias: the system gives no random octets");
        Problem::failed()
    })?;
    let name = new_name(format, site, random);
    LocalPart::parse(&name)
        .ok()
        .filter(|_| !is_reserved(&name))
        .ok_or_else(|| Problem::failed().into())
}

fn alias(
    token: &Token,
    local: LocalPart,
    domain: Domain,
    note: Option<String>,
) -> Result<Alias, Fault> {
    let long = |_| Fault::of_field("local_part", "The name is too long for the domain.");
    let address = AliasAddress::Exact(Mailbox::new(local, domain).map_err(long)?);
    let destinations = token.destinations.iter().map(ToString::to_string);
    let alias = Alias::forward(address, destinations);
    let rules = Rules { note, ..Rules::default() };
    let alias = alias.and_then(|alias| alias.with_rules(rules));
    alias.map_err(|error| {
        tracing::error!(%error, token = %token.id, "no alias can be made for a token");
        Problem::failed().into()
    })
}

/// Nothing of where aliases lead is told.
fn refused(domain: &Domain, error: Error) -> Fault {
    let error = match error {
        Error::Change(error) => error,
        Error::Alias(error @ (AliasError::Unseen { .. } | AliasError::NoPattern { .. })) => {
            return Fault::of_field("local_part", format!("The name cannot be taken: {error}."));
        }
        error => return Problem::from(error).into(),
    };
    match error {
        ChangeError::Exists { existing } => {
            let message = format!("The alias {} exists already.", existing.address());
            Fault { status: 409, ..Fault::of_field("local_part", message) }
        }
        ChangeError::UnknownDomain(_) => {
            Fault::of_field("domain", format!("{domain} is not hosted here."))
        }
        ChangeError::Cycle(_) | ChangeError::TooDeep(_) => {
            Fault::new(422, "The alias would lead back to itself by where the token leads.")
        }
        other => Problem::from(other).into(),
    }
}

/// The alias of a number, if it is one that whoever asks may see and change.
pub(super) async fn of_number(asked: &Asked<'_>, number: u32) -> Result<Alias, Fault> {
    may_see(asked)?;
    let none = || Fault::new(404, "There is no such alias.");
    let store = &asked.site.store;
    let address = store.numbered_alias(number).await.map_err(Problem::from)?.ok_or_else(none)?;
    if !address.domain().is_some_and(|domain| asked.caller.token.is_for(domain)) {
        return Err(none());
    }
    store.alias(&address).await.map_err(Problem::from)?.ok_or_else(none)
}

/// Refuses tokens that only make aliases.
fn may_see(asked: &Asked<'_>) -> Result<(), Fault> {
    let token = &asked.caller.token;
    match token.scope {
        Scope::Create => Err(Fault::new(
            403,
            "This token only makes aliases: onward token add --scope manage makes one that sees and changes them.",
        )),
        Scope::Manage | Scope::Admin => Ok(()),
    }
}

/// Switches an alias on or off.
pub(super) async fn set_enabled(
    asked: &Asked<'_>,
    alias: &Alias,
    enabled: bool,
) -> Result<Told, Fault> {
    let store = &asked.site.store;
    let claim = asked.caller.claim().await.map_err(Problem::from)?;
    let alias = admin::aliases::set_enabled(store, alias.address(), enabled).await;
    let alias = alias.map_err(Problem::from)?;
    claim.keep(if enabled { "alias enabled" } else { "alias disabled" }, alias.address());
    told_of(store, alias).await
}

/// Writes something down of an alias.
pub(super) async fn set_note(
    asked: &Asked<'_>,
    alias: &Alias,
    note: Option<String>,
) -> Result<Told, Fault> {
    let store = &asked.site.store;
    let claim = asked.caller.claim().await.map_err(Problem::from)?;
    let amendment = Amendment { note: Some(note), ..Amendment::default() };
    let alias = admin::aliases::amend(store, alias.address(), &amendment).await;
    let alias = alias.map_err(Problem::from)?;
    claim.keep("alias changed", alias.address());
    told_of(store, alias).await
}

/// Removes an alias.
pub(super) async fn remove(asked: &Asked<'_>, alias: &Alias) -> Result<(), Fault> {
    let claim = asked.caller.claim().await.map_err(Problem::from)?;
    let removed = admin::aliases::remove(&asked.site.store, alias.address()).await;
    removed.map_err(Problem::from)?;
    claim.keep("alias removed", alias.address());
    Ok(())
}

/// Up to `most` aliases that whoever asks may see; none for a token that only makes aliases.
pub(super) async fn find(
    asked: &Asked<'_>,
    text: Option<String>,
    enabled: Option<bool>,
    most: usize,
) -> Result<Vec<Told>, Fault> {
    if may_see(asked).is_err() {
        return Ok(Vec::new());
    }
    let store = &asked.site.store;
    let domain = asked.caller.token.domain.clone();
    let filter = Filter { domain, text, enabled, ..Filter::default() };
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < most {
        let limit = AT_ONCE.min(most - found.len());
        let page = store.find_aliases(&filter, after.as_ref(), limit).await;
        let page = page.map_err(|error| match error {
            FindError::Store(error) => Problem::from(error),
            _ => Problem::failed(),
        })?;
        found.extend(page.found);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    tell(store, found).await
}

/// What is told of an alias.
pub(super) async fn told_of(store: &Store, alias: Alias) -> Result<Told, Fault> {
    let counters = store.counters(&alias.address().key()).await.map_err(Problem::from)?;
    let told = tell(store, vec![(alias, counters.unwrap_or_default())]).await?;
    told.into_iter().next().ok_or_else(|| Fault::new(404, "There is no such alias."))
}

/// Aliases of one address have a number; catch-alls and regexes are none that a client could show.
async fn tell(store: &Store, found: Vec<(Alias, Counters)>) -> Result<Vec<Told>, Fault> {
    let found: Vec<_> = found
        .into_iter()
        .filter_map(|(alias, counters)| match alias.address() {
            AliasAddress::Exact(mailbox) => Some((mailbox.clone(), alias, counters)),
            AliasAddress::CatchAll(_) | AliasAddress::Regex(_) => None,
        })
        .collect();
    let keys = found.iter().map(|(_, alias, _)| alias.address().key()).collect();
    let numbers = store.alias_numbers(keys).await.map_err(Problem::from)?;
    let told = found.into_iter().zip(numbers).filter_map(|((address, alias, counters), number)| {
        Some(Told {
            id: number?,
            address,
            is_enabled: alias.enabled(),
            note: alias.rules().note.clone(),
            forwarded: counters.forwarded,
            refused: counters.refused,
            last_use: counters.last_use,
            made: counters.since,
        })
    });
    Ok(told.collect())
}
