//! The names that lists are asked for.

use super::Kind;
use crate::{address::Domain, verdict::organizational};
use std::{fmt, net::IpAddr};

/// Whom a list is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// A client.
    Client(IpAddr),
    /// A domain.
    Domain(Domain),
}

impl Question {
    /// What is asked about whom mail names: of a domain the domain itself, and the registered one above it, which is all
    /// that many lists have. Nothing of an address literal.
    pub fn with_above(&self) -> Vec<Self> {
        let domain = match self {
            Self::Client(_) => return vec![self.clone()],
            Self::Domain(domain) => domain,
        };
        if domain.literal().is_some() {
            return Vec::new();
        }
        let above = Domain::parse(&organizational(domain.as_str())).ok();
        let above = above.filter(|above| above != domain);
        std::iter::once(domain.clone()).chain(above).map(Self::Domain).collect()
    }

    /// Of which kind of list it is asked.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Client(_) => Kind::Client,
            Self::Domain(_) => Kind::FromDomain,
        }
    }

    /// The labels in front of the zone.
    pub fn labels(&self) -> String {
        match self {
            Self::Client(ip) => reversed(*ip),
            Self::Domain(domain) => domain.to_key(),
        }
    }
}

impl Kind {
    /// What every list has for a test: one of these is listed (RFC 5782 §5). Some lists of domains have names of
    /// their own for it.
    pub const fn listed(self) -> &'static [&'static str] {
        match self {
            Self::Client => &["2.0.0.127"],
            Self::FromDomain => {
                &["test", "dbltest.com", "surbl-org-permanent-test-point.com", "2.0.0.127"]
            }
        }
    }

    /// What no list has, unless it lists everybody.
    pub const fn unlisted(self) -> &'static str {
        match self {
            Self::Client => "1.0.0.127",
            Self::FromDomain => "invalid",
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(ip) => write!(f, "{}", ip.to_canonical()),
            Self::Domain(domain) => write!(f, "{domain}"),
        }
    }
}

/// The labels of an address in DNS, last octet or nibble first.
pub fn reversed(ip: IpAddr) -> String {
    let labels: Vec<String> = match ip.to_canonical() {
        IpAddr::V4(v4) => v4.octets().iter().rev().map(ToString::to_string).collect(),
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect()
        }
    };
    labels.join(".")
}

/// True for addresses that the world knows, which alone can be listed.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || is_shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_addresses() {
        let name = |text: &str| Question::Client(text.parse().unwrap()).labels();
        assert_eq!(name("192.0.2.10"), "10.2.0.192");
        assert_eq!(name("::ffff:192.0.2.10"), "10.2.0.192");
        let v6 = name("2001:db8::1");
        assert!(v6.starts_with("1.0.0.0.") && v6.ends_with(".8.b.d.0.1.0.0.2"), "{v6}");
        assert_eq!(v6.split('.').count(), 32);
    }

    #[test]
    fn domains_and_those_that_were_registered() {
        let asked = |text: &str| {
            let questions = Question::Domain(Domain::parse(text).unwrap()).with_above();
            questions.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(asked("Mail.Example.CO.UK"), ["Mail.Example.CO.UK", "example.co.uk"]);
        assert_eq!(asked("example.org"), ["example.org"]);
        assert_eq!(asked("alice.github.io"), ["alice.github.io"]);
        assert_eq!(asked("[192.0.2.1]"), [""; 0]);
    }

    #[test]
    fn what_the_world_knows() {
        for (ip, expected) in [
            ("8.8.8.8", true),
            ("10.1.1.1", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("::ffff:10.0.0.1", false),
            ("2001:db8::1", true),
            ("fe80::1", false),
            ("fd00::1", false),
            ("::1", false),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), expected, "{ip}");
        }
    }
}
