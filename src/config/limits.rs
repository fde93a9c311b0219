use super::{IpNet, define::section, reader::Table, units::DAY, values::BLOCKS};
use crate::rate::Rate;
use std::{num::NonZeroU32, str::FromStr, time::Duration};

section! {
    /// What one client, or all of them, may use.
    table "limits", Keys => pub struct Limits {}

    /// Connections in all; beyond: 421 4.3.2.
    pub connections: usize = integer(1, 100_000), default 1000;
    /// Connections of one client, which is an IPv4 address or an IPv6 /64, and four times that of the IPv4 /24 or
    /// IPv6 /48 around it; beyond: 421 4.3.2. Not more than `connections`.
    pub connections_per_client: usize = integer(1, 100_000), default 50;
    /// Recipients of a transaction; beyond: 452 4.5.3.
    pub recipients: usize = integer(1, 10_000), default 100;
    /// Refused or unknown commands before 421 4.7.0 and the end of the session.
    pub errors: u32 = integer(1, 10_000), default 10;
    /// Between two commands: a whole command, not an octet of it.
    pub command_timeout: Duration = duration(100, DAY), default "5m";
    /// Between two reads in DATA or BDAT.
    pub data_timeout: Duration = duration(100, DAY), default "3m";
    /// Octets a second that a message must bring at least, on average of 30 s; below: 421 4.4.2.
    pub data_rate: usize = size(0, 1 << 30), default "1KiB";
    /// A session as a whole.
    pub session_timeout: Duration = duration(100, DAY), default "30m";
    /// Turns clients away that speak before they may: before the greeting, behind EHLO or HELO before its reply, or
    /// behind DATA before its 354; 554 5.5.1.
    pub early_talker: bool = bool, default true;
    /// Octets of all messages held at once, in every form of them; what forms share counts once. Beyond: 452 4.3.1.
    pub message_memory: usize = size(1024, 1 << 44), default "512MiB";
    /// Connections of Postfix to all listeners that are not smtp; beyond, the one that has been idle for
    /// longest is closed, but for a milter's.
    pub map_connections: usize = integer(1, 100_000), default 4000;
    /// How long such a connection may be idle, and how long a request may take to arrive.
    pub map_timeout: Duration = duration(100, DAY), default "30m";
    /// Header fields of a message; beyond: 552 5.3.4.
    pub header_fields: usize = integer(1, 100_000), default 2000;
    /// Received fields of a message; beyond: 554 5.4.6.
    pub received_hops: usize = integer(1, 1000), default 100;
    /// Messages from one client, and four times that from the network around it; beyond: 450 4.7.1.
    pub messages_per_client: Rate = rate, default "6000/1h";
    /// Messages to one address of a hosted domain, whatever its +tag; beyond: 450 4.2.1.
    pub messages_per_alias: Rate = rate, default "600/1h";
    /// Messages to all addresses of a hosted domain together; beyond: 450 4.2.1.
    pub messages_per_domain: Rate = rate, default "6000/1h";
    /// Aliases of one domain that mail makes (`onward domain set --auto-create`); mail that would make more is answered
    /// 450 4.2.1.
    pub new_aliases_per_domain: Rate = rate, default "100/1d";
    /// Recipients that are not here, or not ours to relay to, asked for by one client, and four times that by the
    /// network around it; beyond: 421 4.7.0, to a relay 450 4.7.1.
    pub unknown_recipients_per_client: Rate = rate, default "60/1h";
    /// SRS addresses that we never made, asked for by one client, and four times that by the network around it;
    /// beyond: 421 4.7.0, to a relay 450 4.7.1.
    pub forged_srs_per_client: Rate = rate, default "100/1h";
    /// Lines of the log about what is refused to one client or broken off by it, and four times that about the network
    /// around it; beyond, one line a minute says how many were left out.
    pub log_lines_per_client: Rate = rate, default "60/1m";
    /// Checks of who sent a message (SPF, DKIM, DMARC, ARC) that are under way at once; a client with fewer goes first.
    /// What waits too long ends as where DNS does not answer.
    pub checks: usize = integer(1, 100_000), default 200;
    /// Such checks of one client; beyond, they wait for each other.
    pub checks_per_client: usize = integer(1, 100_000), default 20;
    /// Questions that leave for DNS because of one client, and four times that because of the network around it; what is
    /// known already does not count, and what lists (`[[dnsbl]]`) are asked does. Beyond: 450 4.7.1.
    pub dns_questions_per_client: Rate = rate, default "1200/1m";
    /// Clients that none of the limits for a client, an alias or a domain applies to: a backup MX, for one.
    pub exempt: Vec<IpNet> = list(BLOCKS, IpNet::from_str), default [];
    /// Senders too long for an SRS address that are kept behind a short token, for the sake of their bounces; beyond,
    /// the one of all clients' that was used longest ago goes. One client holds a hundredth at most, and half is for what Postfix
    /// asks and for clients that are exempt. 0: none, and mail of such senders is answered 452 4.3.1.
    pub srs_entries: usize = integer(0, 100_000_000), default 1000000;
}

impl Limits {
    /// The part of one of so many machines that take the same mail. What one machine itself can bear stays as it is.
    #[must_use]
    pub fn of_one_of(&self, nodes: NonZeroU32) -> Self {
        Self {
            messages_per_client: self.messages_per_client.divided_by(nodes),
            messages_per_alias: self.messages_per_alias.divided_by(nodes),
            messages_per_domain: self.messages_per_domain.divided_by(nodes),
            new_aliases_per_domain: self.new_aliases_per_domain.divided_by(nodes),
            unknown_recipients_per_client: self.unknown_recipients_per_client.divided_by(nodes),
            forged_srs_per_client: self.forged_srs_per_client.divided_by(nodes),
            ..self.clone()
        }
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Limits> {
    let mut keys: Keys<'_> = root.table();
    let per_client = &mut keys.connections_per_client;
    if let (Some(all), Some(one)) = (keys.connections.value, per_client.value)
        && one > all
    {
        // Only a written value is a mistake; the default gives way.
        if per_client.is_written() {
            let what = format!("{one} is more than limits.connections");
            per_client.refuse(what, format!("an integer from 1 to {all}"));
        } else {
            per_client.value = Some(all);
        }
    }
    keys.checked()
}
