//! Which database it is, and how it is reached.

use crate::address::Domain;
use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

/// How long an address may take to be connected to: a name may have several.
const CONNECT: Duration = Duration::from_secs(4);
/// How long a server on another machine may be silent before its connection is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// How often it is asked whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// What names a database.
pub(super) const DATABASE: &str = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, postgresql:///DATABASE?host=/DIRECTORY&user=USER for a unix socket, or \
     \"credential:NAME\" of one that is such a URL";

/// A database, and who is to use it. Its password is in no text of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Database {
    config: Config,
    /// How each of its servers is reached.
    servers: Vec<Config>,
    /// Whose certificates are believed instead of the system's.
    ca_file: Option<PathBuf>,
    name: String,
    remembered_in: Option<PathBuf>,
}

/// Why a text names no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DatabaseError(String);

impl Database {
    /// The database of a URL, as psql takes it. A server on another machine is spoken to over TLS, with its name verified.
    ///
    /// # Errors
    /// When it is no such URL, or asks for less. The message holds nothing of a password.
    pub fn parse(url: &str) -> Result<Self, DatabaseError> {
        let wrong = |what: &str| DatabaseError(what.to_owned());
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong("it does not begin with postgresql://"));
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut ssl_mode, mut ca_file, mut rest) = (None, None, Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => ssl_mode = Some(mode),
                Some(("sslrootcert", file)) => ca_file = Some(PathBuf::from(file)),
                _ => rest.push(parameter),
            }
        }
        let url = format!("{address}?{}", rest.join("&"));
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            use std::error::Error;
            let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            wrong(&why)
        })?;
        let hosts = config.get_hosts();
        if hosts.is_empty() {
            return Err(wrong("it names no host"));
        }
        if config.get_dbname().is_none() {
            return Err(wrong("it names no database"));
        }
        if config.get_user().is_none() {
            return Err(wrong("it names no user"));
        }
        let is_near =
            hosts.iter().all(is_near) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let ssl_mode = match ssl_mode {
            None if is_near => SslMode::Disable,
            Some("disable" | "prefer" | "allow") if is_near => SslMode::Disable,
            None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some("disable" | "prefer" | "allow") => {
                return Err(wrong(
                    "sslmode would let everybody in between read along; for a server on another machine it is require, \
                     which verifies the server's name, or left out",
                ));
            }
            Some(_) => return Err(wrong("sslmode is disable, require or verify-full")),
        };
        if ssl_mode == SslMode::Require && !hosts.iter().all(has_name) {
            return Err(wrong("a host whose certificate is verified has a name or an IP address"));
        }
        if config.get_hostaddrs().len() > hosts.len() {
            return Err(wrong("it has more hostaddr than hosts"));
        }
        config.ssl_mode(ssl_mode);
        let (name, servers) = (name(&config), servers(&config));
        Ok(Self { config, servers, ca_file, name, remembered_in: None })
    }

    /// The database without its password.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// The same where all of this machine keep in a file which of its servers they knew last.
    pub(crate) fn remembering(self, file: PathBuf) -> Self {
        Self { remembered_in: Some(file), ..self }
    }

    /// That file.
    pub(crate) fn remembered_in(&self) -> Option<&Path> {
        self.remembered_in.as_deref()
    }

    /// How each of its servers is reached, in the order of the URL.
    pub(crate) fn servers(&self) -> &[Config] {
        &self.servers
    }

    /// True where the URL has a password.
    pub(super) fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// True where it is spoken to over TLS only.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }

    /// Whose certificates are believed instead of the system's.
    pub(crate) fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.name).finish()
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Whether what is said to it leaves the machine.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}

/// Each server alone. Whoever asks finds out which of them can be written to, so nothing is asked of that here.
fn servers(all: &Config) -> Vec<Config> {
    let one = |at: usize| {
        let mut one = all_but_hosts(all);
        match all.get_hosts().get(at) {
            Some(Host::Tcp(name)) => {
                one.host(name);
            }
            Some(Host::Unix(directory)) => {
                one.host_path(directory);
            }
            None => {}
        }
        if let Some(ip) = all.get_hostaddrs().get(at) {
            one.hostaddr(*ip);
        }
        if let Some(port) = all.get_ports().get(at).or(all.get_ports().first()) {
            one.port(*port);
        }
        one
    };
    (0..all.get_hosts().len()).map(one).collect()
}

fn all_but_hosts(all: &Config) -> Config {
    let mut config = Config::new();
    if let Some(user) = all.get_user() {
        config.user(user);
    }
    if let Some(password) = all.get_password() {
        config.password(password);
    }
    if let Some(database) = all.get_dbname() {
        config.dbname(database);
    }
    if let Some(options) = all.get_options() {
        config.options(options);
    }
    config.application_name("onward");
    config.ssl_mode(all.get_ssl_mode()).ssl_negotiation(all.get_ssl_negotiation());
    config.channel_binding(all.get_channel_binding());
    config.connect_timeout(CONNECT);
    config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(3);
    config.tcp_user_timeout(SILENCE);
    config
}

fn has_name(host: &Host) -> bool {
    match host {
        Host::Unix(_) => false,
        Host::Tcp(name) => name.parse::<IpAddr>().is_ok() || Domain::parse(name).is_ok(),
    }
}

fn name(config: &Config) -> String {
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or_default();
    let ports = config.get_ports();
    let host = |(at, host): (usize, &Host)| {
        let host = match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
            Host::Tcp(name) => name.clone(),
            Host::Unix(directory) => directory.display().to_string(),
        };
        match ports.get(at).or(ports.first()) {
            Some(port) if *port != 5432 => format!("{host}:{port}"),
            _ => host,
        }
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    format!("postgresql://{user}@{}/{database}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_database_and_what_does_not() {
        for (url, name, mode) in [
            (
                "postgresql://o:pw@db.example/onward",
                "postgresql://o@db.example/onward",
                SslMode::Require,
            ),
            (
                "postgres://o:pw@db.example:5433/onward?sslmode=verify-full",
                "postgresql://o@db.example:5433/onward",
                SslMode::Require,
            ),
            (
                "postgresql://o@127.0.0.1/onward",
                "postgresql://o@127.0.0.1/onward",
                SslMode::Disable,
            ),
            (
                "postgresql://o@localhost/onward?sslmode=require",
                "postgresql://o@localhost/onward",
                SslMode::Require,
            ),
            (
                "postgresql:///onward?host=/run/postgresql&user=o",
                "postgresql://o@/run/postgresql/onward",
                SslMode::Disable,
            ),
            (
                "postgresql://o@a.example,b.example/onward?target_session_attrs=read-write",
                "postgresql://o@a.example,b.example/onward",
                SslMode::Require,
            ),
        ] {
            let database = Database::parse(url).unwrap();
            assert_eq!(database.name(), name, "{url}");
            for server in database.servers() {
                assert_eq!(server.get_hosts().len(), 1, "{url}");
                assert_eq!(server.get_ssl_mode(), mode, "{url}");
                assert_eq!(server.get_password(), database.config.get_password(), "{url}");
            }
        }
        for (url, says) in [
            ("mysql://o@h/d", "does not begin with postgresql://"),
            ("host=h user=u password=hunter2", "does not begin with postgresql://"),
            ("postgresql://o:hunter2@db.example/d?sslmode=prefer", "everybody in between"),
            ("postgresql://o:hunter2@db.example/d?sslmode=disable", "everybody in between"),
            ("postgresql://o:hunter2@db.example/d?sslmode=hunter2", "sslmode is disable"),
            ("postgresql://o:hunter2@db.example/d?password2=hunter2", "unknown option `password2`"),
            ("postgresql://o:hunter2@db.example:hunter2/d", "invalid value"),
            ("postgresql://o:hunter2@db.example", "names no database"),
            ("postgresql://db.example/d", "names no user"),
            ("postgresql:///d?user=o", "names no host"),
            ("postgresql:///d?user=o&host=/run&sslmode=require", "has a name"),
        ] {
            let error = Database::parse(url).unwrap_err().to_string();
            assert!(error.contains(says), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn its_password_is_in_no_text() {
        let database = Database::parse("postgresql://o:hunter2@db.example/d").unwrap();
        let texts = format!("{database:?} {database:#?} {database} {:?}", database.clone());
        assert!(texts.contains("db.example") && !texts.contains("hunter2"), "{texts}");
    }
}
