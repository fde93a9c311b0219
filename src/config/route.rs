use super::{reader::Table, schema};
use crate::{address::Domain, next_hop::NextHop};
use std::{fmt, str::FromStr};

/// `[[route]]`: a next hop that replaces the MX of some destination domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The destination domains.
    pub pattern: DomainPattern,
    /// Where their mail goes.
    pub to: NextHop,
}

/// Which domains a route is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainPattern {
    /// This one.
    Exact(Domain),
    /// `*.domain`: those below it, not the domain itself.
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
                let (name, parent) = (domain.to_key(), parent.to_key());
                name.strip_suffix(&parent).is_some_and(|label| label.ends_with('.'))
            }
            Self::Any => true,
        }
    }
}

impl FromStr for DomainPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let domain = |name| Domain::parse(name).map_err(|error| format!("{text:?}: {error}"));
        match text.strip_prefix("*.") {
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

pub(super) fn read(root: &Table<'_>) -> Option<Vec<Route>> {
    let tables = root.tables(&schema::ROUTE);
    let routes: Vec<Option<Route>> = tables
        .iter()
        .map(|table| {
            let pattern = table.text("domain", DomainPattern::from_str);
            let to = table.text("to", NextHop::from_str);
            let tls = table.text("tls", tls);
            for key in ["username", "password_file"] {
                if table.is_written(key) {
                    table.refuse(key, "not available in this version", "a route without it");
                }
            }
            tls?;
            Some(Route { pattern: pattern?, to: to? })
        })
        .collect();
    routes.into_iter().collect()
}

/// Nothing is kept of it: both that are accepted are plain text in this version.
fn tls(text: &str) -> Result<(), String> {
    match text {
        "none" | "opportunistic" => Ok(()),
        "required" => Err("\"required\" is not available in this version".into()),
        _ => Err(format!("{text:?} is not known")),
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
        for bad in ["", "*.", "*a.test", "a.*.test", "**"] {
            assert!(bad.parse::<DomainPattern>().is_err(), "{bad:?}");
        }
    }
}
