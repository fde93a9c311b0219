//! What is wrong around Onward: DNS, this machine, the way out and back.

mod dkim;
mod dmarc;
mod dns;
mod domain;
mod examine;
mod facts;
mod gather;
mod mta_sts;
mod munge;
mod own_address;
mod published;
mod replies;
mod round_trip;
mod sending;
mod spf;
#[cfg(test)]
mod tests;
mod tls_rpt;

pub use domain::DomainReport;
pub use gather::Asked;
pub use own_address::{OwnAddress, own_addresses};
pub use published::{HeldRule, Outgoing, held};

use super::finding::Finding;
use crate::{
    address::Domain,
    admin::{Error, Store, keystore::Keys},
    auth::dkim::KeyState,
    config::Config,
    dns::Resolver,
};

/// Gathers the facts, and tries a bounce where that is asked for.
///
/// # Errors
/// When the store or the keys cannot be read.
pub(super) async fn look(
    config: &Config,
    store: &Store,
    asked: &Asked,
) -> Result<Vec<Finding>, Error> {
    let facts = gather::gather(config, store, asked).await?;
    let mut findings = examine::examine(config, &facts);
    if let Some(port) = asked.round_trip {
        findings.extend(round_trip::round_trip(config, port).await);
        findings.sort_by_key(|finding| finding.severity);
    }
    Ok(findings)
}

/// Gathers what DNS says of one domain.
///
/// # Errors
/// When the store or the keys cannot be read.
pub(super) async fn look_at_domain(
    config: &Config,
    store: &Store,
    domain: &Domain,
) -> Result<DomainReport, Error> {
    let facts = gather::gather_domain(config, store, domain).await?;
    Ok(domain::examine(config, &facts, domain))
}

/// A DKIM key that signs, and what DNS has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsKey {
    /// Whose key it is.
    pub domain: String,
    /// Which of them.
    pub selector: String,
    /// Where its record belongs.
    pub name: String,
    /// Whether it is there; `None` where DNS gives no answer.
    pub is_published: Option<bool>,
}

/// All keys that sign, as the node of this machine has them and as receivers find them.
///
/// # Errors
/// When a key cannot be read.
pub async fn signing_keys(config: &Config, resolver: &Resolver) -> Result<Vec<DnsKey>, Error> {
    let mut dns = dns::Dns::new(resolver);
    let keys = Keys::of(config);
    let keys = dns::keys(&mut dns, keys.of_node(), |_| true).await?;
    let active = keys.into_iter().filter(|key| key.state == KeyState::Active);
    let told = active.map(|key| DnsKey {
        is_published: (!dns.unanswered.contains(&key.name)).then_some(key.is_published),
        domain: key.domain,
        selector: key.selector,
        name: key.name,
    });
    Ok(told.collect())
}
