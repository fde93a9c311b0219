//! The configuration file: read, checked as a whole, and handed on as plain values.
//!
//! [`schema`] lists every key once; the reader, its messages and `docs/CONFIG.md` follow from it.

mod auth;
mod finding;
mod ip_net;
mod limits;
mod listen;
mod reader;
pub mod reference;
mod route;
pub mod schema;
mod spool;
mod srs;
mod tls;
mod units;

pub use auth::{ArcSealing, Auth};
pub use finding::{ConfigError, Finding};
pub use ip_net::IpNet;
pub use limits::{Delivery, Limits};
pub use listen::{Direction, Listen, ListenAddress, Milter, Protocol};
pub use route::Route;
pub use spool::Spool;
pub use srs::Srs;
pub use tls::{Acme, CertificateFiles, Dane, Tls};
pub use units::{parse_duration, parse_size, print_duration, print_size};

use crate::address::{Domain, Mailbox};
use reader::{Report, Table};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};
use toml::de::DeTable;

/// Where the file is looked for when neither `--config` nor `$ONWARD_CONFIG` names one.
pub const DEFAULT_FILE: &str = "/etc/onward/onward.toml";

/// Tables that a later version brings.
const LATER_TABLES: [&str; 2] = ["filter", "submission"];

const LOG_LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// A checked configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Our name in the greeting, EHLO and Received.
    pub hostname: Domain,
    /// Where everything that is kept lies.
    pub state_dir: PathBuf,
    /// Gets postmaster@ and abuse@ of hosted domains without such an alias.
    pub postmaster: Option<Mailbox>,
    /// How much the daemon logs: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
    /// Where clients connect.
    pub listen: Vec<Listen>,
    /// How reverse-paths are rewritten.
    pub srs: Srs,
    /// Handing on while the sender waits.
    pub delivery: Delivery,
    /// Keeping what could not be handed on.
    pub spool: Spool,
    /// Next hops that replace a domain's MX; the first match wins.
    pub routes: Vec<Route>,
    /// Name servers to ask; empty: those of the system.
    pub dns_servers: Vec<SocketAddr>,
    /// A file with DNSKEY records that DNSSEC starts from, instead of the root's.
    pub trust_anchor: Option<PathBuf>,
    /// Who sends, and what the destination will think of it.
    pub auth: Auth,
    /// Certificates, and what is demanded of destinations.
    pub tls: Tls,
    /// What clients may use.
    pub limits: Limits,
    /// What is accepted but perhaps not meant.
    pub warnings: Vec<String>,
}

/// What the machine says about itself, for the keys that fall back to it.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// The machine's name.
    pub hostname: String,
    /// `$STATE_DIRECTORY`, which wins over `state_dir`.
    pub state_directory: Option<PathBuf>,
    /// `$CREDENTIALS_DIRECTORY`: what systemd hands over by LoadCredential=.
    pub credentials_directory: Option<PathBuf>,
}

impl Machine {
    /// Asks the machine we run on.
    pub fn here() -> Self {
        // systemd separates several directories with colons; the first is ours.
        let state_directory = std::env::var_os("STATE_DIRECTORY").and_then(|list| {
            let first = list.to_str()?.split(':').next()?;
            (!first.is_empty()).then(|| PathBuf::from(first))
        });
        let hostname = gethostname::gethostname().to_string_lossy().into_owned();
        let credentials_directory = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self { hostname, state_directory, credentials_directory }
    }

    /// An absolute path, or `credential:NAME`.
    fn secret_path(&self, text: &str) -> Result<PathBuf, String> {
        let Some(name) = text.strip_prefix("credential:") else { return absolute_path(text) };
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(format!("{name:?} is no name of a credential"));
        }
        match &self.credentials_directory {
            Some(directory) => Ok(directory.join(name)),
            None => {
                Err(format!("{text:?}: there are no credentials here ($CREDENTIALS_DIRECTORY)"))
            }
        }
    }
}

impl Config {
    /// Reads and checks `file`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let finding = Finding {
                line: None,
                key: String::new(),
                what: format!("cannot be read: {error}"),
                accepted: "a readable TOML file, as `onward init` writes it".into(),
            };
            ConfigError::new(file, vec![finding])
        })?;
        Self::parse(&text, file, &Machine::here())
    }

    /// Checks the text of a configuration; `file` is its name in errors.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, file: &Path, machine: &Machine) -> Result<Self, ConfigError> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let report = Report::new(text);
        for error in &errors {
            let line = error.span().map(|span| report.line(&span));
            report.add(line, String::new(), error.message().into(), "TOML".into());
        }
        let config = match errors.is_empty() {
            true => read(document.get_ref(), &report, machine),
            false => None,
        };
        match (config, report.into_findings()) {
            (Some(config), findings) if findings.is_empty() => Ok(config),
            (_, findings) => Err(ConfigError::new(file, findings)),
        }
    }
}

fn read(document: &DeTable<'_>, report: &Report<'_>, machine: &Machine) -> Option<Config> {
    let named = schema::SECTIONS.iter().map(|section| section.name);
    let tables: Vec<&str> = named.filter(|name| !name.is_empty() && !name.contains('.')).collect();
    let root = Table::root(&schema::ROOT, document, report, &tables, &LATER_TABLES);

    let mut warnings = Vec::new();
    let hostname = hostname(&root, machine, &mut warnings);
    let state_dir = root.text("state_dir", absolute_path);
    let postmaster = root.optional_text("postmaster", |text| {
        Mailbox::parse(text).map_err(|error| format!("{text:?}: {error}"))
    });
    let log_level =
        root.one_of("log_level", |text| LOG_LEVELS.contains(&text).then(|| text.to_owned()));
    let listen = listen::read(&root);
    let srs = srs::read(&root, listen.as_deref(), hostname.as_ref(), machine);
    let delivery = limits::read_delivery(&root);
    let spool = spool::read(&root);
    let routes = route::read(&root);
    let dns = root.table(&schema::DNS);
    let dns_servers = dns.list("servers", name_server);
    let trust_anchor = dns.optional_text("trust_anchor", absolute_path);
    let limits = limits::read(&root);
    let auth = auth::read(&root);
    let tls = tls::read(&root, machine);
    if listen.iter().flatten().any(|listen| listen.implicit_tls)
        && tls.as_ref().is_some_and(|tls| tls.certificates.is_empty() && tls.acme.is_none())
    {
        let what = "\"implicit\" needs a certificate, and there is none".to_owned();
        report.add(None, "listen.tls".into(), what, "[tls] with certificate and key".into());
    }

    let config = Config {
        hostname: hostname?,
        state_dir: machine.state_directory.clone().or(state_dir)?,
        postmaster: postmaster?,
        log_level: log_level?,
        listen: listen?,
        srs: srs?,
        delivery: delivery?,
        spool: spool?,
        routes: routes?,
        dns_servers: dns_servers?,
        trust_anchor: trust_anchor?,
        auth: auth?,
        tls: tls?,
        limits: limits?,
        warnings,
    };
    if config.tls.acme.is_some() && config.hostname.literal().is_some() {
        let what = "a certificate cannot be issued to an address".to_owned();
        report.add(None, "tls.acme".into(), what, "a hostname that is a domain name".into());
        return None;
    }
    Some(config.with_warnings())
}

impl Config {
    /// Adds what only the values together show.
    fn with_warnings(mut self) -> Self {
        let takes_mail = self.listen.iter().any(|listen| listen.protocol == Protocol::Smtp);
        if self.listen.is_empty() {
            self.warnings.push("there is no [[listen]] table: nothing listens".into());
        } else if self.postmaster.is_none() && takes_mail {
            self.warnings.push(
                "postmaster is not set: mail to postmaster@ and abuse@ of a hosted domain without \
                 such an alias has nowhere to go"
                    .into(),
            );
        }
        if self.limits.message_memory < self.delivery.max_message_size {
            self.warnings.push(format!(
                "limits.message_memory ({}) is less than delivery.max_message_size ({}): the \
                 largest messages are always put off",
                print_size(self.limits.message_memory as u64),
                print_size(self.delivery.max_message_size as u64),
            ));
        }
        self
    }
}

fn hostname(root: &Table<'_>, machine: &Machine, warnings: &mut Vec<String>) -> Option<Domain> {
    if let Some(hostname) = root.optional_text("hostname", |text| {
        Domain::parse(text).map_err(|error| format!("{text:?}: {error}"))
    })? {
        return Some(hostname);
    }
    let Ok(hostname) = Domain::parse(&machine.hostname) else {
        let what = format!("missing, and the machine's name {:?} is no domain", machine.hostname);
        root.refuse("hostname", what, "a domain name or an address literal");
        return None;
    };
    if !hostname.as_str().contains('.') {
        warnings.push(format!(
            "hostname is not set and the machine's name \"{hostname}\" has no dot: many receivers \
             refuse such a greeting"
        ));
    }
    Some(hostname)
}

fn absolute_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let usable = path.is_absolute() && !text.contains('\0');
    usable.then_some(path).ok_or_else(|| format!("{text:?} is not an absolute path"))
}

fn name_server(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| format!("{text:?} is not an IP address"))
}
