//! The hosted domains.

use super::{Directory, Error};
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
pub fn list(directory: &Directory) -> Result<Vec<HostedDomain>, Error> {
    let domains = directory.domains()?.into_iter();
    Ok(domains.map(|domain| HostedDomain { domain: domain.to_string() }).collect())
}

/// Takes mail for a domain from now on; false when it was hosted before.
///
/// # Errors
/// When the domain is an address literal, or the store fails.
pub fn add(directory: &mut Directory, domain: &Domain) -> Result<bool, Error> {
    Ok(directory.add_domain(domain)?)
}

/// Takes no more mail for a domain; gives the number of aliases that went with it.
///
/// # Errors
/// When the domain is not hosted, it has aliases and `with_aliases` is false, or the store fails.
pub fn remove(
    directory: &mut Directory,
    domain: &Domain,
    with_aliases: bool,
) -> Result<usize, Error> {
    Ok(directory.remove_domain(domain, with_aliases)?)
}
