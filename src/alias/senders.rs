//! Senders that an alias, a domain or the whole site speaks of.

use super::AliasError;
use crate::address::{Domain, DomainPattern, Mailbox};
use std::fmt;

/// Senders that are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SenderPattern {
    /// `news@shop.example`: this one, in any case.
    Address(Mailbox),
    /// `@shop.example`: all of the domain itself.
    Domain(Domain),
    /// `*.shop.example`: all of the domains below it, not of the domain itself.
    Below(Domain),
    /// `*`: everybody. Of those that are blocked: everybody but who is allowed.
    Everybody,
}

impl SenderPattern {
    /// Reads `news@shop.example`, `@shop.example` (or `*@shop.example`), `*.shop.example` or `*`.
    ///
    /// # Errors
    /// When the text is none of them.
    pub fn parse(text: &str) -> Result<Self, AliasError> {
        let wrong = |why: &str| AliasError::Sender(text.to_owned(), why.to_owned());
        let domain = |name: &str| Domain::parse(name).map_err(|error| wrong(&error.to_string()));
        if text == "*" {
            return Ok(Self::Everybody);
        }
        if let Some(parent) = text.strip_prefix("*.").filter(|parent| !parent.contains('@')) {
            return domain(parent).map(Self::Below);
        }
        if let Some(name) = text.strip_prefix("*@").or_else(|| text.strip_prefix('@')) {
            return domain(name).map(Self::Domain);
        }
        if !text.contains('@') {
            return Err(wrong("it has no @"));
        }
        let mailbox = Mailbox::parse(text).map_err(|error| wrong(&error.to_string()))?;
        // An address that has one in truth is so rare that a glob is meant.
        match mailbox.local().as_str().contains('*') {
            true => Err(wrong("* stands for whole local parts and subdomains only")),
            false => Ok(Self::Address(mailbox)),
        }
    }

    /// True when `address` is one of those meant.
    pub fn matches(&self, address: &Mailbox) -> bool {
        match self {
            Self::Address(one) => one.to_key() == address.to_key(),
            Self::Domain(domain) => domain == address.domain(),
            Self::Below(parent) => DomainPattern::Below(parent.clone()).matches(address.domain()),
            Self::Everybody => true,
        }
    }

    /// The keys of all patterns that mean `address`, the narrowest first: whoever keeps many patterns by their keys
    /// finds those that match without looking at the others.
    pub fn keys_of(address: &Mailbox) -> impl Iterator<Item = String> {
        let domain = address.domain().to_key();
        let parents: Vec<String> = domain
            .match_indices('.')
            .filter_map(|(at, _)| domain.get(at + 1..))
            .map(|parent| format!("*.{parent}"))
            .collect();
        let narrow = [format!("={}", address.to_key()), format!("@{domain}")];
        narrow.into_iter().chain(parents).chain(["*".to_owned()])
    }

    /// The same for all patterns that mean the same senders.
    pub fn key(&self) -> String {
        match self {
            Self::Address(mailbox) => format!("={}", mailbox.to_key()),
            Self::Domain(domain) => format!("@{}", domain.to_key()),
            Self::Below(parent) => format!("*.{}", parent.to_key()),
            Self::Everybody => "*".to_owned(),
        }
    }
}

/// As [`SenderPattern::parse`] reads it.
impl fmt::Display for SenderPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(mailbox) => write!(f, "{mailbox}"),
            Self::Domain(domain) => write!(f, "@{domain}"),
            Self::Below(parent) => write!(f, "*.{parent}"),
            Self::Everybody => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> SenderPattern {
        SenderPattern::parse(text).unwrap()
    }

    fn sender(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn patterns() {
        for (text, address, matches) in [
            ("news@shop.test", "News@SHOP.test", true),
            ("news@shop.test", "news+x@shop.test", false),
            ("news@shop.test", "news@a.shop.test", false),
            ("\"a b\"@shop.test", "\"A b\"@shop.test", true),
            ("@shop.test", "anyone@Shop.test", true),
            ("@shop.test", "anyone@a.shop.test", false),
            ("*.shop.test", "anyone@a.b.shop.test", true),
            ("*.shop.test", "anyone@shop.test", false),
            ("*.shop.test", "anyone@ashop.test", false),
            ("*", "anyone@shop.test", true),
            ("@bücher.test", "x@xn--bcher-kva.test", true),
        ] {
            assert_eq!(pattern(text).matches(&sender(address)), matches, "{text} {address}");
            assert_eq!(pattern(&pattern(text).to_string()), pattern(text));
            let is_found =
                SenderPattern::keys_of(&sender(address)).any(|key| key == pattern(text).key());
            assert_eq!(is_found, matches, "{text} {address}");
        }
        assert_eq!(pattern("*@shop.test"), pattern("@shop.test"));
    }

    #[test]
    fn no_pattern_says_what_is_one() {
        let long = format!("@{}.test", "a.".repeat(200));
        for bad in [
            "",
            "**",
            "@",
            "@*",
            "*.",
            "*@",
            "shop.test",
            "news*@shop.test",
            "*.a@shop.test",
            "@*.shop.test",
            "<a@shop.test>",
            "a b@shop.test",
            "a@b@c.test",
            "@shop.test\r\nx",
            &long,
        ] {
            let error = SenderPattern::parse(bad).unwrap_err().to_string();
            assert!(
                error.contains("names no sender") && error.contains("@shop.example"),
                "{error}"
            );
        }
    }
}
