//! What DNS is asked, and what is made of each answer: nothing where there is none.

use super::facts::{Key, Mx, Reverse, tag};
use crate::{
    address::Domain,
    admin::Error,
    config::Dnsbl,
    dns::{LookupError, Resolver},
    dnsbl::{Answer, Codes, Trouble, Zone, is_public, reversed},
    keys::Keystore,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, UdpSocket},
};

/// A resolver, and the names it got no answer about: what they lack is not known.
pub(super) struct Dns<'a> {
    resolver: &'a Resolver,
    pub(super) unanswered: BTreeSet<String>,
}

impl<'a> Dns<'a> {
    pub(super) fn new(resolver: &'a Resolver) -> Self {
        Self { resolver, unanswered: BTreeSet::new() }
    }

    pub(super) async fn texts(&mut self, name: &str) -> Vec<String> {
        let answer = self.resolver.texts(name).await;
        let texts = self.known(name, answer).unwrap_or_default();
        texts.into_iter().map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
    }

    /// Host and port of the SRV records of `name`.
    pub(super) async fn services(&mut self, name: &str) -> Vec<(Option<Domain>, u16)> {
        let answer = self.resolver.services(name).await;
        self.known(name, answer).unwrap_or_default()
    }

    pub(super) async fn addresses(&mut self, name: &Domain) -> Vec<IpAddr> {
        let answer = self.resolver.addresses(name).await;
        self.known(name.as_str(), answer).unwrap_or_default()
    }

    /// `None` if it cannot be told.
    pub(super) async fn reverse(&mut self, ip: IpAddr, hostname: &Domain) -> Option<Reverse> {
        let answer = self.resolver.names_of(ip).await;
        let names = self.known(&reverse_name(ip), answer)?;
        if self.unanswered.contains(hostname.as_str()) {
            return None;
        }
        let is_named =
            names.iter().any(|name| Domain::parse(name).is_ok_and(|name| name == *hostname));
        let back = self.resolver.addresses(hostname).await;
        let back = self.known(hostname.as_str(), back)?;
        Some(Reverse { ip, names, is_ours: is_named && back.contains(&ip) })
    }

    /// The name of an address that leads back to it.
    pub(super) async fn name_of(&mut self, ip: IpAddr) -> Option<Domain> {
        let answer = self.resolver.names_of(ip).await;
        for name in self.known(&reverse_name(ip), answer)? {
            let Ok(name) = Domain::parse(name.trim_end_matches('.')) else { continue };
            if self.addresses(&name).await.contains(&ip) {
                return Some(name);
            }
        }
        None
    }

    /// Whether an address is on a list.
    pub(super) async fn is_listed(&mut self, ip: IpAddr, zone: &Zone) -> bool {
        let labels = reversed(ip);
        match self.list(zone, &labels, &Codes::All).await {
            Some(Answer::Listed(_)) => true,
            // A search page, for one, which is no list at all.
            Some(Answer::Trouble(Trouble::Foreign(_))) => false,
            Some(Answer::Trouble(_)) => {
                self.unanswered.insert(format!("{labels}.{zone}"));
                false
            }
            Some(Answer::NotListed) | None => false,
        }
    }

    /// What is wrong with a list: it must have what is for tests, and must not have what nobody is listed for.
    pub(super) async fn trouble(&mut self, list: &Dnsbl) -> Option<Trouble> {
        let Dnsbl { zone, kind, codes, .. } = list;
        let (mut trouble, mut is_silent, mut is_listed) = (None, false, false);
        for labels in kind.listed() {
            match self.list(zone, labels, codes).await {
                Some(Answer::Listed(_)) => is_listed = true,
                Some(Answer::Trouble(found)) => trouble = trouble.or(Some(found)),
                Some(Answer::NotListed) => {}
                None => is_silent = true,
            }
            if is_listed {
                break;
            }
        }
        if !is_listed {
            return trouble.or((!is_silent).then_some(Trouble::ListsNobody));
        }
        match self.list(zone, kind.unlisted(), codes).await? {
            Answer::Listed(_) => Some(Trouble::ListsEverybody),
            Answer::Trouble(trouble) => Some(trouble),
            Answer::NotListed => None,
        }
    }

    /// What a list says, whatever answers count as listings; `None` if there is no answer.
    async fn list(&mut self, zone: &Zone, labels: &str, codes: &Codes) -> Option<Answer> {
        let name = zone.to_ask(labels);
        let answer = self.resolver.addresses_like(&name, Ipv4Addr::LOCALHOST.into()).await;
        let found = self.known(&format!("{labels}.{zone}"), answer)?.into_iter();
        let found: Vec<Ipv4Addr> = found
            .filter_map(|ip| match ip {
                IpAddr::V4(v4) => Some(v4),
                IpAddr::V6(_) => None,
            })
            .collect();
        Some(match Answer::of(&found, codes) {
            Answer::NotListed => Answer::of(&found, &Codes::All),
            answer => answer,
        })
    }

    /// What does not exist is an empty answer; `None` if there is no answer.
    fn known<T>(&mut self, name: &str, answer: Result<Vec<T>, LookupError>) -> Option<Vec<T>> {
        match answer {
            Ok(found) => Some(found),
            Err(LookupError::Nonexistent | LookupError::Empty) => Some(Vec::new()),
            Err(LookupError::Unanswered) => {
                self.unanswered.insert(name.to_owned());
                None
            }
        }
    }
}

/// Where mail for `domain` goes.
pub(super) async fn mx(resolver: &Resolver, domain: Domain, ours: &[IpAddr]) -> Mx {
    let answer = resolver.exchanges(domain.as_str()).await;
    let exists = !matches!(answer, Err(LookupError::Nonexistent));
    let mut is_known = !matches!(answer, Err(LookupError::Unanswered));
    let hosts = answer.unwrap_or_default();
    let mut reaches_us = false;
    for host in &hosts {
        let Ok(host) = Domain::parse(host) else { continue };
        let addresses = resolver.addresses(&host).await;
        is_known &= !matches!(addresses, Err(LookupError::Unanswered));
        let addresses = addresses.unwrap_or_default();
        reaches_us |= addresses.iter().any(|ip| ours.contains(ip) || is_here(*ip));
    }
    Mx { domain, exists, hosts, reaches_us, is_known: is_known || reaches_us }
}

/// Mail may come to an address by which none leaves. What is not an address of this machine cannot be bound.
fn is_here(ip: IpAddr) -> bool {
    is_public(ip) && UdpSocket::bind((ip, 0)).is_ok()
}

/// The keys of the domains that `is_wanted` names.
pub(super) async fn keys(
    dns: &mut Dns<'_>,
    keystore: &Keystore,
    is_wanted: impl Fn(&Domain) -> bool,
) -> Result<Vec<Key>, Error> {
    let mut keys = Vec::new();
    for stored in keystore.keys()? {
        if !is_wanted(&stored.domain) {
            continue;
        }
        let key = stored.key()?;
        let name = key.dns_name();
        let wanted = tag(&key.dns_text(), "p");
        let found = dns.texts(&name).await;
        keys.push(Key {
            domain: key.domain().to_key(),
            selector: stored.selector.to_string(),
            state: stored.state,
            is_published: found.iter().any(|text| tag(text, "p") == wanted),
            zone_line: key.zone_line(),
            text: key.dns_text(),
            found,
            name,
        });
    }
    Ok(keys)
}

/// The DMARC records for `domain`: its own, or of the next above that has any. The walk stands in for a list
/// of public suffixes, below which none is published.
pub(super) async fn dmarc(dns: &mut Dns<'_>, domain: &Domain) -> Vec<String> {
    let mut name = domain.to_key();
    loop {
        let place = format!("_dmarc.{name}");
        let texts = dns.texts(&place).await;
        let records: Vec<String> =
            texts.into_iter().filter(|text| text.starts_with("v=DMARC1")).collect();
        let Some((_, above)) = name.split_once('.') else { return records };
        if !records.is_empty() || !above.contains('.') || dns.unanswered.contains(&place) {
            return records;
        }
        name = above.to_owned();
    }
}

fn reverse_name(ip: IpAddr) -> String {
    let zone = if ip.is_ipv4() { "in-addr" } else { "ip6" };
    format!("{}.{zone}.arpa", reversed(ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_addresses() {
        let name = |text: &str| reverse_name(text.parse().unwrap());
        assert_eq!(name("192.0.2.10"), "10.2.0.192.in-addr.arpa");
        let v6 = name("2001:db8::1");
        assert!(v6.starts_with("1.0.0.0.") && v6.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"), "{v6}");
    }
}
