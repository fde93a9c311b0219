use crate::config::ListenAddress;
use std::path::{Path, PathBuf};

/// Where a table, a milter or a policy service is, in words of Postfix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// host:port
    Inet(String),
    /// A path: from the queue directory on if it is relative, from the root of the service if not.
    Unix(String),
}

/// The same for one service, which may have a root of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Inet(String),
    Unix(PathBuf),
}

impl Endpoint {
    /// `inet:host:port`, `unix:path` or, of a milter, `local:path`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix("inet:") {
            return Some(Self::Inet(address.to_owned()));
        }
        let path = text.strip_prefix("unix:").or_else(|| text.strip_prefix("local:"))?;
        Some(Self::Unix(path.to_owned()))
    }

    /// Seen by a service that runs in the queue directory, and with `is_chrooted` has it for its root.
    pub(super) fn seen(&self, queue: &Path, is_chrooted: bool) -> Place {
        match self {
            Self::Inet(address) => Place::Inet(address.clone()),
            Self::Unix(path) if is_chrooted || !path.starts_with('/') => {
                Place::Unix(queue.join(path.trim_start_matches('/')))
            }
            Self::Unix(path) => Place::Unix(PathBuf::from(path)),
        }
    }
}

impl Place {
    /// Whether this is where that listener is.
    pub(super) fn is(&self, listener: &ListenAddress) -> bool {
        match (self, listener) {
            (Self::Inet(address), ListenAddress::Tcp { host, port }) => {
                let (name, number) = address.rsplit_once(':').unwrap_or(("", address));
                number.parse() == Ok(*port) && is_host(name.trim_matches(['[', ']']), host)
            }
            (Self::Unix(path), ListenAddress::Unix(there)) => path == there,
            _ => false,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inet(address) => f.write_str(address),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Whether who connects to `name` reaches who listens on `listener`.
fn is_host(name: &str, listener: &str) -> bool {
    let is_loopback = |ip: &str| name.is_empty() || name == "localhost" || name == ip;
    match listener {
        // Every address of this machine, which are not known here.
        "0.0.0.0" => !name.contains(':'),
        "::" => true,
        "localhost" => is_loopback("127.0.0.1") || is_loopback("::1"),
        ip @ ("127.0.0.1" | "::1") => is_loopback(ip),
        other => name.eq_ignore_ascii_case(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_service_finds_a_path() {
        let queue = Path::new("/queue");
        let seen = |text, is_chrooted| Endpoint::parse(text).unwrap().seen(queue, is_chrooted);
        let unix = |path| Place::Unix(PathBuf::from(path));
        for (text, chrooted, free) in [
            ("unix:onward/srs", "/queue/onward/srs", "/queue/onward/srs"),
            ("unix:/onward/srs", "/queue/onward/srs", "/onward/srs"),
            ("local:/run/m", "/queue/run/m", "/run/m"),
        ] {
            assert_eq!(seen(text, true), unix(chrooted), "{text}");
            assert_eq!(seen(text, false), unix(free), "{text}");
        }
        assert_eq!(Endpoint::parse("hash:/etc/aliases"), None);
    }

    #[test]
    fn who_is_reached() {
        for (there, host, expected) in [
            ("127.0.0.1:10", "127.0.0.1", true),
            ("localhost:10", "127.0.0.1", true),
            ("localhost:10", "::1", true),
            ("[::1]:10", "::1", true),
            ("[::1]:10", "127.0.0.1", false),
            ("127.0.0.1:11", "127.0.0.1", false),
            ("192.0.2.5:10", "0.0.0.0", true),
            ("[2001:db8::5]:10", "0.0.0.0", false),
            ("[2001:db8::5]:10", "::", true),
            ("192.0.2.5:10", "127.0.0.1", false),
            ("192.0.2.5:10", "192.0.2.5", true),
            ("10", "127.0.0.1", true),
        ] {
            let listener = ListenAddress::Tcp { host: host.to_owned(), port: 10 };
            assert_eq!(Place::Inet(there.to_owned()).is(&listener), expected, "{there} {host}");
        }
    }
}
