//! Destinations: messages handed to other servers, and what they said.
//!
//! [`Outbound::deliver`] is the way in: `route` finds the hosts, `policies` says how they must encrypt, `pool`
//! keeps connections, `connection` is one of them, over which a [`Dialogue`] is held, and `transfer` hands one
//! message over.

mod connection;
mod delivery;
mod dialogue;
mod fetch;
mod health;
mod limits;
mod outgoing;
mod places;
mod policies;
mod pool;
mod route;
mod security;
mod sts;
mod transfer;
mod transport;
mod verdict;

pub use delivery::Attempt;
pub use dialogue::{Dialogue, Lost};
pub use fetch::published_policy;
pub use limits::{Deadline, OutboundLimits};
pub use outgoing::{Checkpoint, DsnRequest, Outgoing, Progress};

use crate::{
    address::{Domain, DomainPattern, Mailbox},
    dns::{Resolver, ValidatingResolver},
    mta_sts::PolicyStore,
    next_hop::NextHop,
    reply::Reply,
    tls::Connector,
    tls_rpt::Counts,
};
use connection::{Connection, Introduction, OpenError};
use delivery::Delivery;
use fetch::Fetcher;
use health::Health;
use limits::Patience;
use policies::{OfDomain, Policies};
use pool::Pool;
use route::{Host, Router};
use security::Demand;
use std::{sync::Arc, time::Duration};
use sts::Sts;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use transfer::transfer;
use transport::Remote;

/// Hands messages to other servers and reports what they said. One serves the whole daemon.
#[derive(Debug)]
pub struct Outbound {
    router: Router,
    policies: Policies,
    connector: Connector,
    limits: OutboundLimits,
    pool: Arc<Pool>,
    reaper: JoinHandle<()>,
}

/// Hosts and addresses that are named of those that could not be reached.
const UNREACHABLE: usize = 20;

/// A host, or an address of one, that could not be reached lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// Its name, or its address.
    pub name: String,
    /// How long ago it was tried.
    pub ago: Duration,
    /// It took its time before it failed: it is asked by one at a time.
    pub hung: bool,
}

/// What an [`Outbound`] is made of.
#[derive(Debug, Clone)]
pub struct OutboundConfig {
    /// Our name in EHLO; an MX of this name ends the list of hosts.
    pub hostname: Domain,
    /// Finds MX hosts and addresses.
    pub resolver: Resolver,
    /// The port of MX hosts: 25.
    pub mx_port: u16,
    /// Connections and times.
    pub limits: OutboundLimits,
    /// Begins TLS with hosts.
    pub connector: Connector,
    /// What differs from destination to destination.
    pub preferences: Preferences,
    /// The port that MTA-STS policies are fetched from, 443; `None`: they do not count.
    pub sts_port: Option<u16>,
    /// Where MTA-STS policies outlive a restart.
    pub store: Option<Arc<dyn PolicyStore>>,
    /// Proves TLSA records; `None`: they do not count.
    pub dane: Option<ValidatingResolver>,
}

/// What differs from destination to destination: patterns of domains, and of the names of their hosts.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    /// Never spoken to in plaintext.
    pub never_plaintext: Vec<DomainPattern>,
    /// Reached by IPv4 first.
    pub ipv4_first: Vec<DomainPattern>,
    /// Reached by IPv6 first.
    pub ipv6_first: Vec<DomainPattern>,
}

impl Outbound {
    /// To be called within a Tokio runtime, on which a task then closes idle connections until the
    /// value is dropped.
    pub fn new(config: OutboundConfig) -> Self {
        let OutboundConfig { hostname, resolver, mx_port, limits, connector, .. } = config;
        let Preferences { never_plaintext, ipv4_first, ipv6_first } = config.preferences;
        let sts = config.sts_port.map(|port| {
            let (resolver, connector) = (resolver.clone(), connector.clone());
            Sts::new(resolver.clone(), Fetcher { resolver, connector, port }, config.store)
        });
        let policies = Policies::new(never_plaintext, sts, config.dane);
        let pool = Arc::new(Pool::new(limits));
        let idle = Arc::clone(&pool);
        let reaper = tokio::spawn(async move { idle.reap().await });
        let router = Router {
            resolver,
            hostname,
            mx_port,
            limits,
            ipv4_first,
            ipv6_first,
            hosts: Health::default(),
            addresses: Health::default(),
        };
        Self { router, policies, connector, limits, pool, reaper }
    }

    /// The hosts and addresses that could not be reached lately and are tried behind others, the latest first; a bounded
    /// number of them.
    pub fn unreachable(&self) -> Vec<Unreachable> {
        let hosts = self.router.hosts.list(UNREACHABLE);
        let hosts = hosts.into_iter().map(|(host, ago, hung)| (host.to_string(), ago, hung));
        let addresses = self.router.addresses.list(UNREACHABLE).into_iter();
        let addresses = addresses.map(|(address, ago, hung)| (address.to_string(), ago, hung));
        let all = hosts.chain(addresses);
        let mut all: Vec<_> =
            all.map(|(name, ago, hung)| Unreachable { name, ago, hung }).collect();
        all.sort_by_key(|one| one.ago);
        all.truncate(UNREACHABLE);
        all
    }

    /// Delivers `mail` to `hop`: one attempt for each recipient, in their order.
    ///
    /// Ends by `deadline`, give or take a moment, with whatever is known then. Where a host was told
    /// the end of data, no other is tried, and its answer may take [`OutboundLimits::final_time`].
    pub async fn deliver(
        &self,
        hop: &NextHop,
        mail: &Outgoing,
        deadline: impl Into<Deadline>,
    ) -> Vec<Attempt> {
        let deadline: Deadline = deadline.into();
        let mut delivery = Delivery::new(mail);
        if delivery.is_done() {
            return Vec::new();
        }
        if !mail.text.has_whole_lines() {
            tracing::error!(
                "a message with a bare CR, a bare LF or an unfinished line was to leave"
            );
            delivery.deferred(Reply::local_error());
            return delivery.finish();
        }
        match timeout_at(deadline.opened_by(), self.pool.slot(hop, &mail.cause)).await {
            Ok(Some(_slot)) => self.run(hop, &mut delivery, deadline).await,
            Ok(None) | Err(_) => delivery.no_place(),
        }
        delivery.finish()
    }

    /// Finds out what deliveries would otherwise wait for.
    pub async fn prepare(&self) {
        self.policies.prepare().await;
    }

    /// What came of TLS with the mail servers of others since the last time.
    pub fn take_tls_results(&self) -> Counts {
        self.policies.take_counts()
    }

    /// What came of TLS since the start: the policy, the result, how many sessions.
    pub fn tls_totals(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.policies.totals()
    }

    /// What hosts are found with.
    pub fn resolver(&self) -> &Resolver {
        &self.router.resolver
    }

    /// Takes leave of all hosts that a connection is kept to.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Idle connections that are kept.
    pub fn idle_connections(&self) -> usize {
        self.pool.idle()
    }

    async fn run(&self, hop: &NextHop, delivery: &mut Delivery<'_>, until: Deadline) {
        if let Some(connection) = self.pool.take(hop).await {
            let patience = Patience { deadline: until.end, has_alternative: true };
            self.hand_over(hop, connection, true, delivery, patience).await;
            if delivery.is_done() {
                return;
            }
        }
        let deadline = until.opened_by();
        let of_domain = self.policies.of(hop, deadline).await;
        let validating = of_domain.as_ref().and_then(OfDomain::validating_resolver);
        let hosts = match self.router.hosts(&hop.target, validating, deadline).await {
            Ok(hosts) => hosts,
            Err(why) => return delivery.no_route(why),
        };
        let mut addresses_left = self.limits.addresses;
        let mut hosts = hosts.iter().peekable();
        while let Some(host) = hosts.next() {
            let is_last = hosts.peek().is_none();
            let found = self.router.endpoints(hop, host, deadline);
            let demanded = self.policies.demand(hop, host, of_domain.as_ref(), deadline);
            let (mut endpoints, demand) = match tokio::join!(found, demanded) {
                (Ok(endpoints), Ok(demand)) => (endpoints, demand),
                (Err(why), _) | (_, Err(why)) => {
                    delivery.no_route(why);
                    continue;
                }
            };
            endpoints.truncate(addresses_left);
            addresses_left -= endpoints.len();
            let mut endpoints = endpoints.into_iter().peekable();
            while let Some(endpoint) = endpoints.next() {
                if Instant::now() >= deadline {
                    return;
                }
                let has_alternative =
                    endpoints.peek().is_some() || (!is_last && addresses_left > 0);
                let patience = Patience { deadline, has_alternative };
                let remote = Remote { name: host.name().cloned(), endpoint };
                let Some(turn) = self.router.addresses.turn(remote.endpoint.tcp()) else {
                    delivery.not_open(&OpenError::Lost(Lost::TimedOut), &remote);
                    continue;
                };
                match self.open(hop, host, &remote, demand.clone(), patience).await {
                    Ok(connection) => {
                        let patience = Patience { deadline: until.end, has_alternative };
                        self.hand_over(hop, connection, false, delivery, patience).await;
                    }
                    Err(error) => delivery.not_open(&error, &remote),
                }
                drop(turn);
                if delivery.is_done() {
                    return;
                }
            }
        }
    }

    /// A connection to a host, with less encryption where that is allowed and no other way.
    async fn open(
        &self,
        hop: &NextHop,
        host: &Host,
        remote: &Remote,
        mut demand: Demand,
        patience: Patience,
    ) -> Result<Connection, OpenError> {
        let introduction = Introduction {
            hostname: &self.router.hostname,
            connector: &self.connector,
            limits: &self.limits,
        };
        loop {
            let began = Instant::now();
            let remote = remote.clone();
            match Connection::open(hop.protocol, remote.clone(), introduction, &demand, patience)
                .await
            {
                Ok(connection) => {
                    self.policies.opened(&demand, host, !connection.tls.is_empty());
                    return Ok(connection);
                }
                Err(error) => {
                    self.policies.not_opened(&demand, host, &error);
                    if error.is_of_tls()
                        && let Some(weaker) = demand.weaker()
                    {
                        tracing::debug!(%remote, %error, security = ?weaker.security, "once more");
                        demand = weaker;
                        continue;
                    }
                    tracing::debug!(%remote, %error, "no connection");
                    let hung = error.is_silence() && self.has_waited(began);
                    self.router.failed(host.name(), &remote.endpoint, hung);
                    return Err(error);
                }
            }
        }
    }

    /// Whether a host that has said nothing since `began` was given the time that hosts need.
    fn has_waited(&self, began: Instant) -> bool {
        began.elapsed() >= self.limits.connect_time
    }

    /// Sends to whoever is pending. A kept connection that proves dead, or that takes no further message for
    /// now, is no failure: a new one is tried.
    async fn hand_over(
        &self,
        hop: &NextHop,
        mut connection: Connection,
        was_kept: bool,
        delivery: &mut Delivery<'_>,
        patience: Patience,
    ) {
        let pending = delivery.pending();
        let recipients = &delivery.mail.recipients;
        let to: Vec<&Mailbox> = pending.iter().filter_map(|at| recipients.get(*at)).collect();
        let began = Instant::now();
        let transfer = transfer(&mut connection, delivery.mail, &to, &self.limits, patience).await;
        if let Err(error) = &transfer.connection {
            tracing::debug!(remote = %connection.remote, %error, was_kept, "connection lost");
        }
        let is_silence = matches!(transfer.connection, Err(Lost::TimedOut));
        let Remote { name, endpoint } = &connection.remote;
        if !is_silence {
            self.router.worked(name.as_ref(), endpoint);
        } else if self.has_waited(began) {
            self.router.failed(name.as_ref(), endpoint, true);
        }
        if was_kept && !transfer.was_begun {
            self.pool.forget(hop);
            if matches!(transfer.connection, Ok(true)) {
                tokio::spawn(connection.quit());
            }
            return;
        }
        let lost = transfer.connection.as_ref().err();
        delivery.answered(&pending, transfer.answers, &connection, lost);
        if matches!(transfer.connection, Ok(true)) {
            self.pool.put(hop, connection);
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.reaper.abort();
    }
}
