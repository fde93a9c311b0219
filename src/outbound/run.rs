//! One message to one next hop: from host to host, with leave of whoever has them.

use super::{
    NoLeave, Outbound,
    connection::{Connection, Introduction},
    delivery::Delivery,
    dialogue::Lost,
    limits::{Deadline, Patience},
    open_error::OpenError,
    outgoing::Outgoing,
    policies::OfDomain,
    pool::Slot,
    route::Host,
    security::Demand,
    transport::Remote,
};
use crate::{next_hop::NextHop, provider::Whose};
use tokio::time::{Instant, sleep, timeout_at};

impl Outbound {
    /// Waits for leave to send a message to a provider, as long as there is time for a connection. What it waits is added to
    /// `deadline`: a host has as long as before.
    async fn leave(
        &self,
        whose: &Whose,
        mail: &Outgoing,
        until: Deadline,
        deadline: &mut Instant,
    ) -> Result<Slot, NoLeave> {
        let (began, by) = (Instant::now(), until.opened_by());
        let slot = timeout_at(by, self.pool.slot(whose, &mail.cause)).await;
        let slot = slot.map_err(|_| NoLeave::Crowded)?.map_err(NoLeave::Held)?;
        let wait = self.governor.turn(whose, by).map_err(NoLeave::Held)?;
        if !wait.is_zero() {
            sleep(wait).await;
            // It may have been suspended meanwhile.
            if let Some(hold) = self.governor.hold(&whose.name).filter(|_| !slot.place.is_probe()) {
                return Err(NoLeave::Held(hold));
            }
        }
        *deadline = until.end.min(*deadline + began.elapsed());
        Ok(slot)
    }

    /// Asks one host of `hop` behind the other, until everybody has a verdict. Whoever finds out whether a suspension can end
    /// asks over one connection.
    pub(super) async fn run(&self, hop: &NextHop, delivery: &mut Delivery<'_>, until: Deadline) {
        let mut slot = None;
        let mut deadline = until.opened_by();
        if let Some(whose) = self.pool.whose(hop) {
            match self.leave(&whose, delivery.mail, until, &mut deadline).await {
                Ok(leave) => slot = Some(leave),
                Err(why) => return delivery.no_leave(&whose, why),
            }
            delivery.is_for(&whose);
            if let Some(connection) = self.pool.take(hop).await {
                let patience = Patience { deadline: until.end, has_alternative: true };
                if self.hand_over(hop, connection, true, &mut slot, delivery, patience).await {
                    return;
                }
            }
        }
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
            let whose = self.whose_host(hop, host);
            if slot.as_ref().is_none_or(|slot| slot.place.whose != whose) {
                // Nobody waits for one place with another.
                drop(slot.take());
                match self.leave(&whose, delivery.mail, until, &mut deadline).await {
                    Ok(leave) => slot = Some(leave),
                    Err(why) => {
                        delivery.no_leave(&whose, why);
                        continue;
                    }
                }
            }
            delivery.is_for(&whose);
            let found = self.router.endpoints(hop, host, deadline);
            let demanded = self.policies.demand(hop, host, of_domain.as_ref(), deadline);
            let (mut endpoints, demand) = match tokio::join!(found, demanded) {
                (Ok(endpoints), Ok(demand)) => (endpoints, demand),
                (Err(why), _) | (_, Err(why)) => {
                    delivery.no_route(why);
                    continue;
                }
            };
            if let Host::Public { name, port } = host
                && let Some(kept) = self.pool.take_of_host(name, *port, hop.protocol, &demand).await
            {
                let patience = Patience { deadline: until.end, has_alternative: true };
                if self.hand_over(hop, kept, true, &mut slot, delivery, patience).await {
                    return;
                }
            }
            endpoints.truncate(addresses_left);
            addresses_left -= endpoints.len();
            let mut endpoints = endpoints.into_iter().peekable();
            while let Some(endpoint) = endpoints.next() {
                if Instant::now() >= deadline {
                    return;
                }
                // What was heard at one address may be about all.
                let is_probe = slot.as_ref().is_some_and(|slot| slot.place.is_probe());
                if let Some(hold) = self.governor.hold(&whose.name).filter(|_| !is_probe) {
                    return delivery.no_leave(&whose, NoLeave::Held(hold));
                }
                let has_alternative =
                    endpoints.peek().is_some() || (!is_last && addresses_left > 0);
                let patience = Patience { deadline, has_alternative };
                let remote = Remote { name: host.name().cloned(), endpoint };
                let Some(turn) = self.router.addresses.turn(remote.endpoint.tcp()) else {
                    delivery.not_open(&OpenError::Lost(Lost::TimedOut), &remote);
                    continue;
                };
                if timeout_at(deadline, self.pool.room(&whose)).await.is_err() {
                    return delivery.no_leave(&whose, NoLeave::Crowded);
                }
                let is_over = match self.open(hop, host, &remote, demand.clone(), patience).await {
                    Ok(connection) => {
                        let patience = Patience { deadline: until.end, has_alternative };
                        self.hand_over(hop, connection, false, &mut slot, delivery, patience).await
                    }
                    Err(error) => {
                        if let (OpenError::Refused(reply), Some(slot)) = (&error, &slot) {
                            self.heard(&slot.place, &remote, &reply.to_foreign(), delivery);
                        }
                        delivery.not_open(&error, &remote);
                        is_probe && !matches!(error, OpenError::Unreachable(_))
                    }
                };
                drop(turn);
                if is_over {
                    return;
                }
            }
        }
    }

    /// A connection to a host, with less encryption where that is allowed and no other way.
    pub(super) async fn open(
        &self,
        hop: &NextHop,
        host: &Host,
        remote: &Remote,
        demand: Demand,
        patience: Patience,
    ) -> Result<Connection, OpenError> {
        let opened = self.connection(hop, host, remote, demand, patience).await;
        match &opened {
            Ok(_) => self.news.opened(hop),
            Err(error) => self.news.not_open(hop, error),
        }
        opened
    }

    async fn connection(
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
        let mut login = self.logins.begin(hop, patience.until(self.limits.command_time)).await?;
        loop {
            let began = Instant::now();
            let remote = remote.clone();
            match Connection::open(hop, remote.clone(), introduction, &demand, patience).await {
                Ok(connection) => {
                    self.policies.opened(&demand, host, !connection.tls.is_empty());
                    let until = patience.until(self.limits.command_time);
                    return connection.logged_in(login.take(), until).await;
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
}
