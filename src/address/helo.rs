use super::AddressError;
use std::{
    fmt::{self, Write},
    sync::Arc,
};

/// Longest argument of EHLO and HELO (RFC 5321 §4.5.3.1.2).
const MAX_HELO: usize = 255;

/// What a client calls itself in EHLO or HELO: a domain, an address literal, or whatever printable text
/// misconfigured clients send.
///
/// Held as it is shown: what cannot stand as one word in a header field, a blank, a quote, a bracket of a
/// comment, anything but ASCII, is escaped as `+XX` (xtext, RFC 3461 §4). A name with an escape is no domain
/// name, so SPF finds nothing for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeloName(Arc<str>);

impl HeloName {
    /// Takes the argument of the command; blanks around it do not count.
    ///
    /// # Errors
    /// When it is empty, longer than 255 octets, or holds a control character that is no blank.
    pub fn new(argument: &str) -> Result<Self, AddressError> {
        let name = argument.trim_matches([' ', '\t']);
        if name.is_empty() {
            return Err(AddressError::DomainSyntax);
        }
        if name.len() > MAX_HELO {
            return Err(AddressError::DomainTooLong);
        }
        if name.chars().any(|c| c.is_control() && c != '\t') {
            return Err(AddressError::Control);
        }
        let mut shown = String::with_capacity(name.len());
        for octet in name.bytes() {
            if stands_for_itself(octet) {
                shown.push(char::from(octet));
            } else {
                let _ = write!(shown, "+{octet:02X}");
            }
        }
        Ok(Self(shown.into()))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn stands_for_itself(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b".-_[]:!#$%&'*/?^`{|}~".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Domain;

    #[test]
    fn names_are_taken_as_they_are() {
        for name in ["mx.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]", "my_pc", "localhost."] {
            assert_eq!(HeloName::new(name).unwrap().as_str(), name);
        }
        assert_eq!(HeloName::new(" \tmx.test ").unwrap().as_str(), "mx.test");
    }

    #[test]
    fn what_devices_say_is_shown_escaped_and_is_no_domain_name() {
        for (name, shown) in [
            ("(none)", "+28none+29"),
            ("My PC", "My+20PC"),
            ("My\tPC", "My+09PC"),
            ("\"scanner\"", "+22scanner+22"),
            ("drucker-büro.test", "drucker-b+C3+BCro.test"),
            ("a\\b;c<d>@e,f", "a+5Cb+3Bc+3Cd+3E+40e+2Cf"),
            ("a+20b=c.test", "a+2B20b+3Dc.test"),
        ] {
            let helo = HeloName::new(name).unwrap();
            assert_eq!(helo.to_string(), shown);
            assert!(Domain::parse(helo.as_str()).is_err(), "{shown}");
        }
    }

    #[test]
    fn refused() {
        for name in ["", " ", "a\r\nb", "a\0b", "a\x1b[0m", "a\u{85}b", &"a".repeat(256)] {
            assert!(HeloName::new(name).is_err(), "{name:?}");
        }
        assert!(HeloName::new(&"ü".repeat(127)).is_ok_and(|name| name.as_str().len() == 762));
    }
}
