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
mod replies;
mod round_trip;
mod sending;
mod spf;
#[cfg(test)]
mod tests;
mod tls_rpt;

pub use domain::DomainReport;
pub use gather::Asked;

use super::finding::Finding;
use crate::{
    address::Domain,
    admin::{Error, Store},
    config::Config,
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
