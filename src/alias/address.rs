use super::{AliasError, Pattern};
use crate::address::{Domain, Mailbox};
use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Which recipients an alias answers. Prints as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AliasAddress {
    /// `hello@example.org`: this one, in any case, with or without a `+tag`.
    Exact(Mailbox),
    /// `*@example.org`: what nothing else in the domain answers.
    CatchAll(Domain),
    /// `/^sales-(.+)@example\.org$/`: what the regex matches.
    Regex(Pattern),
}

impl AliasAddress {
    /// Parses any of the three forms. Local part `*` is always the catch-all.
    ///
    /// # Errors
    /// When `text` is none of them, or the regex is not usable.
    pub fn parse(text: &str) -> Result<Self, AliasError> {
        if let Some(rest) = text.strip_prefix('/') {
            if let Some(source) = rest.strip_suffix('/') {
                return Pattern::new(source).map(Self::Regex);
            }
            // A local part may begin with a slash.
            return Mailbox::parse(text)
                .map(Self::Exact)
                .map_err(|_| AliasError::RegexSlashes(text.to_owned()));
        }
        let bad = |why| AliasError::Address(text.to_owned(), why);
        match text.strip_prefix("*@") {
            Some(domain) => Domain::parse(domain).map(Self::CatchAll).map_err(bad),
            None => Mailbox::parse(text).map(Self::Exact).map_err(bad),
        }
    }

    /// True for a regex that matches `address`.
    pub fn matches(&self, address: &Mailbox) -> bool {
        match self {
            Self::Regex(pattern) => pattern.captures(&address.to_key(), address.domain()).is_some(),
            Self::Exact(_) | Self::CatchAll(_) => false,
        }
    }

    /// The words for all kinds there are.
    pub const KINDS: [&str; 3] = ["exact", "catch-all", "regex"];

    /// `exact`, `catch-all` or `regex`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::CatchAll(_) => "catch-all",
            Self::Regex(_) => "regex",
        }
    }

    /// The domain it belongs to; a regex that may no longer be added, see [`Pattern::domain`], to none.
    pub fn domain(&self) -> Option<&Domain> {
        match self {
            Self::Exact(mailbox) => Some(mailbox.domain()),
            Self::CatchAll(domain) => Some(domain),
            Self::Regex(pattern) => pattern.domain().ok(),
        }
    }

    /// What tells it from every other alias.
    pub fn key(&self) -> Key {
        match self {
            Self::Exact(mailbox) => Key::exact(mailbox),
            Self::CatchAll(domain) => Key::catch_all(domain),
            Self::Regex(pattern) => {
                Key { domain: String::new(), local: pattern.source().to_owned() }
            }
        }
    }
}

impl fmt::Display for AliasAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(mailbox) => write!(f, "{mailbox}"),
            Self::CatchAll(domain) => write!(f, "*@{domain}"),
            Self::Regex(pattern) => write!(f, "{pattern}"),
        }
    }
}

/// Under what an alias is kept: two aliases with the same key are the same alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Lower-case domain; empty for a regex.
    pub domain: String,
    /// Lower-case local part without quoting; empty for a catch-all; the source of a regex.
    pub local: String,
}

impl Key {
    /// A number for it, which another key seldom has: where there are very many.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// The key of an exact alias for `mailbox`.
    pub fn exact(mailbox: &Mailbox) -> Self {
        Self { domain: mailbox.domain().to_key(), local: mailbox.local().to_key() }
    }

    /// The key of the catch-all of `domain`.
    pub fn catch_all(domain: &Domain) -> Self {
        Self { domain: domain.to_key(), local: String::new() }
    }

    /// The key without the `+tag` of the local part; `None` when there is none, or nothing before it.
    pub fn without_tag(&self) -> Option<Self> {
        let (local, _) = self.local.split_once('+')?;
        (!local.is_empty()).then(|| Self { domain: self.domain.clone(), local: local.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        for (text, kind, domain, local) in [
            ("Hello@Example.ORG", "exact", "example.org", "hello"),
            ("\"a b\"@example.org", "exact", "example.org", "a b"),
            ("/x@example.org", "exact", "example.org", "/x"),
            ("**@example.org", "exact", "example.org", "**"),
            ("*@Example.org", "catch-all", "example.org", ""),
            (r"/^sales-(.+)@example\.org$/", "regex", "", r"^sales-(.+)@example\.org$"),
        ] {
            let address = AliasAddress::parse(text).unwrap();
            assert_eq!(address.kind(), kind);
            assert_eq!(address.to_string(), text);
            assert_eq!(address.key(), Key { domain: domain.into(), local: local.into() });
        }
        let idn = AliasAddress::parse("*@bücher.example").unwrap();
        assert_eq!(idn.to_string(), "*@xn--bcher-kva.example");
    }

    #[test]
    fn refused_with_a_reason_a_person_understands() {
        for (text, says) in [
            ("hello", "local-part@domain"),
            ("*@", "not a valid domain name"),
            ("/^a", "between slashes"),
            ("/(/", "not usable"),
            ("//", "empty"),
            ("a b@example.org", "must be quoted"),
        ] {
            let error = AliasAddress::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn tags() {
        let without = |text| Key::exact(&Mailbox::parse(text).unwrap()).without_tag();
        assert_eq!(without("Bob+a+b@x.test").unwrap().local, "bob");
        assert_eq!(without("bob@x.test"), None);
        assert_eq!(without("+a@x.test"), None);
    }
}
