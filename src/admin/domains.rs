//! The hosted domains.

use super::{Error, Store};
use crate::{
    address::Domain,
    alias::{AutoCreate, DomainSettings, SettingsChange, template_lookalike},
};
use serde::Serialize;

/// A domain whose mail is ours to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostedDomain {
    /// In A-labels.
    pub domain: String,
    /// Which addresses become aliases by their first mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_create: Option<AutoCreateRecord>,
    /// How often owners hear of their aliases: `off`, `daily` or `weekly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Which addresses become aliases by their first mail, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AutoCreateRecord {
    /// A regex that matches the whole of what stands before the @.
    pub pattern: String,
    /// Where the aliases lead.
    pub destinations: Vec<String>,
}

impl HostedDomain {
    /// A domain, and what is set for it.
    pub fn new(domain: &Domain, settings: &DomainSettings) -> Self {
        let auto_create = settings.auto_create.as_ref().map(|auto_create| AutoCreateRecord {
            pattern: auto_create.pattern().to_owned(),
            destinations: auto_create.destinations().iter().map(ToString::to_string).collect(),
        });
        let digest = settings.digest.map(|digest| digest.to_string());
        Self { domain: domain.to_string(), auto_create, digest }
    }
}

/// All of them, in alphabetical order.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store) -> Result<Vec<HostedDomain>, Error> {
    let standing = store.standing();
    let domains = store.domains().await?.into_iter();
    Ok(domains.map(|domain| HostedDomain::new(&domain, &standing.settings_of(&domain))).collect())
}

/// What is set for a domain: nothing where nothing is, or the domain is not hosted.
pub fn settings(store: &Store, domain: &Domain) -> DomainSettings {
    store.standing().settings_of(domain)
}

/// Changes what is set for a domain, and gives all of it.
///
/// # Errors
/// When the domain is not hosted, a destination looks like something else than it is, or the store fails.
pub async fn set(
    store: &Store,
    domain: &Domain,
    change: &SettingsChange,
) -> Result<DomainSettings, Error> {
    let made = change.auto_create.as_ref().and_then(Option::as_ref);
    let destinations = made.map(AutoCreate::destinations).unwrap_or_default();
    template_lookalike(destinations).map_or(Ok(()), Err)?;
    Ok(store.set_domain(domain, change).await?)
}

/// Takes mail for a domain from now on; false when it was hosted before.
///
/// # Errors
/// When the domain is an address literal, or the store fails.
pub async fn add(store: &Store, domain: &Domain) -> Result<bool, Error> {
    Ok(store.add_domain(domain).await?)
}

/// Takes no more mail for a domain; gives the number of aliases that went with it.
///
/// # Errors
/// When the domain is not hosted, it has aliases and `with_aliases` is false, or the store fails.
pub async fn remove(store: &Store, domain: &Domain, with_aliases: bool) -> Result<usize, Error> {
    Ok(store.remove_domain(domain, with_aliases).await?)
}
