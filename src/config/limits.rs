use super::{reader::Table, schema};
use crate::address::DomainPattern;
use std::{str::FromStr, time::Duration};

/// `[delivery]`: handing mail on while the sender waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How long the end of DATA may wait for a verdict.
    pub budget: Duration,
    /// Larger messages are refused; in octets.
    pub max_message_size: usize,
    /// Destination domains, and names of hosts, that are reached by IPv4 first.
    pub ipv4_first: Vec<DomainPattern>,
    /// The same by IPv6.
    pub ipv6_first: Vec<DomainPattern>,
}

/// `[limits]`: what one client, or all of them, may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of an IPv4 address or an IPv6 /64.
    pub connections_per_client: usize,
    /// Recipients of a transaction.
    pub recipients: usize,
    /// Refused or unknown commands before the session ends.
    pub errors: u32,
    /// Between two commands.
    pub command_timeout: Duration,
    /// Between two reads in DATA or BDAT.
    pub data_timeout: Duration,
    /// A session as a whole.
    pub session_timeout: Duration,
    /// Octets of messages held at once.
    pub message_memory: usize,
    /// Connections to listeners that are not smtp.
    pub map_connections: usize,
    /// How long such a connection may be idle.
    pub map_timeout: Duration,
    /// Received fields of a message.
    pub received_hops: usize,
    /// Senders kept because they are too long for an SRS address.
    pub srs_entries: usize,
}

pub(super) fn read_delivery(root: &Table<'_>) -> Option<Delivery> {
    let table = root.table(&schema::DELIVERY);
    let budget = table.duration("budget");
    let max_message_size = table.size("max_message_size");
    let ipv4_first = table.list("ipv4_first", DomainPattern::from_str);
    let ipv6_first = table.list("ipv6_first", DomainPattern::from_str);
    Some(Delivery {
        budget: budget?,
        max_message_size: max_message_size?,
        ipv4_first: ipv4_first?,
        ipv6_first: ipv6_first?,
    })
}

pub(super) fn read(root: &Table<'_>) -> Option<Limits> {
    let table = root.table(&schema::LIMITS);
    let connections = table.integer("connections");
    let connections_per_client = connections_per_client(&table, connections);
    let recipients = table.integer("recipients");
    let errors = table.integer("errors");
    let command_timeout = table.duration("command_timeout");
    let data_timeout = table.duration("data_timeout");
    let session_timeout = table.duration("session_timeout");
    let message_memory = table.size("message_memory");
    let map_connections = table.integer("map_connections");
    let map_timeout = table.duration("map_timeout");
    let received_hops = table.integer("received_hops");
    let srs_entries = table.integer("srs_entries");
    Some(Limits {
        connections: connections?,
        connections_per_client: connections_per_client?,
        recipients: recipients?,
        errors: errors?,
        command_timeout: command_timeout?,
        data_timeout: data_timeout?,
        session_timeout: session_timeout?,
        message_memory: message_memory?,
        map_connections: map_connections?,
        map_timeout: map_timeout?,
        received_hops: received_hops?,
        srs_entries: srs_entries?,
    })
}

/// Only a written value that exceeds `connections` is a mistake; the default gives way to it.
fn connections_per_client(table: &Table<'_>, connections: Option<usize>) -> Option<usize> {
    let per_client: usize = table.integer("connections_per_client")?;
    match connections {
        Some(all) if per_client > all && table.is_written("connections_per_client") => {
            table.refuse(
                "connections_per_client",
                format!("{per_client} is more than limits.connections"),
                format!("an integer from 1 to {all}"),
            );
            None
        }
        Some(all) => Some(per_client.min(all)),
        None => Some(per_client),
    }
}
