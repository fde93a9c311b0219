use super::{
    connection::Connection,
    limits::OutboundLimits,
    places::{Place, Places},
};
use crate::{
    next_hop::{NextHop, Target},
    slots::Cause,
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

/// Below this many next hops none is looked at for removal.
const SWEEP_FROM: usize = 256;

/// Idle connections, and the right to use one.
///
/// Connections of one next hop are taken before a new one is opened, so that those in use and idle
/// together never exceed the limit on those in use.
#[derive(Debug)]
pub(super) struct Pool {
    limits: OutboundLimits,
    /// Divided between the owners of the hosts.
    in_use: Places<Arc<str>>,
    state: Mutex<State>,
    /// Something was put into an empty pool.
    filled: Notify,
}

/// The right to use one connection.
#[derive(Debug)]
pub(super) struct Slot {
    _of_hop: Place<Cause>,
    _of_all: Place<Arc<str>>,
}

#[derive(Debug, Default)]
struct State {
    hops: HashMap<NextHop, Hop>,
    idle: usize,
    sweep_at: usize,
}

#[derive(Debug)]
struct Hop {
    owner: Arc<str>,
    /// Divided between those who cause the mail.
    in_use: Places<Cause>,
    /// The one that was used last is at the back.
    idle: VecDeque<Idle>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    expires: Instant,
}

impl Pool {
    pub(super) fn new(limits: OutboundLimits) -> Self {
        Self {
            limits,
            in_use: Places::new(limits.in_use),
            state: Mutex::new(State { sweep_at: SWEEP_FROM, ..State::default() }),
            filled: Notify::new(),
        }
    }

    /// Waits for the right to use a connection to `hop` for mail of `cause`. `None` never comes: nothing is closed.
    pub(super) async fn slot(&self, hop: &NextHop, cause: &Cause) -> Option<Slot> {
        let (of_hop, owner) = self.places(hop);
        // First the narrow gate, so that nobody waits there with a place in the wide one.
        let of_hop = of_hop.place(cause).await?;
        let of_all = self.in_use.place(&owner).await?;
        Some(Slot { _of_hop: of_hop, _of_all: of_all })
    }

    /// The idle connection that was used last, unless it was closed meanwhile.
    pub(super) async fn take(&self, hop: &NextHop) -> Option<Connection> {
        loop {
            let idle = self.state.lock().take(hop)?;
            let mut connection = idle.connection;
            if idle.expires > Instant::now() && connection.dialogue.is_quiet().await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next message, as far as the limits go.
    pub(super) fn put(&self, hop: &NextHop, connection: Connection) {
        let expires = Instant::now() + self.limits.idle_time;
        let is_worn = connection.messages >= self.limits.messages_per_connection;
        let surplus = if is_worn {
            Some(connection)
        } else {
            self.state.lock().put(hop, Idle { connection, expires }, &self.limits)
        };
        match surplus {
            Some(connection) => drop(tokio::spawn(connection.quit())),
            None => self.filled.notify_one(),
        }
    }

    /// Lets go of all idle connections to `hop`: one was found dead, its peer may have restarted.
    pub(super) fn forget(&self, hop: &NextHop) {
        while self.state.lock().take(hop).is_some() {}
    }

    /// Takes leave on all idle connections.
    pub(super) async fn close(&self) {
        let connections = self.state.lock().expire(None);
        connections.into_iter().map(Connection::quit).collect::<JoinSet<_>>().join_all().await;
    }

    /// Takes leave on connections that were idle for too long; runs until it is dropped.
    pub(super) async fn reap(&self) {
        loop {
            let next = self.state.lock().next_expiry();
            match next {
                None => self.filled.notified().await,
                Some(next) => {
                    sleep_until(next).await;
                    for connection in self.state.lock().expire(Some(Instant::now())) {
                        tokio::spawn(connection.quit());
                    }
                }
            }
        }
    }

    /// Idle connections, in all.
    pub(super) fn idle(&self) -> usize {
        self.state.lock().idle
    }

    fn places(&self, hop: &NextHop) -> (Places<Cause>, Arc<str>) {
        let mut state = self.state.lock();
        if let Some(hop) = state.hops.get(hop) {
            return (hop.in_use.clone(), Arc::clone(&hop.owner));
        }
        state.sweep();
        let in_use = Places::new(match hop.target {
            Target::Mx(_) => self.limits.per_domain,
            Target::Host { .. } | Target::Addr(_) | Target::Unix(_) => self.limits.per_route,
        });
        let owner = hop.owner();
        let entry =
            Hop { owner: Arc::clone(&owner), in_use: in_use.clone(), idle: VecDeque::new() };
        state.hops.insert(hop.clone(), entry);
        (in_use, owner)
    }
}

impl State {
    fn take(&mut self, hop: &NextHop) -> Option<Idle> {
        let idle = self.hops.get_mut(hop)?.idle.pop_back()?;
        self.idle -= 1;
        Some(idle)
    }

    /// Gives back what finds no room.
    fn put(&mut self, hop: &NextHop, idle: Idle, limits: &OutboundLimits) -> Option<Connection> {
        match self.hops.get_mut(hop) {
            Some(hop) if self.idle < limits.idle && hop.idle.len() < limits.idle_per_next_hop => {
                hop.idle.push_back(idle);
                self.idle += 1;
                None
            }
            _ => Some(idle.connection),
        }
    }

    fn next_expiry(&self) -> Option<Instant> {
        self.hops.values().filter_map(|hop| hop.idle.front()).map(|idle| idle.expires).min()
    }

    /// Removes what has expired by `now`, or all.
    fn expire(&mut self, now: Option<Instant>) -> Vec<Connection> {
        let mut expired = Vec::new();
        for hop in self.hops.values_mut() {
            let stays = |idle: &Idle| now.is_some_and(|now| idle.expires > now);
            let keep_from = hop.idle.iter().position(stays).unwrap_or(hop.idle.len());
            expired.extend(hop.idle.drain(..keep_from).map(|idle| idle.connection));
        }
        self.idle -= expired.len();
        expired
    }

    /// Forgets next hops that nobody uses or waits for, now and then: there are as many as domains
    /// that somebody writes from.
    fn sweep(&mut self) {
        if self.hops.len() >= self.sweep_at {
            self.hops.retain(|_, hop| !hop.idle.is_empty() || hop.in_use.are_wanted());
            self.sweep_at = SWEEP_FROM.max(2 * self.hops.len());
        }
    }
}
