use super::{health::Health, limits::OutboundLimits, transport::Endpoint};
use crate::{
    address::{Domain, DomainPattern},
    dns::{LookupError, MxHosts, NoMail, Resolver, ValidatingResolver},
    fate::Verdict,
    next_hop::{NextHop, Target, is_host_address},
    reply::Reply,
};
use std::net::SocketAddr;
use tokio::time::{Instant, timeout_at};

/// A host of a next hop. Its addresses are looked up when it is its turn: mostly the first host takes
/// the mail, and the others need not be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    Here(Endpoint),
    /// A host that somebody's MX names.
    Public {
        name: Domain,
        port: u16,
    },
    /// A host that a route names.
    Local {
        name: Domain,
        port: u16,
    },
}

/// Why there is no host to connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// The domain takes no mail.
    NoMail(NoMail),
    /// We are its mail server ourselves and do not know what to do with it.
    Loop,
    /// The host has no address.
    NotFound,
    /// DNS gives no answer.
    Dns,
    /// The TLS policy of the domain bars the host.
    Policy,
}

impl NoRoute {
    /// What a missing route means for the message, and what the client is told.
    ///
    /// A domain that does not exist will not exist in an hour: whoever wrote learns now that the message does
    /// not arrive. A host that a record names wrongly is the owner's to mend while the sender waits.
    pub(super) fn outcome(self) -> (Verdict, Reply) {
        match self {
            Self::NoMail(why) => (Verdict::Refused, why.reply()),
            Self::Loop => (Verdict::Refused, Reply::mail_loop()),
            Self::NotFound => (Verdict::Deferred, Reply::destination_not_found()),
            Self::Dns => (Verdict::Deferred, Reply::destination_dns()),
            Self::Policy => (Verdict::Deferred, Reply::destination_policy()),
        }
    }
}

impl From<LookupError> for NoRoute {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Nonexistent | LookupError::Empty => Self::NotFound,
            LookupError::Unanswered => Self::Dns,
        }
    }
}

/// Finds hosts and their addresses.
#[derive(Debug)]
pub(super) struct Router {
    pub(super) resolver: Resolver,
    pub(super) hostname: Domain,
    pub(super) mx_port: u16,
    pub(super) limits: OutboundLimits,
    /// Destinations, and hosts, that are reached by one family first.
    pub(super) ipv4_first: Vec<DomainPattern>,
    pub(super) ipv6_first: Vec<DomainPattern>,
    /// What failed lately is tried last.
    pub(super) hosts: Health<Domain>,
    pub(super) addresses: Health<SocketAddr>,
}

impl Router {
    /// The hosts of `target` in the order they are to be tried, at least one. With `validating`, MX records
    /// that are bogus are none.
    pub(super) async fn hosts(
        &self,
        target: &Target,
        validating: Option<&ValidatingResolver>,
        deadline: Instant,
    ) -> Result<Vec<Host>, NoRoute> {
        let domain = match target {
            Target::Addr(address) => return Ok(vec![Host::Here(Endpoint::Tcp(*address))]),
            Target::Unix(path) => return Ok(vec![Host::Here(Endpoint::Unix(path.clone()))]),
            Target::Host { name, port } => {
                return Ok(vec![Host::Local { name: name.clone(), port: *port }]);
            }
            Target::Mx(domain) => domain,
        };
        let public = |name| Host::Public { name, port: self.mx_port };
        let answer = async {
            match validating {
                Some(resolver) => resolver.mx(domain).await,
                None => self.resolver.mx(domain).await,
            }
        };
        let answer = timeout_at(self.dns_deadline(deadline), answer);
        match answer.await.unwrap_or(Err(LookupError::Unanswered)) {
            Ok(records) => match MxHosts::of(records, &self.hostname, random) {
                MxHosts::Hosts(mut names) => {
                    self.hosts.sort(&mut names, |name| Some(name.clone()));
                    Ok(names.into_iter().take(self.limits.mx_hosts).map(public).collect())
                }
                MxHosts::NullMx => Err(NoRoute::NoMail(NoMail::NullMx)),
                MxHosts::Ourselves => Err(NoRoute::Loop),
                MxHosts::Nobody => Err(NoRoute::NotFound),
            },
            // The implicit MX: the domain is its own mail server.
            Err(LookupError::Empty) if *domain == self.hostname => Err(NoRoute::Loop),
            Err(LookupError::Empty) => Ok(vec![public(domain.clone())]),
            Err(LookupError::Nonexistent) => Err(NoRoute::NoMail(NoMail::Nonexistent)),
            Err(LookupError::Unanswered) => Err(NoRoute::Dns),
        }
    }

    /// The endpoints of `host`, at least one.
    pub(super) async fn endpoints(
        &self,
        hop: &NextHop,
        host: &Host,
        deadline: Instant,
    ) -> Result<Vec<Endpoint>, NoRoute> {
        let until = self.dns_deadline(deadline);
        let (answer, port) = match host {
            Host::Here(Endpoint::Tcp(address)) if !is_host_address(address.ip()) => {
                return Err(NoRoute::NotFound);
            }
            Host::Here(endpoint) => return Ok(vec![endpoint.clone()]),
            Host::Public { name, port } => {
                (timeout_at(until, self.resolver.addresses(name)).await, *port)
            }
            Host::Local { name, port } => {
                (timeout_at(until, self.resolver.local_addresses(name)).await, *port)
            }
        };
        let answer = match answer.unwrap_or(Err(LookupError::Unanswered)) {
            Err(LookupError::Empty | LookupError::Nonexistent) if host.is_implicit_mx_of(hop) => {
                return Err(NoRoute::NoMail(NoMail::Nonexistent));
            }
            answer => answer?,
        };
        let source = hop.relay.as_ref().and_then(|relay| relay.source);
        let mut endpoints: Vec<Endpoint> = answer
            .into_iter()
            .filter(|ip| is_host_address(*ip))
            .filter(|ip| source.is_none_or(|source| source.is_ipv4() == ip.is_ipv4()))
            .map(|ip| Endpoint::Tcp(SocketAddr::new(ip, port)))
            .collect();
        if let Some(is_behind) = self.family_behind(hop, host) {
            endpoints.sort_by_key(|endpoint| endpoint.tcp().is_some_and(is_behind));
        }
        self.addresses.sort(&mut endpoints, |endpoint| endpoint.tcp().copied());
        if endpoints.is_empty() { Err(NoRoute::NotFound) } else { Ok(endpoints) }
    }

    /// Which addresses are tried behind the others.
    fn family_behind(&self, hop: &NextHop, host: &Host) -> Option<fn(&SocketAddr) -> bool> {
        let domain = match &hop.target {
            Target::Mx(domain) => Some(domain),
            _ => None,
        };
        let is_in = |patterns: &[DomainPattern]| {
            let mut names = [domain, host.name()].into_iter().flatten();
            names.any(|name| patterns.iter().any(|pattern| pattern.matches(name)))
        };
        if is_in(&self.ipv4_first) {
            Some(SocketAddr::is_ipv6)
        } else if is_in(&self.ipv6_first) {
            Some(SocketAddr::is_ipv4)
        } else {
            None
        }
    }

    /// A host answered.
    pub(super) fn worked(&self, host: Option<&Domain>, endpoint: &Endpoint) {
        if let Some(name) = host {
            self.hosts.worked(name);
        }
        if let Some(address) = endpoint.tcp() {
            self.addresses.worked(address);
        }
    }

    /// A host took none, or not as it must; `hung`: and used up our time.
    pub(super) fn failed(&self, host: Option<&Domain>, endpoint: &Endpoint, hung: bool) {
        if let Some(name) = host {
            self.hosts.failed(name, hung);
        }
        if let Some(address) = endpoint.tcp() {
            self.addresses.failed(address, hung);
        }
    }

    fn dns_deadline(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.limits.dns_time)
    }
}

impl Host {
    /// The name of the host, where it has one.
    pub(super) fn name(&self) -> Option<&Domain> {
        match self {
            Self::Here(_) => None,
            Self::Public { name, .. } | Self::Local { name, .. } => Some(name),
        }
    }

    /// True where the domain itself stands in for an MX (RFC 5321 §5.1).
    fn is_implicit_mx_of(&self, hop: &NextHop) -> bool {
        matches!((self, &hop.target), (Self::Public { name, .. }, Target::Mx(domain)) if name == domain)
    }
}

/// Zeros when the system has no randomness: the order of equal hosts is then that of the answer.
fn random() -> u32 {
    getrandom::u32().unwrap_or(0)
}
