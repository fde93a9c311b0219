//! Who may connect to a provider now, and how often: one answer for all who deliver.
//!
//! [`Governor`] is a value: it is asked before a connection ([`Governor::ask`]) and before a message ([`Governor::turn`]),
//! told what came of it, and knows no clock. What it concludes: fewer connections, one more for every twenty messages
//! that arrive, and never more than the table allows; a rate; or nothing at all for a time, in which one message now and
//! then finds out whether it has passed.

mod governed;
mod kept;
mod pace;
mod told;

pub use governed::Woken;
pub use kept::{Kept, KeptProvider};
pub use told::{State, Told};

use super::{Judgement, Limits, Whose};
use crate::{
    slots::{Cause, Ticket},
    time::Millis,
};
use governed::{Governed, Refused};
use std::{collections::HashMap, fmt, num::NonZeroU32, sync::Arc};

/// Below this many providers none is looked at for removal.
const SWEEP_FROM: usize = 256;
/// Most providers: the newest are governed by what is usual for them, and not remembered.
const MOST: usize = 100_000;

/// How much leaves for each provider now.
#[derive(Debug)]
pub struct Governor {
    providers: HashMap<Arc<str>, Governed>,
    /// Machines that share the limits.
    nodes: NonZeroU32,
    sweep_at: usize,
    /// Counts what was concluded; whoever keeps it sees by that whether there is something new.
    version: u64,
}

/// Nobody may ask a provider before a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The name of the provider.
    pub provider: Arc<str>,
    /// When somebody may ask again.
    pub until: Millis,
    /// The provider gets nothing; else it only is not this one's turn before.
    pub is_suspended: bool,
    /// The reply from which that was concluded.
    pub why: Arc<str>,
}

impl Hold {
    /// Of who found no place, and may ask at once.
    pub fn now(whose: &Whose) -> Self {
        let provider = Arc::clone(&whose.name);
        Self { provider, until: Millis::EPOCH, is_suspended: false, why: "".into() }
    }
}

/// `yahoo gets no mail before 2026-11-30T00:00:00.000Z: 421 4.7.0 [TSS04] …`
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, until, is_suspended, why } = self;
        match is_suspended {
            true => write!(f, "{provider} gets no mail before {until}: {why}"),
            false if why.is_empty() => {
                write!(f, "{provider} has all the connections and messages that it takes")
            }
            false => write!(f, "{provider} is slowed down, its next turn is at {until}: {why}"),
        }
    }
}

/// The answer to who asks for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// There is one.
    Granted {
        /// It finds out whether the suspension can end.
        is_probe: bool,
    },
    /// Whoever gives one back makes room, and names this ticket.
    Waits(Ticket),
    /// Not before a time.
    Held(Hold),
}

impl Default for Governor {
    fn default() -> Self {
        Self { providers: HashMap::new(), nodes: NonZeroU32::MIN, sweep_at: SWEEP_FROM, version: 0 }
    }
}

impl Governor {
    /// Asks for a connection to the provider, for mail of `cause`; others may come to one by the time that passed.
    pub fn ask(&mut self, whose: &Whose, cause: &Cause, now: Millis) -> (Leave, Woken) {
        let nodes = self.nodes.get();
        let governed = self.governed(whose, now);
        let given = governed.look(nodes, now);
        let leave = match governed.take(&whose.name, cause, now) {
            Ok(is_probe) => Leave::Granted { is_probe },
            Err(Refused::Waits(ticket)) => Leave::Waits(ticket),
            Err(Refused::Held(hold)) => Leave::Held(hold),
        };
        (leave, Woken { given, sent_away: Vec::new() })
    }

    /// Whoever has the ticket waits no longer; nothing happens where the place is given already.
    pub fn leave(&mut self, provider: &str, cause: &Cause, ticket: Ticket) {
        if let Some(governed) = self.providers.get_mut(provider) {
            governed.leave(cause, ticket);
        }
    }

    /// A connection that was granted is closed, or kept for whoever asks next.
    pub fn give_back(&mut self, provider: &str, cause: &Cause, now: Millis) -> Woken {
        let nodes = self.nodes.get();
        let Some(governed) = self.providers.get_mut(provider) else { return Woken::default() };
        let mut given = governed.look(nodes, now);
        given.extend(governed.give_back(cause));
        Woken { given, sent_away: Vec::new() }
    }

    /// Takes the turn of one message, and says when that is: no later than `latest`.
    ///
    /// # Errors
    /// When it would be: nothing is taken.
    pub fn turn(&mut self, whose: &Whose, now: Millis, latest: Millis) -> Result<Millis, Hold> {
        let nodes = self.nodes.get();
        let governed = self.governed(whose, now);
        governed.expire(now);
        governed.turn(nodes, now, latest).map_err(|until| Hold {
            provider: Arc::clone(&whose.name),
            until,
            is_suspended: false,
            why: governed
                .slowed
                .as_ref()
                .map_or_else(|| "".into(), |slowed| Arc::clone(&slowed.why)),
        })
    }

    /// A message arrived; `is_probe` is what it was granted with.
    pub fn succeeded(&mut self, provider: &str, is_probe: bool, now: Millis) -> Woken {
        let nodes = self.nodes.get();
        let Some(governed) = self.providers.get_mut(provider) else { return Woken::default() };
        if governed.is_usual() {
            return Woken::default();
        }
        governed.succeeded(is_probe);
        self.version += 1;
        Woken { given: governed.look(nodes, now), sent_away: Vec::new() }
    }

    /// A message of `cause` did not arrive, with this reply.
    pub fn failed(
        &mut self,
        provider: &str,
        judgement: &Judgement,
        reply: &str,
        cause: &Cause,
        now: Millis,
    ) -> Woken {
        let nodes = self.nodes.get();
        let Some(governed) = self.providers.get_mut(provider) else { return Woken::default() };
        if !governed.failed(judgement, reply, cause, now) {
            return Woken::default();
        }
        self.version += 1;
        let given = governed.look(nodes, now);
        let sent_away = match governed.suspended {
            Some(_) => governed.send_away(),
            None => Vec::new(),
        };
        Woken { given, sent_away }
    }

    /// Ends what was concluded of a provider; `None` where there is nothing.
    pub fn resume(&mut self, provider: &str, now: Millis) -> Option<Woken> {
        let nodes = self.nodes.get();
        let governed = self.providers.get_mut(provider)?;
        governed.expire(now);
        let was = governed.resume();
        let given = governed.look(nodes, now);
        self.version += u64::from(was);
        was.then_some(Woken { given, sent_away: Vec::new() })
    }

    /// Until when nobody may ask the provider, and why.
    pub fn hold(&self, provider: &str, now: Millis) -> Option<Hold> {
        let (name, governed) = self.providers.get_key_value(provider)?;
        governed.hold(name, now)
    }

    /// Connections that may be open to the provider, and messages that go over one of them.
    pub fn allows(&mut self, whose: &Whose, now: Millis) -> (u32, u32) {
        let nodes = self.nodes.get();
        let governed = self.governed(whose, now);
        (governed.connections(nodes), governed.messages())
    }

    /// Connections in use.
    pub fn in_use(&self, provider: &str) -> usize {
        self.providers.get(provider).map_or(0, Governed::in_use)
    }

    /// Divides the limits by as many machines from now on.
    pub fn set_nodes(&mut self, nodes: NonZeroU32) {
        self.nodes = nodes;
    }

    /// Counts what was concluded.
    pub fn version(&self) -> u64 {
        self.version
    }

    fn governed(&mut self, whose: &Whose, now: Millis) -> &mut Governed {
        if !self.providers.contains_key(&whose.name) {
            self.sweep(now);
        }
        let new = || Governed::new(whose.limits);
        let governed = self.providers.entry(Arc::clone(&whose.name)).or_insert_with(new);
        governed.set_limits(whose.limits);
        governed
    }

    /// Forgets providers of which there is nothing to say, now and then: there are as many as somebody writes from.
    fn sweep(&mut self, now: Millis) {
        if self.providers.len() >= self.sweep_at {
            self.providers.retain(|_, governed| !governed.is_idle(now));
            if self.providers.len() >= MOST {
                self.providers.retain(|_, governed| governed.in_use() + governed.waiting() > 0);
            }
            self.sweep_at = SWEEP_FROM.max(2 * self.providers.len()).min(MOST);
        }
    }
}

impl Governed {
    /// The limits may be others since a reload.
    fn set_limits(&mut self, limits: Limits) {
        if limits != self.limits {
            let is_full = self.allowed >= self.limits.connections;
            self.allowed = match is_full {
                true => limits.connections,
                false => self.allowed.min(limits.connections),
            };
            self.limits = limits;
        }
    }
}

#[cfg(test)]
mod tests;
