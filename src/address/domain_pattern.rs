use super::Domain;
use std::{fmt, str::FromStr};

/// Domains that a configuration means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DomainPattern {
    /// This one.
    Exact(Domain),
    /// `*.domain`, or `.domain`: those below it, not the domain itself.
    Below(Domain),
    /// `*`: all.
    Any,
}

impl DomainPattern {
    /// True when the pattern is for `domain`.
    pub fn matches(&self, domain: &Domain) -> bool {
        match self {
            Self::Exact(exact) => exact == domain,
            Self::Below(parent) => {
                let above = domain.key().strip_suffix(parent.key());
                above.is_some_and(|label| label.ends_with('.'))
            }
            Self::Any => true,
        }
    }
}

impl FromStr for DomainPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let domain = |name| Domain::parse(name).map_err(|error| format!("{text:?}: {error}"));
        match text.strip_prefix("*.").or_else(|| text.strip_prefix('.')) {
            _ if text == "*" => Ok(Self::Any),
            Some(parent) => domain(parent).map(Self::Below),
            None => domain(text).map(Self::Exact),
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(domain) => write!(f, "{domain}"),
            Self::Below(parent) => write!(f, "*.{parent}"),
            Self::Any => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, domain, matches) in [
            ("sink.test", "SINK.test", true),
            ("sink.test", "a.sink.test", false),
            ("*.sink.test", "a.Sink.test", true),
            ("*.sink.test", "a.b.sink.test", true),
            ("*.sink.test", "sink.test", false),
            ("*.sink.test", "asink.test", false),
            ("*", "anything.example", true),
        ] {
            let parsed: DomainPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(&Domain::parse(domain).unwrap()), matches, "{pattern}");
            assert_eq!(parsed.to_string(), pattern);
        }
        assert_eq!(".sink.test".parse(), "*.sink.test".parse::<DomainPattern>());
        for bad in ["", ".", "*.", "*a.test", "a.*.test", "**"] {
            assert!(bad.parse::<DomainPattern>().is_err(), "{bad:?}");
        }
    }
}
