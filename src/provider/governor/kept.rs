//! What the governor knows beyond a restart.

use super::{
    Governor,
    governed::{Governed, Slowed, Suspended},
};
use crate::{
    provider::{Limits, Pace},
    time::{Millis, whole_millis},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most providers that are kept.
const MOST: usize = 1000;

/// What was concluded of providers, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Those that do not get all that they take.
    pub providers: Vec<KeptProvider>,
}

/// What was concluded of one provider. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptProvider {
    name: String,
    connections: u32,
    allowed: u32,
    slowed: Option<KeptSlowed>,
    suspended: Option<KeptSuspended>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptSlowed {
    connections: u32,
    each: u64,
    messages: u32,
    time: u64,
    doublings: u8,
    since: u64,
    until: u64,
    why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptSuspended {
    since: u64,
    until: u64,
    interval: u64,
    probe_at: u64,
    why: String,
}

impl Kept {
    /// Nothing was concluded of a provider.
    pub fn forget(&mut self, name: &str) {
        self.providers.retain(|one| one.name != name);
    }
}

impl Governor {
    /// What is to outlive a restart.
    pub fn kept(&self, now: Millis) -> Kept {
        let unusual = self.providers.iter().filter(|(_, governed)| !governed.is_usual());
        let is_over = |until: Millis| until <= now;
        let mut providers: Vec<KeptProvider> = unusual
            .map(|(name, governed)| KeptProvider {
                name: name.to_string(),
                connections: governed.limits.connections,
                allowed: governed.allowed,
                slowed: governed.slowed.as_ref().map(Into::into),
                suspended: governed
                    .suspended
                    .as_ref()
                    .filter(|it| !is_over(it.until))
                    .map(Into::into),
            })
            .collect();
        providers.sort_by(|a, b| a.name.cmp(&b.name));
        providers.truncate(MOST);
        Kept { providers }
    }

    /// Goes on from what was kept. A clock that was set back makes nothing last longer than it was to.
    pub fn go_on(&mut self, kept: Kept, now: Millis) {
        for KeptProvider { name, connections, allowed, slowed, suspended } in kept.providers {
            let mut governed = Governed::new(Limits { connections, ..Limits::OTHERS });
            governed.allowed = allowed.clamp(1, connections.max(1));
            governed.slowed = slowed.map(|it| it.to_slowed(now));
            governed.suspended = suspended.map(|it| it.to_suspended(now));
            governed.look(self.nodes.get(), now);
            self.providers.insert(name.into(), governed);
        }
    }
}

impl From<&Slowed> for KeptSlowed {
    fn from(slowed: &Slowed) -> Self {
        let Slowed { pace, doublings, since, until, why } = slowed;
        Self {
            connections: pace.connections,
            each: whole_millis(pace.each),
            messages: pace.messages,
            time: whole_millis(pace.time),
            doublings: *doublings,
            since: since.as_millis(),
            until: until.as_millis(),
            why: why.to_string(),
        }
    }
}

impl From<&Suspended> for KeptSuspended {
    fn from(suspended: &Suspended) -> Self {
        let Suspended { since, until, interval, probe_at, why } = suspended;
        Self {
            since: since.as_millis(),
            until: until.as_millis(),
            interval: whole_millis(*interval),
            probe_at: probe_at.as_millis(),
            why: why.to_string(),
        }
    }
}

impl KeptSlowed {
    fn to_slowed(&self, now: Millis) -> Slowed {
        let time = Duration::from_millis(self.time);
        let since = Millis::new(self.since).min(now);
        Slowed {
            pace: Pace {
                connections: self.connections,
                each: Duration::from_millis(self.each),
                messages: self.messages,
                time,
            },
            doublings: self.doublings,
            since,
            until: Millis::new(self.until).min(now + time),
            why: self.why.as_str().into(),
        }
    }
}

impl KeptSuspended {
    fn to_suspended(&self, now: Millis) -> Suspended {
        let lasted = Millis::new(self.until).since(Millis::new(self.since));
        let until = Millis::new(self.until).min(now + lasted);
        Suspended {
            since: Millis::new(self.since).min(now),
            until,
            interval: Duration::from_millis(self.interval),
            probe_at: Millis::new(self.probe_at).min(until),
            why: self.why.as_str().into(),
        }
    }
}
