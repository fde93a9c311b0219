use super::{IpNet, reader::Table, schema};
use crate::address::{Domain, DomainPattern};
use std::{collections::HashSet, fmt, path::PathBuf, str::FromStr};

/// What is spoken with the clients of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// socketmap_table(5).
    Socketmap,
    /// tcp_table(5).
    TcpTable(Direction),
    /// Postfix policy delegation.
    Policy,
    /// The milter protocol.
    Milter,
    /// Figures and health, for those who watch.
    Http,
}

/// Which map a tcp-table listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Senders to SRS addresses.
    Forward,
    /// SRS addresses to senders.
    Reverse,
}

/// One place where clients connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// What is spoken there.
    pub protocol: Protocol,
    /// Where it is.
    pub address: ListenAddress,
    /// Peers whose PROXY header is believed.
    pub proxy_protocol: Vec<IpNet>,
    /// Peers whose XFORWARD is believed.
    pub xforward: Vec<IpNet>,
    /// TLS from the first octet on, without STARTTLS.
    pub implicit_tls: bool,
    /// For the milter.
    pub milter: Milter,
}

/// What the milter of one listener goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Milter {
    /// Whose mailboxes are on this machine.
    pub local_domains: Vec<DomainPattern>,
    /// Postfix's tables of aliases, as `hash:/etc/postfix/virtual`.
    pub alias_maps: Vec<String>,
    /// Decides and tells the log, and changes nothing.
    pub shadow: bool,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListenAddress {
    /// A TCP port.
    Tcp {
        /// IP address or name of a local interface, without brackets.
        host: String,
        /// The port; 0 lets the system choose one.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
    /// A socket that systemd hands over, by its FileDescriptorName=.
    Systemd(String),
}

const LATER_PROTOCOLS: [&str; 1] = ["submission"];

impl Protocol {
    /// The name alone; a tcp-table still needs its direction.
    fn named(text: &str) -> Result<Self, String> {
        match text {
            "smtp" => Ok(Self::Smtp),
            "socketmap" => Ok(Self::Socketmap),
            "tcp-table" => Ok(Self::TcpTable(Direction::Forward)),
            "policy" => Ok(Self::Policy),
            "milter" => Ok(Self::Milter),
            "http" => Ok(Self::Http),
            later if LATER_PROTOCOLS.contains(&later) => {
                Err(format!("protocol {later:?} is not available in this version"))
            }
            _ => Err(format!("protocol {text:?} is not known")),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "smtp",
            Self::Socketmap => "socketmap",
            Self::TcpTable(Direction::Forward) => "tcp-table forward",
            Self::TcpTable(Direction::Reverse) => "tcp-table reverse",
            Self::Policy => "policy",
            Self::Milter => "milter",
            Self::Http => "http",
        })
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("systemd:") {
            let fits = |c: char| c.is_ascii_graphic() && c != ':';
            return match !name.is_empty() && name.chars().all(fits) {
                true => Ok(Self::Systemd(name.to_owned())),
                false => Err(format!("{name:?} is no name of a systemd socket")),
            };
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return super::absolute_path(path).map(Self::Unix);
        }
        let wrong = || format!("{text:?} is not host:port");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let valid = match bracketed {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
            None => host.parse::<std::net::Ipv4Addr>().is_ok() || Domain::parse(host).is_ok(),
        };
        let host = bracketed.unwrap_or(host).to_owned();
        valid.then_some(Self::Tcp { host, port }).ok_or_else(wrong)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Vec<Listen>> {
    let mut seen = HashSet::new();
    let tables = root.tables(&schema::LISTEN);
    let listeners: Vec<Option<Listen>> = tables
        .iter()
        .map(|table| {
            let protocol = table.text("protocol", Protocol::named);
            let address = table.text("address", ListenAddress::from_str);
            let proxy_protocol = table.list("proxy_protocol", IpNet::from_str);
            let protocol = match protocol {
                Some(Protocol::TcpTable(_)) => direction(table).map(Protocol::TcpTable),
                Some(_) if table.is_written("direction") => {
                    table.refuse("direction", "belongs to tcp-table listeners", "no such key here");
                    None
                }
                protocol => protocol,
            };
            let xforward = table.list("xforward", IpNet::from_str);
            let implicit_tls = table.one_of("tls", |text| match text {
                "starttls" => Some(false),
                "implicit" => Some(true),
                _ => None,
            });
            for key in ["proxy_protocol", "xforward", "tls"] {
                if table.is_written(key) && protocol.is_some_and(|p| p != Protocol::Smtp) {
                    table.refuse(key, "belongs to smtp listeners", "no such key here");
                }
            }
            let milter = milter(table, protocol);
            let any_port = matches!(address, Some(ListenAddress::Tcp { port: 0, .. }));
            if let Some(address) = &address
                && !any_port
                && !seen.insert(address.clone())
            {
                table.refuse(
                    "address",
                    format!("\"{address}\" is listened on twice"),
                    "one table an address",
                );
            }
            Some(Listen {
                protocol: protocol?,
                address: address?,
                proxy_protocol: proxy_protocol?,
                xforward: xforward?,
                implicit_tls: implicit_tls?,
                milter: milter?,
            })
        })
        .collect();
    listeners.into_iter().collect()
}

fn milter(table: &Table<'_>, protocol: Option<Protocol>) -> Option<Milter> {
    if protocol.is_some_and(|protocol| protocol != Protocol::Milter) {
        for key in ["local_domains", "alias_maps", "shadow"] {
            if table.is_written(key) {
                table.refuse(key, "belongs to milter listeners", "no such key here");
            }
        }
    }
    let local_domains = table.list("local_domains", DomainPattern::from_str);
    let alias_maps = table.list("alias_maps", |text| match text.split_once(':') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is no table of Postfix")),
    });
    let shadow = table.bool("shadow");
    Some(Milter { local_domains: local_domains?, alias_maps: alias_maps?, shadow: shadow? })
}

fn direction(table: &Table<'_>) -> Option<Direction> {
    table.one_of("direction", |text| match text {
        "forward" => Some(Direction::Forward),
        "reverse" => Some(Direction::Reverse),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_as_they_are_read() {
        for text in ["127.0.0.1:2525", "[::]:25", "localhost:0", "unix:/run/onward/smtp"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for bad in ["", "25", ":25", "*:25", "a:", "a:+1", "a:65536", "::1:25", "[::1]", "unix:x"] {
            assert!(bad.parse::<ListenAddress>().is_err(), "{bad:?}");
        }
    }
}
