use crate::{provider::governor::Told, time::UnixTime};

/// What is looked up when it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Now {
    /// Messages in the spool.
    pub spool_messages: u64,
    /// Octets of those messages.
    pub spool_octets: u64,
    /// Seconds since the oldest message in the spool came.
    pub spool_age: f64,
    /// Messages in the spool that cannot be read.
    pub spool_unreadable: u64,
    /// Events that wait for whoever is told of aliases.
    pub events_waiting: u64,
    /// Events so far for which there was no room.
    pub events_lost: u64,
    /// The database is not the file that is open any more.
    pub store_trouble: bool,
    /// Clients of smtp listeners.
    pub connections: usize,
    /// Clients of listeners for Postfix.
    pub map_connections: usize,
    /// Connections to destinations that are kept.
    pub idle_connections: usize,
    /// Octets of messages held.
    pub memory: usize,
    /// Look-ups so far: what was asked for, what came of it, how many.
    pub dns: Vec<(&'static str, &'static str, u64)>,
    /// Questions so far that left for name servers.
    pub dns_questions: u64,
    /// Sessions with mail servers so far: the policy, what came of TLS, how many.
    pub tls: Vec<(&'static str, &'static str, u64)>,
    /// Providers that have a name, and `other` for each that has none.
    pub providers: Vec<Told>,
    /// When our first certificate ends.
    pub certificate_end: Option<UnixTime>,
}
