use super::{
    connection::Connection,
    governor::{self, Governor},
    limits::OutboundLimits,
    parking::{Parked, Parking},
    places::{Place, Places},
    security::{Demand, Security},
};
use crate::{
    address::Domain,
    next_hop::{NextHop, Protocol},
    provider::{Whose, governor::Hold},
    slots::Cause,
    tls::Trust,
};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Idle connections, and the right to use one.
///
/// Those in use and idle together never exceed what the provider is allowed: one that is kept for another of its domains is
/// closed before a new one is opened.
#[derive(Debug)]
pub(super) struct Pool {
    limits: OutboundLimits,
    governor: Arc<Governor>,
    /// Divided between the providers.
    in_use: Places<Arc<str>>,
    parking: Parking,
    state: Mutex<State>,
    /// Something was put into an empty pool.
    filled: Notify,
}

/// The right to use one connection.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) place: governor::Place,
    _of_all: Place<Arc<str>>,
}

#[derive(Debug, Default)]
struct State {
    hops: HashMap<NextHop, Hop>,
    idle: usize,
}

#[derive(Debug)]
struct Hop {
    whose: Whose,
    /// The one that was used last is at the back.
    idle: VecDeque<Idle>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    expires: Instant,
    parked: Parked,
}

impl Pool {
    pub(super) fn new(limits: OutboundLimits, governor: Arc<Governor>) -> Self {
        Self {
            limits,
            governor,
            in_use: Places::new(limits.in_use),
            parking: Parking::default(),
            state: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// Waits for the right to use a connection to a provider for mail of `cause`.
    ///
    /// # Errors
    /// When nobody may for now.
    pub(super) async fn slot(&self, whose: &Whose, cause: &Cause) -> Result<Slot, Hold> {
        // First the narrow gate, so that nobody waits there with a place in the wide one.
        let place = self.governor.place(whose, cause).await?;
        // It never comes that there is none: nothing is closed.
        let of_all = self.in_use.place(&whose.name).await.ok_or_else(|| Hold::now(whose))?;
        Ok(Slot { place, _of_all: of_all })
    }

    /// Whose the connections are that are kept for `hop`; `None` where there is none.
    pub(super) fn whose(&self, hop: &NextHop) -> Option<Whose> {
        self.state.lock().hops.get(hop).map(|hop| hop.whose.clone())
    }

    /// The idle connection to `hop` that was used last, unless it was closed meanwhile.
    pub(super) async fn take(&self, hop: &NextHop) -> Option<Connection> {
        loop {
            let idle = self.state.lock().take(hop, |_| true)?;
            if let Some(connection) = idle.usable().await {
                return Some(connection);
            }
        }
    }

    /// An idle connection to this very host that was opened for another destination, and as `demand` has it.
    pub(super) async fn take_of_host(
        &self,
        host: &Domain,
        port: u16,
        protocol: Protocol,
        demand: &Demand,
    ) -> Option<Connection> {
        // A certificate by DANE may be for the name of the destination.
        if matches!(demand.security, Security::Required(Trust::Dane(_))) {
            return None;
        }
        let is_it = |connection: &Connection| {
            connection.protocol == protocol
                && connection.security == demand.security
                && connection.remote.name.as_ref() == Some(host)
                && connection.remote.endpoint.tcp().is_some_and(|address| address.port() == port)
        };
        loop {
            let idle = {
                let mut state = self.state.lock();
                let of = |hop: &Hop| hop.idle.iter().any(|idle| is_it(&idle.connection));
                let hop = state.hops.iter().find(|(_, hop)| of(hop)).map(|(hop, _)| hop.clone())?;
                state.take(&hop, is_it)?
            };
            if let Some(connection) = idle.usable().await {
                return Some(connection);
            }
        }
    }

    /// Waits until one more connection may be open to a provider, for who has a slot: one that is kept is closed for
    /// it.
    pub(super) async fn room(&self, whose: &Whose) {
        loop {
            let left = self.parking.left();
            let (connections, _, in_use) = self.governor.allows(whose);
            if in_use + self.parking.count(&whose.name) <= (connections as usize).max(in_use) {
                return;
            }
            let oldest = self.state.lock().oldest_of(&whose.name);
            match oldest {
                Some(idle) => idle.quit().await,
                // Those that are left are being closed.
                None => left.await,
            }
        }
    }

    /// Keeps a connection for the next message, as far as the limits go.
    pub(super) fn put(&self, hop: &NextHop, connection: Connection, slot: Slot) {
        let whose = &slot.place.whose;
        let (connections, messages, in_use) = self.governor.allows(whose);
        let is_worn = connection.messages >= messages;
        let is_crowded = in_use + self.parking.count(&whose.name) > connections as usize;
        let surplus = if is_worn || is_crowded {
            Some(connection)
        } else {
            let expires = Instant::now() + self.limits.idle_time;
            let parked = self.parking.park(&whose.name);
            let idle = Idle { connection, expires, parked };
            let back = self.state.lock().put(hop, whose, idle, &self.limits);
            back.map(|idle| idle.connection)
        };
        match surplus {
            // It is in use until it is closed.
            Some(connection) => drop(tokio::spawn(async move {
                connection.quit().await;
                drop(slot);
            })),
            None => self.filled.notify_one(),
        }
    }

    /// Lets go of all idle connections to `hop`: one was found dead, its peer may have restarted.
    pub(super) fn forget(&self, hop: &NextHop) {
        drop(self.state.lock().forget(hop));
    }

    /// Takes leave on all idle connections.
    pub(super) async fn close(&self) {
        let idle = self.state.lock().expire(None);
        idle.into_iter().map(Idle::quit).collect::<JoinSet<_>>().join_all().await;
    }

    /// Takes leave on connections that were idle for too long; runs until it is dropped.
    pub(super) async fn reap(&self) {
        loop {
            let next = self.state.lock().next_expiry();
            match next {
                None => self.filled.notified().await,
                Some(next) => {
                    sleep_until(next).await;
                    let expired = self.state.lock().expire(Some(Instant::now()));
                    for idle in expired {
                        tokio::spawn(idle.quit());
                    }
                }
            }
        }
    }

    /// Idle connections, in all.
    pub(super) fn idle(&self) -> usize {
        self.state.lock().idle
    }
}

impl Idle {
    /// The connection, unless its time is up or it was closed.
    async fn usable(self) -> Option<Connection> {
        let Self { mut connection, expires, .. } = self;
        (expires > Instant::now() && connection.dialogue.is_quiet().await).then_some(connection)
    }

    /// Takes leave; it counts until then.
    async fn quit(self) {
        let Self { connection, parked, .. } = self;
        connection.quit().await;
        drop(parked);
    }
}

impl State {
    fn take(&mut self, hop: &NextHop, is_it: impl Fn(&Connection) -> bool) -> Option<Idle> {
        let here = self.hops.get_mut(hop)?;
        let at = here.idle.iter().rposition(|idle| is_it(&idle.connection))?;
        let idle = here.idle.remove(at)?;
        if here.idle.is_empty() {
            self.hops.remove(hop);
        }
        self.idle -= 1;
        Some(idle)
    }

    /// Of those to a provider the one that would be closed next.
    fn oldest_of(&mut self, provider: &str) -> Option<Idle> {
        let of = self.hops.iter().filter(|(_, hop)| *hop.whose.name == *provider);
        let (hop, _) = of.min_by_key(|(_, hop)| hop.idle.front().map(|idle| idle.expires))?;
        let hop = hop.clone();
        let here = self.hops.get_mut(&hop)?;
        let idle = here.idle.pop_front()?;
        if here.idle.is_empty() {
            self.hops.remove(&hop);
        }
        self.idle -= 1;
        Some(idle)
    }

    /// Gives back what finds no room.
    fn put(
        &mut self,
        hop: &NextHop,
        whose: &Whose,
        idle: Idle,
        limits: &OutboundLimits,
    ) -> Option<Idle> {
        let here = self.hops.get(hop).map_or(0, |hop| hop.idle.len());
        if self.idle >= limits.idle || here >= limits.idle_per_next_hop {
            return Some(idle);
        }
        let new = || Hop { whose: whose.clone(), idle: VecDeque::new() };
        match self.hops.get_mut(hop) {
            Some(here) => here.idle.push_back(idle),
            None => self.hops.entry(hop.clone()).or_insert_with(new).idle.push_back(idle),
        }
        self.idle += 1;
        None
    }

    fn forget(&mut self, hop: &NextHop) -> Option<Hop> {
        let gone = self.hops.remove(hop)?;
        self.idle -= gone.idle.len();
        Some(gone)
    }

    fn next_expiry(&self) -> Option<Instant> {
        self.hops.values().filter_map(|hop| hop.idle.front()).map(|idle| idle.expires).min()
    }

    /// Removes what has expired by `now`, or all.
    fn expire(&mut self, now: Option<Instant>) -> Vec<Idle> {
        let mut expired = Vec::new();
        self.hops.retain(|_, hop| {
            let stays = |idle: &Idle| now.is_some_and(|now| idle.expires > now);
            let keep_from = hop.idle.iter().position(stays).unwrap_or(hop.idle.len());
            expired.extend(hop.idle.drain(..keep_from));
            !hop.idle.is_empty()
        });
        self.idle -= expired.len();
        expired
    }
}
