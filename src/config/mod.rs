//! The configuration file: read, checked as a whole, and handed on as plain values.
//!
//! Each table has a file here, in which `section!` (define.rs) defines its keys. A definition is all that a key
//! needs: the field, the reading with its findings, `docs/CONFIG.md` and onward.toml(5) follow from it. So a
//! key is added by writing its definition where it is to stand in the documents, and by
//! `UPDATE_EXPECTED=1 cargo test --test config_errors`, which brings `docs/CONFIG.md` in line. Only what stands
//! above all tables is a field of [`Config`] by hand. What must hold between several keys is checked by the
//! `read` of their table.
//!
//! A new table is a file with its definitions, its line in sections.rs, and its field of [`Config`].

mod api;
mod auth;
mod clients;
mod database;
mod define;
mod delivery;
mod digest;
mod dns;
mod dnsbl;
mod events;
mod filter;
mod finding;
mod host;
mod ip_net;
mod journal;
mod limits;
mod listen;
mod machine;
mod provider;
mod reader;
pub mod reference;
mod root;
mod route;
mod schema;
mod sections;
pub mod service;
mod spool;
mod srs;
mod store;
mod submission;
mod tls;
mod units;
mod values;
mod web;

pub use api::Api;
pub use auth::{ArcSealing, Auth};
pub use database::{Database, DatabaseError};
pub use delivery::Delivery;
pub use digest::{Digest, TimeOfDay};
pub use dns::Dns;
pub use dnsbl::{Dnsbl, Exempt};
pub use events::{Events, Webhook};
pub use filter::{Filter, FilterAddress, OnFailure};
pub use finding::{ConfigError, Finding};
pub use host::Host;
pub use ip_net::IpNet;
pub use journal::JournalBounds;
pub use limits::Limits;
pub use listen::{Direction, Listen, ListenAddress, Milter, Protocol, Served, SocketAccess};
pub use machine::Machine;
pub use route::Route;
pub use spool::Spool;
pub use srs::{Bounces, ReturnsTo, Srs};
pub use store::Store;
pub use submission::Submission;
pub use tls::{Acme, CertificateFiles, Dane, Tls};
pub use units::{parse_duration, parse_rate, parse_size, print_duration, print_rate, print_size};
pub use web::{Peer, Web};

use crate::{
    address::{Domain, Mailbox},
    provider::OwnProvider,
};
use reader::{FromTable, Report, Table};
use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use toml::de::DeTable;

/// Where the file is looked for when neither `--config` nor `$ONWARD_CONFIG` names one.
pub const DEFAULT_FILE: &str = "/etc/onward/onward.toml";

/// A checked configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Our name in the greeting, EHLO and Received.
    pub hostname: Domain,
    /// Where everything that is kept lies.
    pub state_dir: PathBuf,
    /// Where what several machines share is kept.
    pub store: Store,
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
    /// What providers take, before what is known of them.
    pub providers: Vec<OwnProvider>,
    /// Who is asked for names.
    pub dns: Dns,
    /// Who sends, and what the destination will think of it.
    pub auth: Auth,
    /// Who says whether mail is spam.
    pub filter: Filter,
    /// Certificates, and what is demanded of destinations.
    pub tls: Tls,
    /// What clients may use.
    pub limits: Limits,
    /// How much of what happened is kept.
    pub journal: JournalBounds,
    /// What accounts send.
    pub submission: Submission,
    /// What programs with a token ask for and change.
    pub api: Api,
    /// The page for people.
    pub web: Web,
    /// Lists of those that mail is not taken from.
    pub dnsbl: Vec<Dnsbl>,
    /// Who is told what happens to aliases.
    pub events: Events,
    /// When owners are told what came to their aliases.
    pub digest: Digest,
    /// What is accepted but perhaps not meant.
    pub warnings: Vec<String>,
    /// Keys whose values nobody else is to read.
    pub secrets: Vec<String>,
    /// Where others may read them: what that means, and what mends it.
    pub exposed: Vec<String>,
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
                what: unread(&error, ""),
                accepted: "a readable TOML file, as `onward init` writes it".into(),
            };
            ConfigError::new(file, vec![finding])
        })?;
        let mut config = Self::parse(&text, file, &Machine::here())?;
        config.exposed = exposed(file, &config.secrets);
        Ok(config)
    }

    /// Checks the text of a configuration; `file` is its name in errors.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, file: &Path, machine: &Machine) -> Result<Self, ConfigError> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let report = Report::new(text, &sections::SECTIONS, machine);
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

/// What is to be said of each secret in `file` where everybody may read that.
fn exposed(file: &Path, secrets: &[String]) -> Vec<String> {
    let mode = std::fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
    let (name, shown) = (file.display(), mode & 0o777);
    let told = |key: &String| {
        let other = match key.as_str() {
            "store.postgres" => "; or have a credential hold the URL (docs/NODES.md)",
            _ => "",
        };
        format!(
            "everybody on this machine may read or write {name} (mode {shown:o}), and its {key} holds a secret; chmod o= {name} mends it{other}"
        )
    };
    if mode & 0o007 == 0 { Vec::new() } else { secrets.iter().map(told).collect() }
}

/// What is to be said of a file that cannot be read; `absent` is what helps where there is none.
pub(crate) fn unread(error: &io::Error, absent: &str) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if !absent.is_empty() => {
            format!("cannot be read: {error}; {absent}")
        }
        io::ErrorKind::PermissionDenied => format!("cannot be read: {error}; {NOT_ALLOWED}"),
        _ => format!("cannot be read: {error}"),
    }
}

/// What to do where a file is there, and closed to whoever runs this.
pub(crate) const NOT_ALLOWED: &str =
    "it belongs to another user: run this with sudo, or give it to the user that runs Onward";

fn read(document: &DeTable<'_>, report: &Report<'_>, machine: &Machine) -> Option<Config> {
    let root = Table::root(root::Keys::SECTION, document, report);
    let mut keys = root::Keys::from_table(root);
    let mut warnings = Vec::new();
    let hostname = keys.hostname(machine, &mut warnings);
    let listen = listen::read(&root);
    let store = store::read(&root, &mut warnings);
    let srs = srs::read(&root, listen.as_deref(), hostname.as_ref());
    let delivery = root.table::<delivery::Keys<'_>>().checked();
    let spool = spool::read(&root);
    let routes = route::read(&root);
    let providers = provider::read(&root);
    let dns = root.table::<dns::Keys<'_>>().checked();
    let limits = limits::read(&root);
    let journal = journal::read(&root);
    let dnsbl = dnsbl::read(&root);
    let submission = submission::read(&root);
    let api = api::read(&root);
    let web = web::read(&root);
    let events = events::read(&root, &mut warnings);
    let digest = digest::read(&root);
    let auth = auth::read(&root);
    let filter = filter::read(&root, &mut warnings);
    let tls = tls::read(&root);
    if tls.as_ref().is_some_and(|tls| tls.certificates.is_empty() && tls.acme.is_none()) {
        listen::refuse_without_certificate(listen.as_deref().unwrap_or_default(), report);
    }

    let config = Config {
        hostname: hostname?,
        state_dir: machine.state_directory.clone().or(keys.state_dir.value)?,
        store: store?,
        postmaster: keys.postmaster.value?,
        log_level: keys.log_level.value?,
        listen: listen?,
        srs: srs?,
        delivery: delivery?,
        spool: spool?,
        routes: routes?,
        providers: providers?,
        dns: dns?,
        auth: auth?,
        filter: filter?,
        tls: tls?,
        limits: limits?,
        journal: journal?,
        submission: submission?,
        api: api?,
        web: web?,
        dnsbl: dnsbl?,
        events: events?,
        digest: digest?,
        warnings,
        secrets: report.secrets(),
        exposed: Vec::new(),
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
        let takes_mail = self.listen.iter().any(|listen| listen.protocol.takes_mail());
        if self.listen.is_empty() {
            self.warnings.push("there is no [[listen]] table: nothing listens".into());
        } else if self.postmaster.is_none() && takes_mail {
            self.warnings.push(
                "postmaster is not set: mail to postmaster@ and abuse@ of a hosted domain without \
                 such an alias has nowhere to go"
                    .into(),
            );
        }
        if self.spool.max_messages == 0
            && self.listen.iter().any(|listen| listen.protocol == Protocol::Submission)
        {
            self.warnings.push(
                "spool.max_messages is 0: what accounts send is always spooled, so none of it is taken"
                    .into(),
            );
        }
        let serves = |listen: &Listen| listen.serve.contains(&Served::Autoconfig);
        if self.listen.iter().any(serves)
            && !self.listen.iter().any(|listen| listen.protocol == Protocol::Submission)
        {
            self.warnings.push(
                "\"autoconfig\" is served, and no listener of the protocol submission is there that mail programs could \
                 be told of"
                    .into(),
            );
        }
        let serves_web = self.listen.iter().any(|listen| listen.serve.contains(&Served::Web));
        let by_address = self.web.trusted_proxy.iter().find(|peer| matches!(peer, Peer::Net(_)));
        if let Some(peer) = by_address
            && serves_web
            && self.web.hosts.is_empty()
        {
            self.warnings.push(format!(
                "web.trusted_proxy has {peer}, and web.hosts is not set: nobody whom that proxy names is let in, as every \
                 web page that a browser on that machine shows could say a name; hosts = [\"mail.example.org\"], the name \
                 by which browsers reach the proxy, mends it"
            ));
        }
        let is_open = |listen: &Listen, served| {
            listen.serve.contains(&served) && !listen.implicit_tls && !listen.address.is_local()
        };
        for listen in self.listen.iter().filter(|listen| is_open(listen, Served::Web)) {
            self.warnings.push(format!(
                "\"web\" is served at {} without TLS, and others than this machine can reach that: browsers keep no \
                 session there, so nobody gets in; tls = \"implicit\" mends it, or an address of this machine alone \
                 behind a proxy with TLS",
                listen.address
            ));
        }
        for listen in self.listen.iter().filter(|listen| is_open(listen, Served::Api)) {
            self.warnings.push(format!(
                "\"api\" is served at {} without TLS, and others than this machine can reach that: whoever listens on \
                 the way has the tokens; tls = \"implicit\" mends it, or an address of this machine alone behind a proxy \
                 with TLS",
                listen.address
            ));
        }
        if self.filter.rspamd.is_some() && self.filter.timeout >= self.delivery.budget {
            self.warnings.push(format!(
                "filter.timeout ({}) is not less than delivery.budget ({}): where the filter is slow, nothing is left \
                 for the destination",
                print_duration(self.filter.timeout),
                print_duration(self.delivery.budget),
            ));
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
