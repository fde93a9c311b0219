//! One message to one next hop: from host to host, with leave of whoever has them.

use super::{
    NoLeave, Outbound,
    connection::{Connection, Introduction, OpenError},
    delivery::Delivery,
    dialogue::Lost,
    limits::{Deadline, Patience},
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
    /// Waits for leave to send a message to a provider; until `by` at most.
    async fn leave(&self, whose: &Whose, mail: &Outgoing, by: Instant) -> Result<Slot, NoLeave> {
        let slot = timeout_at(by, self.pool.slot(whose, &mail.cause)).await;
        let slot = slot.map_err(|_| NoLeave::Crowded)?.map_err(NoLeave::Held)?;
        let wait = self.governor.turn(whose, by).map_err(NoLeave::Held)?;
        if !wait.is_zero() {
            sleep(wait).await;
            // It may have been suspended meanwhile.
            if let Some(hold) = self.governor.hold(&whose.name).filter(|_| !slot.place.is_probe) {
                return Err(NoLeave::Held(hold));
            }
        }
        Ok(slot)
    }

    /// Asks one host of `hop` behind the other, until everybody has a verdict.
    pub(super) async fn run(&self, hop: &NextHop, delivery: &mut Delivery<'_>, until: Deadline) {
        let mut slot = None;
        // Who waits for leave has as long as before for a connection.
        let mut deadline = until.opened_by();
        if let Some(whose) = self.pool.whose(hop) {
            let began = Instant::now();
            match self.leave(&whose, delivery.mail, until.opened_by()).await {
                Ok(leave) => slot = Some(leave),
                Err(why) => return delivery.no_leave(&whose, why),
            }
            delivery.is_for(&whose);
            deadline = until.end.min(deadline + began.elapsed());
            if let Some(connection) = self.pool.take(hop).await {
                let patience = Patience { deadline: until.end, has_alternative: true };
                self.hand_over(hop, connection, true, &mut slot, delivery, patience).await;
                if delivery.is_done() {
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
                let began = Instant::now();
                match self.leave(&whose, delivery.mail, until.opened_by()).await {
                    Ok(leave) => slot = Some(leave),
                    Err(why) => {
                        delivery.no_leave(&whose, why);
                        continue;
                    }
                }
                deadline = until.end.min(deadline + began.elapsed());
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
                self.hand_over(hop, kept, true, &mut slot, delivery, patience).await;
                if delivery.is_done() {
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
                let is_probe = slot.as_ref().is_some_and(|slot| slot.place.is_probe);
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
                match self.open(hop, host, &remote, demand.clone(), patience).await {
                    Ok(connection) => {
                        let patience = Patience { deadline: until.end, has_alternative };
                        self.hand_over(hop, connection, false, &mut slot, delivery, patience).await;
                    }
                    Err(error) => {
                        if let OpenError::Refused(reply) = &error {
                            let said = reply.to_foreign().to_string();
                            self.heard(&whose, &remote, &said, delivery);
                        }
                        delivery.not_open(&error, &remote);
                    }
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
}
