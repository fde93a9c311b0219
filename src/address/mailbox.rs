use super::{AddressError, Domain, LocalPart, MAX_PATH};
use std::{fmt, io::Write};

/// `local-part@domain` (RFC 5321 §4.1.2). Prints its wire form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox {
    local: LocalPart,
    domain: Domain,
}

impl Mailbox {
    /// Joins the two halves.
    ///
    /// # Errors
    /// When the path made of it would exceed [`MAX_PATH`].
    pub fn new(local: LocalPart, domain: Domain) -> Result<Self, AddressError> {
        // "<", "@" and ">" belong to the path.
        if local.wire_len() + domain.as_str().len() + 3 > MAX_PATH {
            return Err(AddressError::PathTooLong);
        }
        Ok(Self { local, domain })
    }

    /// Parses the wire form, without angle brackets.
    ///
    /// # Errors
    /// As [`LocalPart::parse`], [`Domain::parse`] and [`Mailbox::new`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        // A quoted local part may hold an `@`, a domain never does.
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoAtSign)?;
        if local.is_empty() {
            return Err(AddressError::NoAtSign);
        }
        Self::new(LocalPart::parse(local)?, Domain::parse(domain)?)
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &LocalPart {
        &self.local
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Lower-case `local@domain` without quoting: the key under which aliases are found.
    pub fn to_key(&self) -> String {
        [self.local.key(), "@", self.domain.key()].concat()
    }

    /// Whether both have the same key.
    pub fn is_same(&self, other: &Self) -> bool {
        self.local.key() == other.local.key() && self.domain == other.domain
    }

    /// Writes the wire form between `around`, in one piece where it needs no quotes: a text that is made of it is one
    /// allocation then.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, around: [&str; 2]) -> fmt::Result {
        let [before, behind] = around;
        let mut whole = [0; MAX_PATH];
        let mut rest = whole.as_mut_slice();
        let parts = self
            .local
            .unquoted()
            .map(|local| [before, local, "@", self.domain.as_str(), behind].map(str::as_bytes));
        let fits = parts.is_some_and(|parts| parts.iter().all(|part| rest.write_all(part).is_ok()));
        let left = rest.len();
        let written = whole.get(..MAX_PATH - left).map(std::str::from_utf8);
        match (fits, written) {
            (true, Some(Ok(written))) => f.write_str(written),
            _ => write!(f, "{before}{}@{}{behind}", self.local, self.domain),
        }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, ["", ""])
    }
}

impl std::str::FromStr for Mailbox {
    type Err = AddressError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for (text, key) in [
            ("Alice.Smith@Example.COM", "alice.smith@example.com"),
            ("\"a@b\"@c.d", "a@b@c.d"),
            ("a=b=c@[192.0.2.1]", "a=b=c@[192.0.2.1]"),
        ] {
            let mailbox = Mailbox::parse(text).unwrap();
            assert_eq!(mailbox.to_string(), text);
            assert_eq!(mailbox.to_key(), key);
        }
    }

    #[test]
    fn an_at_sign_outside_quotes_is_refused() {
        for bad in ["a@b@c.d", "a", "@c.d", "a@", "\"a\"@b@c.d", "a@b\"@\"c.d"] {
            assert!(Mailbox::parse(bad).is_err(), "{bad}");
        }
    }
}
