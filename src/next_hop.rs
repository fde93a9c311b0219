//! Where mail goes next: the destination group of a transaction, and the `to` of a `[[route]]`.

mod relay;

pub use relay::{Login, Relay};

use crate::{
    address::{Domain, MAX_DOMAIN, Mailbox},
    verdict::organizational,
};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
};

/// The port of SMTP between servers (RFC 5321 §2.3.4).
const SMTP_PORT: u16 = 25;

/// The port of SMTP over TLS from the first octet on (RFC 8314 §3.3).
const SMTPS_PORT: u16 = 465;

/// A destination. Recipients with equal next hops travel in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NextHop {
    /// What is spoken there.
    pub protocol: Protocol,
    /// How the hosts of the destination are found.
    pub target: Target,
    /// What is demanded of the connection.
    pub tls: TlsLevel,
    /// What a route says of its hosts beyond that.
    pub relay: Option<Arc<Relay>>,
}

/// A final mailbox and who takes mail for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// Who takes mail for the mailbox.
    pub next_hop: NextHop,
    /// Where the mail ends.
    pub mailbox: Mailbox,
}

/// How much encryption a next hop must have. What its domain demands by MTA-STS or DANE comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum TlsLevel {
    /// Plaintext.
    None,
    /// TLS with any certificate where it is offered, else plaintext.
    #[default]
    Opportunistic,
    /// TLS with any certificate, or nothing is sent.
    Required,
    /// TLS with a certificate that an authority made out to the name or address of the host, or nothing is sent.
    Verified,
}

/// The protocols mail is handed over by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// RFC 5321: one reply to the data.
    Smtp,
    /// The same over TLS from the first octet on (RFC 8314 §3.3).
    Smtps,
    /// RFC 2033: one reply for each recipient.
    Lmtp,
}

/// How the hosts of a destination are found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The MX hosts of a domain (RFC 5321 §5.1).
    Mx(Domain),
    /// The addresses of a host, without regard to its MX.
    Host {
        /// The name of the host.
        name: Domain,
        /// TCP port.
        port: u16,
    },
    /// One address.
    Addr(SocketAddr),
    /// A Unix stream socket; the path is absolute.
    Unix(PathBuf),
}

impl NextHop {
    /// The next hop of a domain that no route names: its MX, or the address of an address literal.
    pub fn of(domain: &Domain) -> Self {
        let target = match domain.literal() {
            Some(ip) => Target::Addr(SocketAddr::new(ip, SMTP_PORT)),
            None => Target::Mx(domain.clone()),
        };
        Self::to(Protocol::Smtp, target)
    }

    const fn to(protocol: Protocol, target: Target) -> Self {
        Self { protocol, target, tls: TlsLevel::Opportunistic, relay: None }
    }

    /// The login that the route has for its hosts.
    pub fn login(&self) -> Option<&Login> {
        self.relay.as_ref()?.login.as_ref()
    }

    /// Whose hosts they are, as far as places are divided: the registered domain, since anybody has as many names
    /// below it as they like; where a route names a host, that one.
    pub fn owner(&self) -> Arc<str> {
        match &self.target {
            Target::Mx(domain) => organizational(domain.as_str()).into(),
            Target::Host { .. } | Target::Addr(_) | Target::Unix(_) => self.to_string().into(),
        }
    }
}

/// Why a text names no next hop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NextHopError {
    /// Neither a host name nor an address stands before the port.
    #[error(
        "`{0}` is neither a host name nor an IP address; accepted are host, host:port, [IPv6]:port, \
         smtps:host:port, lmtp:host:port and lmtp:unix:/path"
    )]
    Host(String),
    /// The port is not a number from 1 to 65535.
    #[error("the port `{0}` is not a number from 1 to 65535")]
    Port(String),
    /// LMTP has no port of its own (RFC 2033 §5).
    #[error("LMTP over TCP needs a port: lmtp:host:port")]
    LmtpPort,
    /// A path that is not absolute.
    #[error("the path of a Unix socket begins with `/`: lmtp:unix:/path")]
    RelativePath,
    /// A Unix socket without `lmtp:`.
    #[error("a Unix socket speaks LMTP here: lmtp:unix:/path")]
    UnixIsLmtp,
    /// An IPv6 address whose end cannot be told from a port.
    #[error("an IPv6 address stands in brackets: [2001:db8::1]:25")]
    Brackets,
    /// An address that no host has.
    #[error("{0} is not the address of a host")]
    NotAHost(IpAddr),
}

/// Parses the `to` of a `[[route]]`. [`Target::Mx`] has no such form: it is what is used without one.
impl FromStr for NextHop {
    type Err = NextHopError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(smtps) = text.strip_prefix("smtps:") {
            let target = host_and_port(smtps, Some(SMTPS_PORT))?;
            return Ok(Self::to(Protocol::Smtps, target));
        }
        let Some(lmtp) = text.strip_prefix("lmtp:") else {
            if text.starts_with("unix:") {
                return Err(NextHopError::UnixIsLmtp);
            }
            let target = host_and_port(text, Some(SMTP_PORT))?;
            return Ok(Self::to(Protocol::Smtp, target));
        };
        let target = match lmtp.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Target::Unix(path.into()),
            Some(_) => return Err(NextHopError::RelativePath),
            None => host_and_port(lmtp, None)?,
        };
        Ok(Self::to(Protocol::Lmtp, target))
    }
}

/// Prints what parses back; MX as `mx:domain`.
impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.protocol {
            Protocol::Smtp => "",
            Protocol::Smtps => "smtps:",
            Protocol::Lmtp => "lmtp:",
        })?;
        match &self.target {
            Target::Mx(domain) => write!(f, "mx:{domain}"),
            Target::Host { name, port } => write!(f, "{name}:{port}"),
            Target::Addr(addr) => write!(f, "{addr}"),
            Target::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// True for an address that one host can have: not 0.0.0.0/8, multicast or broadcast, nor any of them
/// mapped into IPv6. A connection to 0.0.0.0 would reach this machine.
pub fn is_host_address(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.octets().starts_with(&[0]) || v4.is_multicast() || v4.is_broadcast())
        }
        IpAddr::V6(v6) => !(v6.is_unspecified() || v6.is_multicast()),
    }
}

fn host_and_port(text: &str, default: Option<u16>) -> Result<Target, NextHopError> {
    let unknown = || NextHopError::Host(text.chars().take(MAX_DOMAIN).collect());
    let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or_else(unknown)?;
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return Err(unknown()),
        }
    } else {
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(NextHopError::Brackets),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        Some(digits) => parse_port(digits)?,
        None => default.ok_or(NextHopError::LmtpPort)?,
    };
    if let Ok(ip) = host.parse::<IpAddr>() {
        return if is_host_address(ip) {
            Ok(Target::Addr(SocketAddr::new(ip, port)))
        } else {
            Err(NextHopError::NotAHost(ip))
        };
    }
    match Domain::parse(host) {
        Ok(name) if name.literal().is_none() => Ok(Target::Host { name, port }),
        _ => Err(unknown()),
    }
}

fn parse_port(digits: &str) -> Result<u16, NextHopError> {
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(port) if port > 0 && all_digits => Ok(port),
        _ => Err(NextHopError::Port(digits.chars().take(20).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_parse_and_print() {
        for (text, printed) in [
            ("127.0.0.1:2526", "127.0.0.1:2526"),
            ("127.0.0.1", "127.0.0.1:25"),
            ("[::1]:25", "[::1]:25"),
            ("[::1]", "[::1]:25"),
            ("[192.0.2.1]:26", "192.0.2.1:26"),
            ("mail.example.org", "mail.example.org:25"),
            ("mail.example.org:587", "mail.example.org:587"),
            ("[mail.example.org]:587", "mail.example.org:587"),
            ("localhost", "localhost:25"),
            ("smtps:relay.example.org", "smtps:relay.example.org:465"),
            ("smtps:[::1]:8465", "smtps:[::1]:8465"),
            ("lmtp:localhost:24", "lmtp:localhost:24"),
            ("lmtp:[::1]:24", "lmtp:[::1]:24"),
            ("lmtp:unix:/run/dovecot/lmtp", "lmtp:unix:/run/dovecot/lmtp"),
        ] {
            let hop: NextHop = text.parse().unwrap();
            assert_eq!(hop.to_string(), printed, "{text}");
            assert_eq!(printed.parse(), Ok(hop));
        }
    }

    #[test]
    fn refused_with_the_reason() {
        use NextHopError as E;
        for (text, why) in [
            ("", E::Host(String::new())),
            (":25", E::Host(":25".into())),
            ("a b", E::Host("a b".into())),
            ("a\r\nb:25", E::Host("a\r\nb:25".into())),
            ("user@host", E::Host("user@host".into())),
            ("[::1", E::Host("[::1".into())),
            ("[::1]25", E::Host("[::1]25".into())),
            ("[[192.0.2.1]]", E::Host("[[192.0.2.1]]".into())),
            ("::1", E::Brackets),
            ("host:0", E::Port("0".into())),
            ("host:+25", E::Port("+25".into())),
            ("host:65536", E::Port("65536".into())),
            ("host:", E::Port(String::new())),
            ("lmtp:host", E::LmtpPort),
            ("lmtp:unix:run/lmtp", E::RelativePath),
            ("unix:/run/lmtp", E::UnixIsLmtp),
            ("0.0.0.0:25", E::NotAHost("0.0.0.0".parse().unwrap())),
            ("[::]:25", E::NotAHost("::".parse().unwrap())),
            ("224.0.0.1", E::NotAHost("224.0.0.1".parse().unwrap())),
            ("[::ffff:255.255.255.255]", E::NotAHost("::ffff:255.255.255.255".parse().unwrap())),
        ] {
            assert_eq!(text.parse::<NextHop>(), Err(why), "{text:?}");
        }
    }

    #[test]
    fn names_below_a_registered_domain_have_one_owner() {
        let owner = |text| NextHop::of(&Domain::parse(text).unwrap()).owner().to_string();
        for (domain, expected) in [
            ("a.b.example.co.uk", "example.co.uk"),
            ("EXAMPLE.co.uk", "example.co.uk"),
            ("a.github.io", "a.github.io"),
            ("[192.0.2.1]", "192.0.2.1:25"),
        ] {
            assert_eq!(owner(domain), expected);
        }
    }

    #[test]
    fn domains_go_to_their_mx_and_literals_to_their_address() {
        let of = |text| NextHop::of(&Domain::parse(text).unwrap());
        assert_eq!(of("example.org"), of("EXAMPLE.org"));
        assert_eq!(of("example.org").to_string(), "mx:example.org");
        assert_eq!(of("[192.0.2.1]").to_string(), "192.0.2.1:25");
        assert_eq!(of("[IPv6:2001:db8::1]").to_string(), "[2001:db8::1]:25");
    }
}
