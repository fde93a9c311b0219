//! check_host() (RFC 7208 §4), with its limits (§4.6.4).

use super::{
    Query, Spf,
    dns::{Dns, is_name},
    macros::{MacroString, Values},
    record::{Mechanism, Prefix, Published},
};
use crate::dns::LookupError;
use std::{future::Future, net::IpAddr, pin::Pin};

/// Terms that ask DNS.
const MAX_LOOKUPS: u32 = 10;
/// Terms that ask DNS for what does not exist.
const MAX_VOID: u32 = 2;
/// Hosts of an MX, and names of a client.
const MAX_NAMES: usize = 10;
/// Hosts of all MX together whose addresses are asked for. §4.6.4 allows ten of each of ten terms; who publishes so many
/// has a third party asked.
const MAX_HOSTS: u32 = 30;

/// One check under way.
pub(super) struct Evaluation<'a, D> {
    dns: &'a D,
    ip: IpAddr,
    helo: &'a str,
    local: &'a str,
    sender_domain: &'a str,
    lookups: u32,
    void: u32,
    hosts: u32,
    /// Names of the client that lead back to it, once they were asked for.
    validated: Option<Vec<String>>,
    /// The client is nobody in particular: names that a client has a choice of are what suits it best.
    is_anybody: bool,
}

/// An error ends the check wherever it happens.
type Matches = Result<bool, Spf>;

impl<'a, D: Dns> Evaluation<'a, D> {
    pub(super) fn new(dns: &'a D, query: &Query<'a>) -> Self {
        let (local, domain) = query.sender.rsplit_once('@').unwrap_or(("", query.helo));
        // §4.3: what has no local part has this one.
        let local = if local.is_empty() { "postmaster" } else { local };
        let sender_domain = domain;
        let (ip, helo) = (query.ip.to_canonical(), query.helo);
        Self {
            dns,
            ip,
            helo,
            local,
            sender_domain,
            lookups: 0,
            void: 0,
            hosts: 0,
            validated: None,
            is_anybody: false,
        }
    }

    /// The check of a client that might be anybody, at the address of `query`.
    pub(super) fn of_anybody(dns: &'a D, query: &Query<'a>) -> Self {
        Self { is_anybody: true, ..Self::new(dns, query) }
    }

    pub(super) async fn check(mut self) -> Spf {
        let domain = self.sender_domain;
        // §4.3: what is no domain name of several labels has no record.
        let name = domain.strip_suffix('.').unwrap_or(domain);
        if name.contains(['[', ']']) || !name.contains('.') {
            return Spf::None;
        }
        self.check_host(domain).await
    }

    /// Boxed, as it calls itself; how deep is bounded by the number of look-ups.
    fn check_host<'s>(
        &'s mut self,
        domain: &'s str,
    ) -> Pin<Box<dyn Future<Output = Spf> + Send + 's>> {
        Box::pin(async move {
            match self.evaluate(domain).await {
                Ok(result) | Err(result) => result,
            }
        })
    }

    async fn evaluate(&mut self, domain: &str) -> Result<Spf, Spf> {
        if !is_name(domain) {
            return Ok(Spf::None);
        }
        let published = match self.dns.published(domain).await {
            Ok(published) => published,
            Err(LookupError::Nonexistent | LookupError::Empty) => return Ok(Spf::None),
            Err(LookupError::Unanswered) => return Err(Spf::TempError),
        };
        let record = match &*published {
            Published::Nothing => return Ok(Spf::None),
            Published::Record(record) => record,
            Published::Broken => return Err(Spf::PermError),
        };
        for directive in &record.directives {
            if self.is_anybody && directive.mechanism.is_chosen_by_client() {
                if directive.result == Spf::Pass {
                    return Ok(Spf::Pass);
                }
                continue;
            }
            if self.matches(&directive.mechanism, domain).await? {
                return Ok(directive.result);
            }
        }
        let Some(redirect) = &record.redirect else { return Ok(Spf::Neutral) };
        if self.is_anybody && redirect.is_chosen_by_client() {
            return Ok(Spf::Pass);
        }
        self.count_lookup()?;
        let target = self.expand(redirect, domain).await;
        match self.check_host(&target).await {
            Spf::None => Err(Spf::PermError),
            result => Ok(result),
        }
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Matches {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, length) => Ok(is_within(self.ip, (*network).into(), *length)),
            Mechanism::Ip6(network, length) => Ok(is_within(self.ip, (*network).into(), *length)),
            Mechanism::Include(spec) => {
                self.count_lookup()?;
                let target = self.expand(spec, domain).await;
                match self.check_host(&target).await {
                    Spf::Pass => Ok(true),
                    Spf::Fail | Spf::SoftFail | Spf::Neutral => Ok(false),
                    Spf::TempError => Err(Spf::TempError),
                    Spf::PermError | Spf::None => Err(Spf::PermError),
                }
            }
            Mechanism::A(spec, prefix) => {
                self.count_lookup()?;
                let target = self.target(spec.as_ref(), domain).await;
                let addresses = self.addresses(&target).await?;
                self.count_void(addresses.is_empty())?;
                Ok(self.is_among(&addresses, *prefix))
            }
            Mechanism::Mx(spec, prefix) => {
                self.count_lookup()?;
                let target = self.target(spec.as_ref(), domain).await;
                self.is_mx_of(&target, *prefix).await
            }
            Mechanism::Ptr(spec) => {
                self.count_lookup()?;
                let target = self.target(spec.as_ref(), domain).await;
                let names = self.validated_names().await;
                Ok(names.iter().any(|name| is_below(name, &target)))
            }
            Mechanism::Exists(spec) => {
                self.count_lookup()?;
                let target = self.expand(spec, domain).await;
                // A records whatever the client has (§5.7).
                let found = self.lookup(&target, IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)).await?;
                self.count_void(found.is_empty())?;
                Ok(!found.is_empty())
            }
        }
    }

    async fn is_mx_of(&mut self, target: &str, prefix: Prefix) -> Matches {
        let hosts = match is_name(target) {
            true => known(self.dns.mx(target).await)?,
            false => Vec::new(),
        };
        self.count_void(hosts.is_empty())?;
        if hosts.len() > MAX_NAMES {
            return Err(Spf::PermError);
        }
        for host in hosts {
            self.hosts += 1;
            if self.hosts > MAX_HOSTS {
                return Err(Spf::PermError);
            }
            let addresses = self.addresses_of_mx(&host).await?;
            if self.is_among(&addresses, prefix) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A host that does not exist is void: whoever names ten of them in each of ten domains has a stranger asked a
    /// hundred times. One without addresses of the client's family is an ordinary host.
    async fn addresses_of_mx(&mut self, host: &str) -> Result<Vec<IpAddr>, Spf> {
        let answer = match is_name(host) {
            true => self.dns.addresses(host, self.ip).await,
            false => Err(LookupError::Nonexistent),
        };
        self.count_void(matches!(answer, Err(LookupError::Nonexistent)))?;
        known(answer)
    }

    /// Names of the client that lead back to it (§5.5). Whatever goes wrong, such names are fewer.
    async fn validated_names(&mut self) -> Vec<String> {
        if let Some(known) = &self.validated {
            return known.clone();
        }
        let names = self.dns.ptr(self.ip).await.unwrap_or_default();
        let mut validated = Vec::new();
        for name in names.into_iter().take(MAX_NAMES) {
            if self.addresses(&name).await.is_ok_and(|found| found.contains(&self.ip)) {
                validated.push(name);
            }
        }
        self.validated.insert(validated).clone()
    }

    async fn target(&mut self, spec: Option<&MacroString>, domain: &str) -> String {
        match spec {
            Some(spec) => self.expand(spec, domain).await,
            None => domain.to_owned(),
        }
    }

    async fn expand(&mut self, spec: &MacroString, domain: &str) -> String {
        let validated = match spec.needs_validated_name() {
            true => self.name_for(domain).await,
            false => String::new(),
        };
        spec.expand(&Values {
            local: self.local,
            sender_domain: self.sender_domain,
            domain,
            ip: self.ip,
            helo: self.helo,
            validated: &validated,
        })
    }

    /// The `p` macro: the domain itself, a name below it, or any (§7.3).
    async fn name_for(&mut self, domain: &str) -> String {
        let names = self.validated_names().await;
        let same = names.iter().find(|name| name.eq_ignore_ascii_case(domain));
        let below = || names.iter().find(|name| is_below(name, domain));
        let found = same.or_else(below).or_else(|| names.first());
        found.cloned().unwrap_or_else(|| "unknown".to_owned())
    }

    /// Addresses of the client's family.
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Spf> {
        self.lookup(name, self.ip).await
    }

    async fn lookup(&self, name: &str, like: IpAddr) -> Result<Vec<IpAddr>, Spf> {
        // §4.3: what DNS cannot carry does not exist.
        if is_name(name) { known(self.dns.addresses(name, like).await) } else { Ok(Vec::new()) }
    }

    fn is_among(&self, addresses: &[IpAddr], prefix: Prefix) -> bool {
        let length = if self.ip.is_ipv4() { prefix.v4 } else { prefix.v6 };
        addresses.iter().any(|address| is_within(self.ip, *address, length))
    }

    fn count_lookup(&mut self) -> Result<(), Spf> {
        self.lookups += 1;
        if self.lookups > MAX_LOOKUPS { Err(Spf::PermError) } else { Ok(()) }
    }

    fn count_void(&mut self, is_void: bool) -> Result<(), Spf> {
        self.void += u32::from(is_void);
        if self.void > MAX_VOID { Err(Spf::PermError) } else { Ok(()) }
    }
}

/// What does not exist is an empty answer.
fn known<T>(answer: Result<Vec<T>, LookupError>) -> Result<Vec<T>, Spf> {
    match answer {
        Ok(found) => Ok(found),
        Err(LookupError::Nonexistent | LookupError::Empty) => Ok(Vec::new()),
        Err(LookupError::Unanswered) => Err(Spf::TempError),
    }
}

/// True when the first `length` bits agree; never across families.
fn is_within(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    let length = u32::from(length);
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let differ = ip.to_bits() ^ network.to_bits();
            differ.checked_shr(32_u32.saturating_sub(length)).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let differ = ip.to_bits() ^ network.to_bits();
            differ.checked_shr(128_u32.saturating_sub(length)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// True for `domain` itself and every name below it.
fn is_below(name: &str, domain: &str) -> bool {
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let (name, domain) = (bare(name), bare(domain));
    name == domain || name.strip_suffix(&domain).is_some_and(|front| front.ends_with('.'))
}
