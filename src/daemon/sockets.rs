//! The sockets of one configuration after the other: what stays is never closed in between.

use super::StartError;
use crate::{
    config::{Config, ListenAddress, SocketAccess},
    inbound::Bound,
};
use std::{collections::HashMap, sync::Arc};

/// Sockets that were bound for us, by name: those of systemd. A name may stand for several.
pub type Inherited = HashMap<String, Vec<Arc<Bound>>>;

/// Bound sockets, by the address that the configuration gives them.
#[derive(Debug, Clone, Default)]
pub(super) struct Sockets {
    bound: HashMap<ListenAddress, Vec<Arc<Bound>>>,
    inherited: Inherited,
}

impl Sockets {
    pub(super) fn new(inherited: Inherited) -> Self {
        Self { bound: HashMap::new(), inherited }
    }

    /// Those that `config` names: the ones that are bound already, and new ones. `self` keeps what it has.
    pub(super) async fn bind(&self, config: &Config) -> Result<Self, StartError> {
        let failed = |address: &ListenAddress| {
            let address = address.clone();
            move |error| StartError::Listen { address, error }
        };
        let mut next = Self::new(self.inherited.clone());
        let listen = config.listen.iter().map(|listen| (&listen.address, listen.access));
        let acme = config.tls.acme.iter().map(|acme| (&acme.http, SocketAccess::default()));
        let all: Vec<_> = listen.chain(acme).collect();
        for (address, access) in &all {
            let address = *address;
            let is_any = matches!(address, ListenAddress::Tcp { port: 0, .. });
            let bound = match (self.bound.get(address), address) {
                (Some(bound), _) if !is_any => bound.clone(),
                (_, ListenAddress::Systemd(name)) if self.inherited.contains_key(name) => {
                    self.inherited.get(name).cloned().unwrap_or_default()
                }
                _ => {
                    vec![Bound::bind(address, *access).await.map_err(failed(address))?]
                }
            };
            next.bound.entry(address.clone()).or_default().extend(bound);
        }
        // Last: what fails above leaves all as it was.
        for (address, access) in all {
            let mut bound = next.bound.get(address).into_iter().flatten();
            bound.try_for_each(|bound| bound.set_access(access)).map_err(failed(address))?;
        }
        Ok(next)
    }

    /// The names of sockets that systemd has bound and no listener is on.
    pub(super) fn unnamed(&self) -> Vec<String> {
        let is_named = |name: &str| self.bound.contains_key(&ListenAddress::Systemd(name.into()));
        let mut names: Vec<String> =
            self.inherited.keys().filter(|name| !is_named(name)).cloned().collect();
        names.sort();
        names
    }

    /// Those of an address; each is taken once where the system chooses the port.
    pub(super) fn take(&mut self, address: &ListenAddress) -> Vec<Arc<Bound>> {
        let Some(bound) = self.bound.get_mut(address) else { return Vec::new() };
        match address {
            ListenAddress::Tcp { port: 0, .. } => bound.pop().into_iter().collect(),
            _ => bound.clone(),
        }
    }
}
