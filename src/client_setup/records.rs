use super::{Outgoing, Security, Server};
use crate::address::Domain;
use std::fmt;

/// An SRV record (RFC 2782); prints as a line of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Such as `_submissions._tcp.example.org`.
    pub name: String,
    /// The lower is tried first.
    pub priority: u16,
    /// The port; 0 where there is no such service.
    pub port: u16,
    /// The host; none says that the domain has no such service (RFC 6186 §3.4).
    pub target: Option<Domain>,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, priority, port, target } = self;
        let target = target.as_ref().map(Domain::as_str).unwrap_or_default();
        write!(f, "{name}. IN SRV {priority} 1 {port} {target}.")
    }
}

/// The records by which a mail program finds the servers of `domain` (RFC 6186, RFC 8314 §5.1): ours for what is
/// sent, and `incoming` for what is read. Services that are not there are said not to be, so that no program guesses.
pub fn records(domain: &Domain, outgoing: &Outgoing, incoming: Option<&Server>) -> Vec<Record> {
    let port_of =
        |wanted| outgoing.ports().find(|(_, security)| *security == wanted).map(|(port, _)| port);
    let ours = |wanted| port_of(wanted).map(|port| (outgoing.host.clone(), port));
    let read = incoming.map(|server| (server.host.clone(), server.port));
    [
        ("submissions", 0, ours(Security::Implicit)),
        ("submission", 10, ours(Security::StartTls)),
        ("imaps", 0, read),
        ("imap", 0, None),
        ("pop3s", 0, None),
        ("pop3", 0, None),
    ]
    .into_iter()
    .map(|(service, priority, at)| {
        let (target, port) = at.map_or((None, 0), |(host, port)| (Some(host), port));
        let priority = if target.is_some() { priority } else { 0 };
        Record { name: format!("_{service}._tcp.{domain}"), priority, port, target }
    })
    .collect()
}
