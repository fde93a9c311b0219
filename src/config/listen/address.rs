use crate::{address::Domain, config::values::absolute_path};
use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListenAddress {
    /// A TCP port.
    Tcp {
        /// IP address or name of a local interface, without brackets.
        host: String,
        /// The port; 0 lets the system choose one.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
    /// A socket that systemd hands over, by its FileDescriptorName=.
    Systemd(String),
}

impl ListenAddress {
    /// True where nobody but this machine connects; of a socket of systemd that is not known, and taken for so.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp { host, .. } => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Self::Unix(_) | Self::Systemd(_) => true,
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("systemd:") {
            let fits = |c: char| c.is_ascii_graphic() && c != ':';
            return match !name.is_empty() && name.chars().all(fits) {
                true => Ok(Self::Systemd(name.to_owned())),
                false => Err(format!("{name:?} is no name of a systemd socket")),
            };
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return absolute_path(path).map(Self::Unix);
        }
        let wrong = || format!("{text:?} is not host:port");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let valid = match bracketed {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
            None => host.parse::<std::net::Ipv4Addr>().is_ok() || Domain::parse(host).is_ok(),
        };
        let host = bracketed.unwrap_or(host).to_owned();
        valid.then_some(Self::Tcp { host, port }).ok_or_else(wrong)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_as_they_are_read() {
        for text in ["127.0.0.1:2525", "[::]:25", "localhost:0", "unix:/run/onward/smtp"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for bad in ["", "25", ":25", "*:25", "a:", "a:+1", "a:65536", "::1:25", "[::1]", "unix:x"] {
            assert!(bad.parse::<ListenAddress>().is_err(), "{bad:?}");
        }
    }
}
