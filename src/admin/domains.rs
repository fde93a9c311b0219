//! The hosted domains.

use super::{Error, Store};
use crate::{
    address::Domain,
    alias::{AutoCreate, Digest, DomainSettings, SettingsChange, template_lookalike},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A domain whose mail is ours to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Domain)]
pub struct HostedDomain {
    /// Its name, in A-labels.
    #[schema(example = "example.org")]
    pub domain: String,
    /// Which addresses become aliases by their first mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub auto_create: Option<AutoCreateRecord>,
    /// How often owners hear of its aliases, where those say nothing of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Digest>, nullable = false)]
    pub digest: Option<String>,
}

/// Which addresses become aliases by their first mail, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AutoCreate)]
pub struct AutoCreateRecord {
    /// A regex that matches the whole of what stands before the @.
    #[schema(example = "shop-.+", min_length = 1, max_length = 1000)]
    pub pattern: String,
    /// Where the aliases lead.
    #[schema(min_items = 1, max_items = 100, example = json!(["me@mailbox.example"]))]
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
