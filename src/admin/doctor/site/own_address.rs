//! The addresses of this machine, before there is a configuration.

use super::{dns::Dns, gather::our_addresses};
use crate::{
    address::Domain,
    admin::Error,
    dns::Resolver,
    dnsbl::{Zone, is_public},
};
use std::net::IpAddr;

/// An address of this machine, and what the world says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address.
    pub ip: IpAddr,
    /// Its name (PTR), where that leads back to it.
    pub name: Option<Domain>,
    /// Lists that have it.
    pub listed: Vec<String>,
}

/// The addresses by which this machine goes out, as far as the world knows them, or those of `given`; their names where
/// `asks` says so, and which of `zones` have them.
///
/// # Errors
/// When the system has no resolver.
pub async fn own_addresses(
    given: &[IpAddr],
    asks: bool,
    zones: &[Zone],
) -> Result<Vec<OwnAddress>, Error> {
    let asked = super::Asked { addresses: given.to_vec(), ..<_>::default() };
    let mut own: Vec<OwnAddress> = our_addresses(&asked, &[])
        .into_iter()
        .map(|ip| OwnAddress { ip, name: None, listed: Vec::new() })
        .collect();
    if !asks || own.is_empty() {
        return Ok(own);
    }
    let resolver = Resolver::new(&[]).map_err(Error::refused)?;
    let mut dns = Dns::new(&resolver);
    for OwnAddress { ip, name, listed } in &mut own {
        *name = dns.name_of(*ip).await;
        for zone in zones.iter().filter(|_| is_public(*ip)) {
            if dns.is_listed(*ip, zone).await {
                listed.push(zone.to_string());
            }
        }
    }
    Ok(own)
}
