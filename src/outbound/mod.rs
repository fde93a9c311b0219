//! Destinations: messages handed to other servers, and what they said.
//!
//! [`Outbound::deliver`] is the way in: `route` finds the hosts, [`Governor`] says whether their provider may be asked
//! now, `policies` says how they must encrypt, `pool` keeps connections, `connection` is one of them, over which a
//! [`Dialogue`] is held, and `transfer` hands one message over. `run` is that from host to host, `hand_over` what is told of
//! a message to whoever has to know.

mod connection;
mod delivery;
mod dialogue;
mod fetch;
mod governor;
mod hand_over;
mod health;
mod limits;
mod login;
mod news;
mod open_error;
mod outgoing;
mod parking;
mod places;
mod policies;
mod pool;
mod probe;
mod route;
mod run;
mod security;
mod sts;
mod transfer;
mod transport;
mod verdict;

pub use delivery::Attempt;
pub use dialogue::{Dialogue, Lost};
pub use fetch::published_policy;
pub use governor::Governor;
pub use limits::{Deadline, OutboundLimits};
pub use login::ReadPassword;
pub use outgoing::{Checkpoint, DsnRequest, Outgoing, Progress};

use crate::{
    address::{Domain, DomainPattern},
    dns::{Resolver, ValidatingResolver},
    event::Listener,
    mta_sts::PolicyStore,
    next_hop::{NextHop, Target},
    provider::{Limits, Whose, governor::Hold},
    reply::Reply,
    tls::Connector,
    tls_rpt::Counts,
};
use delivery::Delivery;
use fetch::Fetcher;
use health::Health;
use login::Logins;
use news::News;
use policies::Policies;
use pool::Pool;
use route::{Host, NoRoute, Router};
use std::{sync::Arc, time::Duration};
use sts::Sts;
use tokio::{task::JoinHandle, time::Instant};

/// Hands messages to other servers and reports what they said. One serves the whole daemon.
#[derive(Debug)]
pub struct Outbound {
    router: Router,
    policies: Policies,
    connector: Connector,
    limits: OutboundLimits,
    governor: Arc<Governor>,
    logins: Logins,
    news: News,
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
    /// Says how much leaves for whom.
    pub governor: Arc<Governor>,
    /// Reads the passwords of logins.
    pub passwords: ReadPassword,
    /// Is told what the operator has to mend.
    pub listener: Option<Arc<dyn Listener>>,
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
        let governor = config.governor;
        let (logins, news) = (Logins::new(config.passwords), News::new(config.listener));
        let pool = Arc::new(Pool::new(limits, Arc::clone(&governor)));
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
        Self { router, policies, connector, limits, governor, logins, news, pool, reaper }
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
        delivery.has_login = hop.login().is_some();
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
        self.run(hop, &mut delivery, deadline).await;
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

    /// Whose the hosts of `hop` are; where it has none, that is the owner of its domain. `None` where DNS does not tell until
    /// `deadline`.
    pub async fn whose(&self, hop: &NextHop, deadline: Instant) -> Option<Arc<str>> {
        if let Some(whose) = self.pool.whose(hop).or_else(|| self.of_route(hop)) {
            return Some(whose.name);
        }
        match self.router.hosts(&hop.target, None, deadline).await {
            Ok(hosts) => hosts.first().map(|host| self.whose_host(hop, host).name),
            Err(NoRoute::Dns) => None,
            Err(_) => Some(hop.owner()),
        }
    }

    /// What says how much leaves for whom.
    pub fn governor(&self) -> &Arc<Governor> {
        &self.governor
    }

    fn of_route(&self, hop: &NextHop) -> Option<Whose> {
        let OutboundLimits { per_route, messages_per_connection, .. } = self.limits;
        let own = Limits { connections: per_route, messages: messages_per_connection, rate: None };
        self.governor.of_route(hop, own)
    }

    fn whose_host(&self, hop: &NextHop, host: &Host) -> Whose {
        match (&hop.target, host.name()) {
            (Target::Mx(domain), Some(name)) => self.governor.of_mx(name, domain),
            _ => self.of_route(hop).unwrap_or_default(),
        }
    }
}

/// Why a message does not leave for now, whatever its destination would say.
#[derive(Debug)]
enum NoLeave {
    /// The provider gets nothing, or not at once.
    Held(Hold),
    /// Others have all connections.
    Crowded,
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.reaper.abort();
    }
}
