use crate::address::Domain;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A name or an address by which a server is reached, whatever the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, in A-labels, without a dot at its end.
    Name(Domain),
    /// An address.
    Ip(IpAddr),
}

impl Host {
    /// The host of `host` or `host:port`, as requests have it (RFC 9110 §7.2, RFC 3986 §3.2.2); `None` where it is neither.
    pub fn of_authority(text: &str) -> Option<Self> {
        let (host, behind) = match text.strip_prefix('[') {
            Some(rest) => {
                let (ip, behind) = rest.split_once(']')?;
                (Self::Ip(IpAddr::V6(ip.parse::<Ipv6Addr>().ok()?).to_canonical()), behind)
            }
            None => {
                let (host, behind) = text.split_at(text.find(':').unwrap_or(text.len()));
                (Self::named(host)?, behind)
            }
        };
        let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
        let fits = behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port);
        fits.then_some(host)
    }

    /// True of what leads to this machine itself.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name.as_str().eq_ignore_ascii_case("localhost"),
            Self::Ip(ip) => ip.is_loopback(),
        }
    }

    fn named(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse::<Ipv4Addr>() {
            return Some(Self::Ip(ip.into()));
        }
        // The root may be said (RFC 1034 §3.1): it is the same name.
        let name = Domain::parse(text.strip_suffix('.').unwrap_or(text)).ok()?;
        name.literal().is_none().then_some(Self::Name(name))
    }
}

/// As the configuration has it: without a port.
impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Ip(ip.to_canonical()));
        }
        if text.contains("://") || text.contains('/') {
            return Err(format!(
                "{text:?} is a URL; a host is what stands between :// and the next /"
            ));
        }
        let is_bare = text.ends_with(']') || !text.contains(':');
        match Self::of_authority(text) {
            Some(host) if is_bare => Ok(host),
            Some(_) => Err(format!("{text:?} has a port; a host stands for all of its ports")),
            None => Err(format!("{text:?} is no name of a host and no address")),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_is_for() {
        let host = |text: &str| text.parse::<Host>().unwrap();
        for (authority, expected) in [
            ("mail.example.org", "mail.example.org"),
            ("MAIL.Example.org:8443", "mail.example.org"),
            ("mail.example.org.", "mail.example.org"),
            ("mail.example.org.:443", "mail.example.org"),
            ("mail.example.org:", "mail.example.org"),
            ("xn--bcher-kva.example", "bücher.example"),
            ("127.0.0.1:8025", "127.0.0.1"),
            ("[::1]", "::1"),
            ("[::1]:8025", "[::1]"),
            ("[0:0::1]", "::1"),
            ("[::ffff:192.0.2.1]", "192.0.2.1"),
            ("localhost", "LOCALHOST"),
        ] {
            assert_eq!(Host::of_authority(authority), Some(host(expected)), "{authority}");
        }
        for other in ["sub.mail.example.org", "mail.example.org.evil.test", "example.org"] {
            assert_ne!(Host::of_authority(other), Some(host("mail.example.org")), "{other}");
        }
        for none in [
            "",
            ".",
            ":80",
            "a@mail.example.org",
            "mail.example.org..",
            "a b",
            "[::1",
            "[::1]x",
            "::1",
            "a:80:80",
            "a:x",
            "[127.0.0.1]",
            "127.1",
            "mail.example.org/",
            "[mail.example.org]",
        ] {
            assert_eq!(Host::of_authority(none), None, "{none:?}");
        }
    }

    #[test]
    fn what_the_configuration_takes() {
        for (text, says) in [
            ("https://mail.example.org", "between"),
            ("mail.example.org/", "between"),
            ("mail.example.org:443", "port"),
            ("[::1]:443", "port"),
            ("*", "no name"),
            ("", "no name"),
            ("a b", "no name"),
        ] {
            let error = text.parse::<Host>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        for (text, shown) in [("::1", "[::1]"), ("Mail.example.org.", "Mail.example.org")] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), shown);
        }
        let loopback = |text: &str| text.parse::<Host>().unwrap().is_loopback();
        assert!(loopback("localhost") && loopback("127.0.0.2") && loopback("::1"));
        assert!(!loopback("192.0.2.1") && !loopback("localhost.example.org"));
    }
}
