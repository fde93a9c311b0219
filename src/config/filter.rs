use super::{define::section, reader::Table, units::MINUTE, values::absolute_path};
use crate::{address::Domain, alias::SpamAction};
use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

section! {
    /// A spam filter: rspamd, asked about every message that is to be passed on, behind all other checks. What it
    /// rejects is refused (550 5.7.1), what it greylists or rejects softly is put off (451 4.7.1). Mail that
    /// returns to SRS addresses is not asked about, and mail to postmaster and abuse is marked at most.
    table "filter", Keys => pub struct Filter {}

    /// Where rspamd answers: its normal worker, or its controller with a password. It gets whole messages: over
    /// http they and the password can be read on the way. Its `max_message` must be at least
    /// `delivery.max_message_size`: it hangs up on what is longer.
    pub rspamd: Option<FilterAddress> = text(
        "\"http://host:port\", \"https://host:port\" or \"unix:/path\"", FilterAddress::from_str
    ), absent "no filter is asked";
    /// File with the password that rspamd wants, if it wants one, on its first line. Read again whenever it
    /// changes.
    pub password_file: Option<PathBuf> = secret_path, absent "none is sent";
    /// What happens to mail that rspamd takes for spam and does not reject (its actions `add header` and
    /// `rewrite subject`). `refuse`: 550 5.7.1; `mark`: it goes on with X-Spam fields and those that rspamd
    /// adds. An alias may have its own: `onward alias set ADDRESS --spam mark`.
    pub spam: SpamAction = one_of("refuse" => SpamAction::Refuse, "mark" => SpamAction::Mark), default "refuse";
    /// What happens to mail when rspamd does not answer in time, or makes no sense. `accept`: it goes on, and
    /// the journal notes it; `defer`: 451 4.3.0.
    pub fail: OnFailure = one_of("accept" => OnFailure::Accept, "defer" => OnFailure::Defer), default "accept";
    /// How long rspamd may take for a message. After three in a row without an answer, of three clients, or when
    /// nobody can connect, it is left alone for five seconds, and then asked by one message at a time until it
    /// answers.
    pub timeout: Duration = duration(100, 5 * MINUTE), default "10s";
    /// Messages that are asked about at once, those of one client at most a quarter of them; others wait for their
    /// turn, within `timeout`. A message for which no place comes free in time, or that takes too long while others
    /// of its client are asked about, is put off (451 4.7.1) whatever `fail` says.
    pub connections: usize = integer(1, 10_000), default 50;
}

/// What happens to mail when the filter does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// It goes on.
    Accept,
    /// Who sends it is to come again.
    Defer,
}

/// Where a filter is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterAddress {
    /// A web server.
    Web {
        /// https.
        is_tls: bool,
        /// IP address, without brackets, or name.
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// Where rspamd's normal worker listens.
const PORT: u16 = 11333;

impl FilterAddress {
    /// True where what is sent there can be read on the way.
    fn is_open(&self) -> bool {
        match self {
            Self::Web { is_tls: false, host, .. } => match host.parse::<IpAddr>() {
                Ok(ip) => !ip.is_loopback(),
                Err(_) => host != "localhost",
            },
            Self::Web { .. } | Self::Unix(_) => false,
        }
    }
}

impl FromStr for FilterAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return absolute_path(path).map(Self::Unix);
        }
        if text.contains('@') {
            // Never repeated: what stands there is a secret.
            return Err("a URL with a user or password in it, which belongs into the file of \
                        filter.password_file"
                .to_owned());
        }
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| format!("{text:?} has no http://"))?;
        let is_tls = match scheme {
            "http" => false,
            "https" => true,
            other => return Err(format!("{other:?} is neither http nor https")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            // Nor this, where a password may stand too.
            return Err("more than a host and a port".to_owned());
        }
        let (host, port) = match rest.rsplit_once(':') {
            // Of an IPv6 address without a port.
            Some(_) if rest.ends_with(']') => (rest, None),
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        };
        let port = match port.map(str::parse) {
            None => PORT,
            Some(Ok(port)) if port != 0 => port,
            Some(_) => return Err(format!("{text:?} has no port from 1 to 65535")),
        };
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) if v6.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()) => v6,
            Some(_) => return Err(format!("{host:?} is no IPv6 address")),
            None => host,
        };
        let is_host = host.parse::<IpAddr>().is_ok()
            || Domain::parse(host).is_ok_and(|name| name.literal().is_none());
        if !is_host {
            return Err(format!("{host:?} is no host"));
        }
        Ok(Self::Web { is_tls, host: host.to_owned(), port })
    }
}

impl fmt::Display for FilterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web { is_tls, host, port } => {
                let scheme = if *is_tls { "https" } else { "http" };
                match host.contains(':') {
                    true => write!(f, "{scheme}://[{host}]:{port}"),
                    false => write!(f, "{scheme}://{host}:{port}"),
                }
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

pub(super) fn read(root: &Table<'_>, warnings: &mut Vec<String>) -> Option<Filter> {
    let keys: Keys<'_> = root.table();
    let has_others = keys.password_file.is_written()
        || keys.spam.is_written()
        || keys.fail.is_written()
        || keys.timeout.is_written()
        || keys.connections.is_written();
    if has_others && !keys.rspamd.is_written() {
        keys.rspamd.refuse_value("missing, and nothing is asked without it");
    }
    let has_password = keys.password_file.is_written();
    if let Some(Some(place)) = &keys.rspamd.value
        && has_password
        && place.is_open()
    {
        warnings.push(format!(
            "filter.rspamd is {place}: whoever is on the way reads the mail and the password; https, a unix socket or \
             a tunnel keeps them"
        ));
    }
    keys.checked().filter(|filter| filter.rspamd.is_some() || !has_others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, shown) in [
            ("http://127.0.0.1:11333", "http://127.0.0.1:11333"),
            ("http://rspamd", "http://rspamd:11333"),
            ("https://filter.example.org:443/", "https://filter.example.org:443"),
            ("http://[::1]:11333", "http://[::1]:11333"),
            ("http://[::1]", "http://[::1]:11333"),
            ("unix:/run/rspamd/worker.sock", "unix:/run/rspamd/worker.sock"),
        ] {
            assert_eq!(text.parse::<FilterAddress>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "127.0.0.1:11333",
            "ftp://x",
            "http://",
            "http://:11333",
            "http://x:0",
            "http://x:99999",
            "http://x:y",
            "http://x/checkv2",
            "http://u:p@x",
            "unix:run",
            "unix:",
            "http://[127.0.0.1]",
            "http://::1",
            "http://a b",
            "http://x\r\n:1",
        ] {
            assert!(text.parse::<FilterAddress>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        for text in [
            "http://u:hunter2@x",
            "u:hunter2@x",
            "ftp://hunter2@x",
            "http://u:hunter2@x:y/z",
            "http://u:hun/ter2#hunter2@x",
        ] {
            let error = text.parse::<FilterAddress>().unwrap_err();
            assert!(!error.contains("hunter2") && error.contains("password_file"), "{error}");
        }
        let error = "http://x/checkv2?password=hunter2".parse::<FilterAddress>().unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_can_be_read_on_the_way() {
        let is_open = |text: &str| text.parse::<FilterAddress>().unwrap().is_open();
        for text in ["http://192.0.2.1", "http://rspamd:11334"] {
            assert!(is_open(text), "{text}");
        }
        for text in
            ["http://127.0.0.1", "http://[::1]", "http://localhost", "https://rspamd", "unix:/r"]
        {
            assert!(!is_open(text), "{text}");
        }
    }
}
