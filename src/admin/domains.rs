//! The hosted domains.

use super::{Error, Store};
use crate::address::Domain;
use serde::Serialize;

/// A domain whose mail is ours to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostedDomain {
    /// In A-labels.
    pub domain: String,
}

/// All of them, in alphabetical order.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store) -> Result<Vec<HostedDomain>, Error> {
    let domains = store.domains().await?.into_iter();
    Ok(domains.map(|domain| HostedDomain { domain: domain.to_string() }).collect())
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
