//! What a provider takes, by the name of a host: what the operator says comes before what is known.

use super::{Provider, is_below};
use crate::{address::Domain, rate::Rate, verdict::organizational};
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// What a provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, to all of its hosts together.
    pub connections: u32,
    /// Messages over one connection.
    pub messages: u32,
    /// Messages in all.
    pub rate: Option<Rate>,
}

/// A provider that the operator speaks of: a `[[provider]]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnProvider {
    /// Its name.
    pub name: String,
    /// Ends of the names of its MX hosts, in lower case: `.mx.example.net`, or a name itself.
    pub suffixes: Vec<String>,
    /// What it takes.
    pub limits: Limits,
}

/// Who takes what for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Providers {
    own: Vec<OwnProvider>,
}

/// Whose a host is, and what that one takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whose {
    /// The name of the provider; of one that nobody knows, the registered domain of the host.
    pub name: Arc<str>,
    /// What it takes.
    pub limits: Limits,
    /// A host that a route names and no table of providers: nothing is concluded from what it says.
    pub is_of_the_operator: bool,
}

impl Whose {
    /// A provider.
    pub fn new(name: &str, limits: Limits) -> Self {
        Self { name: name.into(), limits, is_of_the_operator: false }
    }

    /// The host of a route that is in no table.
    pub fn of_the_operator(name: Arc<str>, limits: Limits) -> Self {
        Self { name, limits, is_of_the_operator: true }
    }

    /// True where messages need not wait for each other, whatever comes.
    pub fn is_unhurried(&self) -> bool {
        self.is_of_the_operator && self.limits.rate.is_none()
    }
}

impl Limits {
    /// Of whoever is not known.
    pub const OTHERS: Self = Self { connections: 10, messages: 100, rate: None };
}

impl Default for Limits {
    fn default() -> Self {
        Self::OTHERS
    }
}

impl Providers {
    /// With what the operator says, of which the first match counts.
    pub fn new(own: Vec<OwnProvider>) -> Self {
        Self { own }
    }

    /// Whose the MX host `host` of `domain` is.
    pub fn of_mx(&self, host: &Domain, domain: &Domain) -> Whose {
        let name = host.to_key();
        let other = || Whose::new(&organizational(&name), Limits::OTHERS);
        self.known(&name, domain).unwrap_or_else(other)
    }

    /// Whose the host is that a route names; `None` for one of the operator's own.
    pub fn of_route(&self, host: &Domain) -> Option<Whose> {
        self.known(&host.to_key(), host)
    }

    fn known(&self, name: &str, domain: &Domain) -> Option<Whose> {
        let is_of = |suffix: &String| match suffix.strip_prefix('.') {
            Some(above) => name != above && is_below(name, above),
            None => name == suffix,
        };
        let own = self.own.iter().find(|own| own.suffixes.iter().any(is_of));
        if let Some(OwnProvider { name, limits, .. }) = own {
            return Some(Whose::new(name, *limits));
        }
        let provider = Provider::of_host(name)?;
        let limits = provider.limits();
        Some(match provider.is_by_domain {
            true => {
                let site = organizational(&domain.to_key());
                Whose::new(&format!("{} {site}", provider.name), limits)
            }
            false => Whose::new(provider.name, limits),
        })
    }
}

impl Provider {
    /// What it takes.
    pub fn limits(&self) -> Limits {
        let rate = self.rate.and_then(|(count, millis)| {
            Rate::new(NonZeroU32::new(count)?, Duration::from_millis(millis))
        });
        Limits { connections: self.connections, messages: self.messages, rate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::PROVIDERS;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    #[test]
    fn whose_a_host_is_and_what_it_takes() {
        let own = OwnProvider {
            name: "house".into(),
            suffixes: vec![".mx.example.net".into(), "alt4.aspmx.l.google.com".into()],
            limits: Limits { connections: 3, ..Limits::OTHERS },
        };
        let providers = Providers::new(vec![own]);
        for (host, of, name, connections) in [
            ("ASPMX.L.google.com", "a.test", "google", 5),
            ("alt4.aspmx.l.google.com", "a.test", "house", 3),
            ("in.mx.example.net", "a.test", "house", 3),
            ("mx.example.net", "a.test", "example.net", 10),
            ("inmx.example.net", "a.test", "example.net", 10),
            ("mx1.hoster.co.uk", "a.test", "hoster.co.uk", 10),
            ("eu-smtp-1.mimecast.com", "in.a.test", "mimecast a.test", 10),
            ("x.olc.protection.outlook.com", "a.test", "outlook", 5),
            ("a-test.mail.protection.outlook.com", "a.test", "office365", 5),
            ("a-test.o-v1.mx.microsoft", "a.test", "office365", 5),
            ("mx1.mail.icloud.com", "icloud.com", "apple", 10),
        ] {
            let found = providers.of_mx(&domain(host), &domain(of));
            assert_eq!((&*found.name, found.limits.connections), (name, connections), "{host}");
        }
        assert_eq!(providers.of_route(&domain("relay.example.com")), None);
        let route = providers.of_route(&domain("a.mail.protection.outlook.com"));
        assert_eq!(route.map(|it| it.limits.messages), Some(50));
    }

    /// A suffix that stands behind a shorter one is never reached.
    #[test]
    fn each_suffix_of_the_table_is_reached() {
        for provider in PROVIDERS {
            let limits = provider.limits();
            assert!(limits.connections > 0 && limits.messages > 0, "{}", provider.name);
            assert_eq!(limits.rate.is_some(), provider.name == "yahoo.co.jp");
            for suffix in provider.hosts {
                let found = Provider::of_host(&format!("mx9.{suffix}"));
                assert_eq!(found.map(|found| found.name), Some(provider.name), "{suffix}");
            }
        }
    }
}
