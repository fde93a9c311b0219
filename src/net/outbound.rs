use super::{
    client::{Client, Introduction, OpenError},
    delivery::{Attempt, Delivery},
    limits::{OutboundLimits, Patience},
    outgoing::Outgoing,
    policies::Policies,
    pool::Pool,
    resolver::Resolver,
    route::{Host, Router},
    security::{Demand, Security},
    transfer::transfer,
    transport::{Endpoint, Remote},
};
use crate::{
    address::{Domain, DomainPattern, Mailbox},
    next_hop::NextHop,
    reply::Reply,
    tls::Connector,
};
use std::sync::Arc;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};

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
    /// TLS with them.
    pub connector: Connector,
    /// Destination domains and names of hosts that are never spoken to in plaintext.
    pub never_plaintext: Vec<DomainPattern>,
}

impl Outbound {
    /// To be called within a Tokio runtime, on which a task then closes idle connections until the
    /// value is dropped.
    pub fn new(config: OutboundConfig) -> Self {
        let OutboundConfig { hostname, resolver, mx_port, limits, connector, never_plaintext } =
            config;
        let policies = Policies { never_plaintext };
        let pool = Arc::new(Pool::new(limits));
        let idle = Arc::clone(&pool);
        let reaper = tokio::spawn(async move { idle.reap().await });
        let router = Router { resolver, hostname, mx_port, limits };
        Self { router, policies, connector, limits, pool, reaper }
    }

    /// Delivers `mail` to `hop`: one attempt for each recipient, in their order.
    ///
    /// Ends by `deadline`, give or take a moment, with whatever is known then. Where a host was told
    /// the end of data, no other is tried.
    pub async fn deliver(&self, hop: &NextHop, mail: &Outgoing, deadline: Instant) -> Vec<Attempt> {
        let mut delivery = Delivery::new(mail);
        if delivery.is_done() {
            return Vec::new();
        }
        if !mail.has_whole_lines() {
            tracing::error!(
                "a message with a bare CR, a bare LF or an unfinished line was to leave"
            );
            delivery.deferred(Reply::local_error());
            return delivery.finish();
        }
        match timeout_at(deadline, self.pool.slot(hop)).await {
            Ok(Some(_slot)) => self.run(hop, &mut delivery, deadline).await,
            Ok(None) | Err(_) => delivery.deferred(Reply::destination_too_slow()),
        }
        delivery.finish()
    }

    /// What it finds hosts with.
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

    async fn run(&self, hop: &NextHop, delivery: &mut Delivery<'_>, deadline: Instant) {
        if let Some(client) = self.pool.take(hop).await {
            let patience = Patience { deadline, has_alternative: true };
            self.hand_over(hop, client, true, delivery, patience).await;
            if delivery.is_done() {
                return;
            }
        }
        let hosts = match self.router.hosts(&hop.target, deadline).await {
            Ok(hosts) => hosts,
            Err(why) => return delivery.no_route(why),
        };
        let mut addresses_left = self.limits.addresses;
        let mut hosts = hosts.iter().peekable();
        while let Some(host) = hosts.next() {
            let is_last = hosts.peek().is_none();
            let demand = match self.policies.demand(hop, host) {
                Ok(demand) => demand,
                Err(why) => {
                    delivery.no_route(why);
                    continue;
                }
            };
            let mut endpoints = match self.router.endpoints(host, deadline).await {
                Ok(endpoints) => endpoints,
                Err(why) => {
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
                self.try_endpoint(hop, host, endpoint, &demand, delivery, patience).await;
                if delivery.is_done() {
                    return;
                }
            }
        }
    }

    async fn try_endpoint(
        &self,
        hop: &NextHop,
        host: &Host,
        endpoint: Endpoint,
        demand: &Demand,
        delivery: &mut Delivery<'_>,
        patience: Patience,
    ) {
        let remote = Remote { name: host.name().cloned(), endpoint };
        let mut opened = self.open(hop, &remote, demand, patience).await;
        if let Err(error) = &opened
            && error.is_of_tls()
            && demand.may_be_plain()
        {
            tracing::debug!(%remote, %error, "plaintext instead, on a new connection");
            let plain = Demand::ours(Security::Plain);
            opened = self.open(hop, &remote, &plain, patience).await;
        }
        match opened {
            Ok(client) => self.hand_over(hop, client, false, delivery, patience).await,
            Err(error) => {
                tracing::debug!(%remote, %error, "no connection");
                delivery.not_open(&error, &remote);
            }
        }
    }

    async fn open(
        &self,
        hop: &NextHop,
        remote: &Remote,
        demand: &Demand,
        patience: Patience,
    ) -> Result<Client, OpenError> {
        let introduction = Introduction {
            hostname: &self.router.hostname,
            connector: &self.connector,
            limits: &self.limits,
        };
        Client::open(hop.protocol, remote.clone(), introduction, demand, patience).await
    }

    /// Sends to whoever is pending. A kept connection that proves dead before it answered is no
    /// failure: nothing was tried yet.
    async fn hand_over(
        &self,
        hop: &NextHop,
        mut client: Client,
        was_kept: bool,
        delivery: &mut Delivery<'_>,
        patience: Patience,
    ) {
        let pending = delivery.pending();
        let recipients = &delivery.mail.recipients;
        let to: Vec<&Mailbox> = pending.iter().filter_map(|at| recipients.get(*at)).collect();
        let transfer = transfer(&mut client, delivery.mail, &to, &self.limits, patience).await;
        if let Err(error) = &transfer.connection {
            tracing::debug!(remote = %client.remote, %error, was_kept, "connection lost");
        }
        if was_kept && !transfer.was_answered {
            self.pool.forget(hop);
            return;
        }
        let lost = transfer.connection.as_ref().err();
        delivery.answered(&pending, transfer.answers, &client, lost);
        if matches!(transfer.connection, Ok(true)) {
            self.pool.put(hop, client);
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.reaper.abort();
    }
}
