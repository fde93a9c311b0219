use super::{AddressError, MAX_DOMAIN, folded::Folded};
use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A domain name as ASCII (U-labels become A-labels at the door) or an address literal.
///
/// Keeps the case it was written in and compares without regard to it.
#[derive(Debug, Clone)]
pub struct Domain(Folded);

impl Domain {
    /// Parses a domain name, an internationalised one (UTS 46), or an address literal in brackets.
    ///
    /// Underscores are let through: names with them resolve and send mail. A name whose last label is
    /// all digits is refused, so that no bare IP address passes for a name.
    ///
    /// # Errors
    /// When `text` is none of these or too long.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        check(text).map(|checked| Self(Folded::new(&checked)))
    }

    /// True where [`Domain::parse`] takes `text`.
    pub fn is_one(text: &str) -> bool {
        check(text).is_ok()
    }

    /// As written, in ASCII.
    pub fn as_str(&self) -> &str {
        self.0.text()
    }

    /// Lower case, for keys of maps and tables.
    pub fn key(&self) -> &str {
        self.0.key()
    }

    /// [`Domain::key`] as a text of its own.
    pub fn to_key(&self) -> String {
        self.key().to_owned()
    }

    /// The address of an address literal; `None` for a name.
    pub fn literal(&self) -> Option<IpAddr> {
        literal(self.as_str())
    }
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Domain {}

impl Hash for Domain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Domain {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Domain {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(other.key())
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Domain {
    type Err = AddressError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

/// The name in ASCII, or the address literal.
fn check(text: &str) -> Result<Cow<'_, str>, AddressError> {
    if text.starts_with('[') {
        literal(text).ok_or(AddressError::LiteralSyntax)?;
        return Ok(text.into());
    }
    if text.chars().any(char::is_control) {
        return Err(AddressError::Control);
    }
    if text.strip_suffix('.').is_some_and(|rest| !rest.is_empty() && !rest.ends_with('.')) {
        return Err(AddressError::TrailingDot);
    }
    if text.is_ascii() {
        check_name(text)?;
        return Ok(text.into());
    }
    let ascii = idna::domain_to_ascii_strict(text).map_err(|_| AddressError::DomainSyntax)?;
    check_name(&ascii)?;
    Ok(ascii.into())
}

fn check_name(name: &str) -> Result<(), AddressError> {
    if name.len() > MAX_DOMAIN {
        return Err(AddressError::DomainTooLong);
    }
    for label in name.split('.') {
        if label.len() > 63 {
            return Err(AddressError::DomainTooLong);
        }
        let inner_ok = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if label.is_empty() || !inner_ok || label.starts_with('-') || label.ends_with('-') {
            return Err(AddressError::DomainSyntax);
        }
    }
    match name.rsplit('.').next() {
        Some(last) if last.bytes().any(|b| !b.is_ascii_digit()) => Ok(()),
        _ => Err(AddressError::DomainSyntax),
    }
}

/// RFC 5321 §4.1.3. General address literals with other tags name no registered protocol.
fn literal(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    match inner.split_at_checked(5) {
        Some((tag, v6)) if tag.eq_ignore_ascii_case("IPv6:") => {
            v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        _ => inner.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["example.org", "Example.ORG", "a.b-c.d1", "localhost", "em_1.example.com"] {
            assert_eq!(Domain::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a b", "a\r\n.b", "a@b", "a\0b"] {
            assert!(Domain::parse(bad).is_err(), "{bad:?}");
        }
        for dotted in ["a.", "example.org.", "bücher.example."] {
            assert_eq!(Domain::parse(dotted), Err(AddressError::TrailingDot), "{dotted}");
        }
        assert!(Domain::parse("192.0.2.1").is_err(), "an IP address is not a name");
        assert!(Domain::parse(&format!("{}.org", "a".repeat(64))).is_err());
        assert!(Domain::parse(&["abcdefgh"; 29].join(".")).is_err());
    }

    #[test]
    fn idna_becomes_a_labels_and_compares_equal() {
        let u = Domain::parse("Bücher.example").unwrap();
        assert_eq!(u.as_str(), "xn--bcher-kva.example");
        assert_eq!(u, Domain::parse("XN--BCHER-KVA.EXAMPLE").unwrap());
        assert!(Domain::parse("a\u{2028}b.example").is_err());
    }

    #[test]
    fn literals() {
        assert_eq!(
            Domain::parse("[192.0.2.1]").unwrap().literal(),
            Some("192.0.2.1".parse().unwrap())
        );
        assert_eq!(
            Domain::parse("[IPv6:2001:db8::1]").unwrap().literal(),
            Some("2001:db8::1".parse().unwrap())
        );
        for bad in ["[]", "[192.0.2.1", "[300.0.0.1]", "[2001:db8::1]", "[IPv6:x]", "[é€€]"] {
            assert!(Domain::parse(bad).is_err(), "{bad:?}");
        }
    }
}
