//! Leave to connect, for all who deliver: [`governor::Governor`] with its clock, and those who wait.

use crate::{
    address::Domain,
    clock,
    next_hop::{NextHop, Target},
    provider::{
        Judgement, Limits, Providers, Whose,
        governor::{self, Hold, Kept, Leave, Told, Woken},
    },
    slots::{Cause, Ticket},
    time::Millis,
};
use parking_lot::Mutex;
use std::{collections::HashMap, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

/// How much leaves for each provider now. One for the life of the daemon, whatever becomes of its configuration.
#[derive(Debug, Default)]
pub struct Governor {
    state: Mutex<State>,
    /// Something was concluded.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    machine: governor::Governor,
    providers: Providers,
    waiting: HashMap<(Arc<str>, Ticket), oneshot::Sender<Place>>,
}

/// A connection that may be open, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    governor: Arc<Governor>,
    pub(super) whose: Whose,
    cause: Cause,
    /// It finds out whether the suspension can end.
    pub(super) is_probe: bool,
}

/// Whoever waits, until this is dropped.
struct Waiting<'a> {
    governor: &'a Governor,
    whose: &'a Whose,
    cause: &'a Cause,
    ticket: Ticket,
}

impl Governor {
    /// One that knows nothing yet.
    pub fn new(providers: Providers) -> Arc<Self> {
        let governor = Self::default();
        governor.set_providers(providers);
        Arc::new(governor)
    }

    /// Goes by these providers from now on.
    pub fn set_providers(&self, providers: Providers) {
        self.state.lock().providers = providers;
    }

    /// Divides the limits by as many machines from now on.
    pub fn set_nodes(&self, nodes: NonZeroU32) {
        self.state.lock().machine.set_nodes(nodes);
    }

    /// Providers that something is under way to or known of, those first that get less than they take.
    pub fn told(&self) -> Vec<Told> {
        self.state.lock().machine.told(clock::steady_millis())
    }

    /// What is to outlive a restart.
    pub fn kept(&self) -> Kept {
        self.state.lock().machine.kept(clock::steady_millis())
    }

    /// Goes on from what was kept.
    pub fn go_on(&self, kept: Kept) {
        self.state.lock().machine.go_on(kept, clock::steady_millis());
    }

    /// Ends what was concluded of a provider; false where there is nothing.
    pub fn resume(self: &Arc<Self>, provider: &str) -> bool {
        let woken = self.state.lock().machine.resume(provider, clock::steady_millis());
        self.changed.notify_one();
        woken.map(|woken| self.wake(provider, woken)).is_some()
    }

    /// Ends when something was concluded since the last time.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Until when nobody may ask the provider, and why.
    pub fn hold(&self, provider: &str) -> Option<Hold> {
        self.state.lock().machine.hold(provider, clock::steady_millis())
    }

    /// Whose the host is that the MX of `domain` names.
    pub(super) fn of_mx(&self, host: &Domain, domain: &Domain) -> Whose {
        self.state.lock().providers.of_mx(host, domain)
    }

    /// Whose the hosts of a route are; `None` for a destination that has an MX.
    pub(super) fn of_route(&self, hop: &NextHop, own: Limits) -> Option<Whose> {
        let known = match &hop.target {
            Target::Mx(_) => return None,
            Target::Host { name, .. } => self.state.lock().providers.of_route(name),
            Target::Addr(_) | Target::Unix(_) => None,
        };
        Some(known.unwrap_or_else(|| Whose::of_the_operator(hop.owner(), own)))
    }

    /// Waits for a connection that may be open, for mail of `cause`.
    ///
    /// # Errors
    /// When nobody may have one for now.
    pub(super) async fn place(
        self: &Arc<Self>,
        whose: &Whose,
        cause: &Cause,
    ) -> Result<Place, Hold> {
        let (leave, woken, given) = {
            let state = &mut *self.state.lock();
            let (leave, woken) = state.machine.ask(whose, cause, clock::steady_millis());
            let given = match leave {
                Leave::Waits(ticket) => {
                    let (give, given) = oneshot::channel();
                    state.waiting.insert((Arc::clone(&whose.name), ticket), give);
                    Some(given)
                }
                Leave::Granted { .. } | Leave::Held(_) => None,
            };
            (leave, woken, given)
        };
        self.wake(&whose.name, woken);
        let ticket = match leave {
            Leave::Granted { is_probe } => return Ok(self.given(whose.clone(), cause, is_probe)),
            Leave::Held(hold) => return Err(hold),
            Leave::Waits(ticket) => ticket,
        };
        let _waiting = Waiting { governor: self, whose, cause, ticket };
        match given {
            Some(given) => match given.await {
                Ok(mut place) => {
                    place.whose = whose.clone();
                    Ok(place)
                }
                // Sent away: nobody waits for one who is suspended.
                Err(_) => Err(self.hold(&whose.name).unwrap_or_else(|| Hold::now(whose))),
            },
            None => Err(Hold::now(whose)),
        }
    }

    /// Takes the turn of one message, and says how long it is until then.
    ///
    /// # Errors
    /// When that would be after `by`.
    pub(super) fn turn(&self, whose: &Whose, by: Instant) -> Result<Duration, Hold> {
        if whose.is_unhurried() {
            return Ok(Duration::ZERO);
        }
        let now = clock::steady_millis();
        let latest = now + by.saturating_duration_since(Instant::now());
        let at = self.state.lock().machine.turn(whose, now, latest)?;
        Ok(at.since(now))
    }

    /// Connections that may be open to a provider, those that are in use, and messages that go over one.
    pub(super) fn allows(&self, whose: &Whose) -> (u32, u32, usize) {
        let machine = &mut self.state.lock().machine;
        let (connections, messages) = machine.allows(whose, clock::steady_millis());
        (connections, messages, machine.in_use(&whose.name))
    }

    /// A message arrived over a connection that was granted.
    pub(super) fn succeeded(self: &Arc<Self>, place: &Place) {
        let name = &place.whose.name;
        let woken = {
            let machine = &mut self.state.lock().machine;
            let before = machine.version();
            let woken = machine.succeeded(name, place.is_probe, clock::steady_millis());
            (machine.version() != before).then_some(woken)
        };
        if let Some(woken) = woken {
            self.changed.notify_one();
            self.wake(name, woken);
        }
    }

    /// A message of `cause` did not arrive, with this reply of the provider.
    pub(super) fn failed(
        self: &Arc<Self>,
        whose: &Whose,
        judgement: &Judgement,
        reply: &str,
        cause: &Cause,
    ) {
        if whose.is_of_the_operator {
            return;
        }
        let name = &whose.name;
        let now = clock::steady_millis();
        let (woken, hold) = {
            let machine = &mut self.state.lock().machine;
            let before = machine.version();
            let woken = machine.failed(name, judgement, reply, cause, now);
            if machine.version() == before {
                return;
            }
            (woken, machine.hold(name, now))
        };
        match hold {
            Some(hold) => {
                tracing::warn!(provider = %name, until = %hold.until, reply, "suspended: it gets no mail for now")
            }
            None => {
                tracing::warn!(provider = %name, reply, "slowed down: it gets less mail for now")
            }
        }
        self.changed.notify_one();
        self.wake(name, woken);
    }

    fn given(self: &Arc<Self>, whose: Whose, cause: &Cause, is_probe: bool) -> Place {
        Place { governor: Arc::clone(self), whose, cause: cause.clone(), is_probe }
    }

    /// Gives places to those who waited; those who wait in vain learn that by the end of their channel.
    fn wake(self: &Arc<Self>, provider: &str, woken: Woken) {
        if woken == Woken::default() {
            return;
        }
        let name: Arc<str> = provider.into();
        let mut given = Vec::new();
        {
            let waiting = &mut self.state.lock().waiting;
            for ticket in woken.sent_away {
                waiting.remove(&(Arc::clone(&name), ticket));
            }
            for (cause, ticket) in woken.given {
                given.push((cause, waiting.remove(&(Arc::clone(&name), ticket))));
            }
        }
        for (cause, waiting) in given {
            let whose = Whose { name: Arc::clone(&name), ..Whose::default() };
            let place = self.given(whose, &cause, false);
            if let Some(waiting) = waiting {
                // One who has gone meanwhile leaves the place to the next.
                let _ = waiting.send(place);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let now = clock::steady_millis();
        let woken =
            self.governor.state.lock().machine.give_back(&self.whose.name, &self.cause, now);
        self.governor.wake(&self.whose.name, woken);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let state = &mut *self.governor.state.lock();
        state.machine.leave(&self.whose.name, self.cause, self.ticket);
        state.waiting.remove(&(Arc::clone(&self.whose.name), self.ticket));
    }
}

/// Until then nobody need ask again who found none in time.
pub(super) fn in_a_while() -> Millis {
    clock::steady_millis() + Duration::from_secs(5)
}
