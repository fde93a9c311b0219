//! What the evaluation asks DNS.

use super::record::Published;
use crate::dns::{LookupError, Resolver};
use std::{future::Future, net::IpAddr, sync::Arc};

/// Answers about names that DNS can carry; see [`is_name`].
pub(super) trait Dns: Sync {
    /// What the TXT records of `name` say.
    fn published(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Arc<Published>, LookupError>> + Send;

    /// The addresses of `name` of the family of `like`.
    fn addresses(
        &self,
        name: &str,
        like: IpAddr,
    ) -> impl Future<Output = Result<Vec<IpAddr>, LookupError>> + Send;

    /// The hosts that the MX records of `name` give.
    fn mx(&self, name: &str) -> impl Future<Output = Result<Vec<String>, LookupError>> + Send;

    /// The names of `ip`.
    fn ptr(&self, ip: IpAddr) -> impl Future<Output = Result<Vec<String>, LookupError>> + Send;
}

impl Dns for Resolver {
    async fn published(&self, name: &str) -> Result<Arc<Published>, LookupError> {
        self.texts_as(name, Published::of).await
    }

    async fn addresses(&self, name: &str, like: IpAddr) -> Result<Vec<IpAddr>, LookupError> {
        self.addresses_like(name, like).await
    }

    async fn mx(&self, name: &str) -> Result<Vec<String>, LookupError> {
        self.exchanges(name).await
    }

    async fn ptr(&self, ip: IpAddr) -> Result<Vec<String>, LookupError> {
        self.names_of(ip).await
    }
}

/// True for a name of at most 253 octets in labels of 1 to 63 (RFC 1035 §2.3.4), a final dot aside.
pub(super) fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.is_ascii();
    name.len() <= 253 && name.split('.').all(is_label)
}
