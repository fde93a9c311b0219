use super::{
    define::section,
    reader::Table,
    units::{MINUTE, SECOND},
};
use crate::address::Domain;
use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

section! {
    /// A program of yours that is told what happens to aliases and to the server, as it happens. docs/EVENTS.md has the events,
    /// and how their signature is checked. Mail waits for none of it.
    table "events", Keys => pub struct Events {}

    /// Where events are sent, each as a POST of a JSON object. Over http to this machine only. Redirects are not followed.
    pub webhook: Option<Webhook> = text(
        "\"https://host/path\", or \"http://127.0.0.1:port/path\" on this machine", Webhook::from_str
    ), absent "nobody is told";
    /// File with the secret that events are signed with, on its first line: at least 16 characters. Read again whenever it
    /// changes.
    pub secret_file: Option<PathBuf> = secret_path, absent "events are not signed";
    /// How long the program may take for an event. One that it does not take with a 2xx is sent again, later and later,
    /// and the others wait behind it.
    pub timeout: Duration = duration(100, 2 * MINUTE), default "10s";
    /// For how long an event is sent again before it is given up.
    pub keep: Duration = duration(SECOND, 30 * 24 * 60 * MINUTE), default "1d";
    /// Events that wait at once. Beyond, new ones are lost; they are counted in the metrics, and the log says so.
    pub queue: usize = integer(1, 1_000_000), default 10_000;
    /// Refused messages of one alias that are told one by one in an hour; how many more there were is told in one event
    /// at the end of it.
    pub refusals_per_alias: usize = integer(1, 10_000), default 60;
}

/// Where events are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// https.
    pub is_tls: bool,
    /// IP address, without brackets, or name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path and what stands behind it, which may be a secret.
    pub path: String,
}

/// Longest path, in octets.
const MAX_PATH: usize = 2_000;

impl Webhook {
    /// True where nobody but this machine is told.
    fn is_local(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback(),
            Err(_) => self.host == "localhost",
        }
    }

    /// The host and, where it is not the usual one, the port: the field Host of a request.
    pub fn authority(&self) -> String {
        let Self { is_tls, host, port, .. } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let usual = if *is_tls { 443 } else { 80 };
        if *port == usual { host } else { format!("{host}:{port}") }
    }
}

/// Without the path, in which others keep secrets.
impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}/…", self.authority())
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({self})")
    }
}

impl FromStr for Webhook {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text is not repeated: what stands there may be a secret.
        let (is_tls, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err("neither an https:// nor an http:// URL".to_owned()),
        };
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(at).unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(
                "a URL with a user or password in it; events are signed with events.secret_file"
                    .to_owned(),
            );
        }
        let (host, port) = match authority.rsplit_once(':') {
            // Of an IPv6 address without a port.
            Some(_) if authority.ends_with(']') => (authority, None),
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let port = match port.map(str::parse) {
            None if is_tls => 443,
            None => 80,
            Some(Ok(port)) if port != 0 => port,
            Some(_) => return Err("a URL without a port from 1 to 65535".to_owned()),
        };
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) if v6.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()) => v6,
            Some(_) => return Err("a URL with brackets around what is no IPv6 address".to_owned()),
            None => host,
        };
        let is_host = host.parse::<IpAddr>().is_ok()
            || Domain::parse(host).is_ok_and(|name| name.literal().is_none());
        if !is_host {
            return Err("a URL without a host".to_owned());
        }
        let is_path = path.len() <= MAX_PATH
            && path
                .bytes()
                .all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'"' | b'<' | b'>'));
        if !is_path {
            return Err(
                "a URL whose path has characters that no path has, or a fragment".to_owned()
            );
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let webhook = Self { is_tls, host: host.to_owned(), port, path };
        match webhook.is_tls || webhook.is_local() {
            true => Ok(webhook),
            false => {
                Err("http to another machine: whoever is on the way would read the events"
                    .to_owned())
            }
        }
    }
}

pub(super) fn read(root: &Table<'_>, warnings: &mut Vec<String>) -> Option<Events> {
    let keys: Keys<'_> = root.table();
    if keys.secret_file.is_written() && !keys.webhook.is_written() {
        keys.webhook.refuse_value("missing, and nobody is told without it");
        return None;
    }
    if matches!(keys.webhook.value, Some(Some(_))) && !keys.secret_file.is_written() {
        warnings.push(
            "events.secret_file is not set: whoever knows the address of events.webhook can send events of their own"
                .into(),
        );
    }
    keys.checked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, shown, path) in [
            ("https://hooks.example/x/y?z=1", "https://hooks.example/…", "/x/y?z=1"),
            ("https://hooks.example:8443", "https://hooks.example:8443/…", "/"),
            ("https://hooks.example?a", "https://hooks.example/…", "/?a"),
            ("http://127.0.0.1:9000/h", "http://127.0.0.1:9000/…", "/h"),
            ("http://localhost/", "http://localhost/…", "/"),
            ("https://[2001:db8::1]:444/", "https://[2001:db8::1]:444/…", "/"),
            ("http://[::1]/", "http://[::1]/…", "/"),
        ] {
            let webhook: Webhook = text.parse().unwrap();
            assert_eq!((webhook.to_string().as_str(), webhook.path.as_str()), (shown, path));
        }
        for text in [
            "",
            "hooks.example",
            "ftp://x/",
            "https://",
            "https:///x",
            "https://x:0/",
            "https://x:y/",
            "https://u:p@x/",
            "https://x/a b",
            "https://x/\r\nHost: y",
            "https://x/#a",
            "http://hooks.example/x",
            "http://192.0.2.1/x",
            "https://[127.0.0.1]/",
        ] {
            assert!(text.parse::<Webhook>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_secret_in_a_url_is_not_repeated() {
        for text in ["https://u:hunter2@x/", "http://x.example/hunter2", "https://x:y/hunter2"] {
            let error = text.parse::<Webhook>().unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let webhook: Webhook = "https://x/hunter2".parse().unwrap();
        assert!(!format!("{webhook} {webhook:?}").contains("hunter2"));
    }
}
