use std::time::Duration;
use tokio::time::Instant;

/// Bounds of outbound connections. The default is what a forwarder of some domains needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundLimits {
    /// Connections to a host or socket that a route names: the operator's own. 100. As those of a provider, they are
    /// divided between whoever causes the mail, see [`allowance`](crate::slots::allowance).
    pub per_route: u32,
    /// Connections in use, in all. 500. They are divided alike between the providers.
    pub in_use: usize,
    /// Idle connections kept for one next hop. 50.
    pub idle_per_next_hop: usize,
    /// Idle connections kept, in all. 200.
    pub idle: usize,
    /// How long an idle connection is kept. 5 s: enough for a burst, and it costs the peer little.
    pub idle_time: Duration,
    /// Messages sent over one connection to such a host. 100.
    pub messages_per_connection: u32,
    /// MX hosts of one domain that are tried. 10.
    pub mx_hosts: usize,
    /// Addresses that are tried for one message, all hosts together. 20.
    pub addresses: usize,
    /// How long one DNS answer may take. 10 s.
    pub dns_time: Duration,
    /// How long a connection may take to open while there is another address to try; the last one may
    /// take all that is left until the deadline. 10 s.
    pub connect_time: Duration,
    /// As [`Self::connect_time`] for the greeting, which some servers hold back for a while. 15 s.
    pub greeting_time: Duration,
    /// As [`Self::connect_time`] for each reply up to that to DATA. 15 s.
    pub command_time: Duration,
    /// How long the reply to the end of data may take, whatever the deadline: the message is the destination's
    /// by then, and must not be sent once more (RFC 1047). 10 min, as RFC 5321 §4.5.3.2.6 has it.
    pub final_time: Duration,
}

impl Default for OutboundLimits {
    fn default() -> Self {
        Self {
            per_route: 100,
            in_use: 500,
            idle_per_next_hop: 50,
            idle: 200,
            idle_time: Duration::from_secs(5),
            messages_per_connection: 100,
            mx_hosts: 10,
            addresses: 20,
            dns_time: Duration::from_secs(10),
            connect_time: Duration::from_secs(10),
            greeting_time: Duration::from_secs(15),
            command_time: Duration::from_secs(15),
            final_time: Duration::from_mins(10),
        }
    }
}

/// How long a delivery may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// Until when the end of data must be sent.
    pub end: Instant,
    /// How long it may take to get a connection on which a host has greeted and answered EHLO, all hosts together;
    /// `None`: as long as there is time.
    pub opening: Option<Duration>,
}

impl From<Instant> for Deadline {
    fn from(end: Instant) -> Self {
        Self { end, opening: None }
    }
}

impl Deadline {
    /// Until when what begins now must have come to a connection.
    pub(super) fn opened_by(&self) -> Instant {
        let opening = self.opening.map(|time| Instant::now() + time);
        opening.map_or(self.end, |by| by.min(self.end))
    }
}

/// How long to wait for one host.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until when the end of data must be sent, or the connection be open.
    pub(super) deadline: Instant,
    /// There is something else to try after this host.
    pub(super) has_alternative: bool,
}

impl Patience {
    /// Until when a step may take that should take no longer than `time`.
    pub(super) fn until(&self, time: Duration) -> Instant {
        if self.has_alternative { self.deadline.min(Instant::now() + time) } else { self.deadline }
    }

    /// Until when a step may take that should take no longer than `time`, and behind which there is another
    /// way: half of what is left at most.
    pub(super) fn half(&self, time: Duration) -> Instant {
        let now = Instant::now();
        now + time.min(self.deadline.saturating_duration_since(now) / 2)
    }
}
