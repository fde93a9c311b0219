mod address;

pub use address::ListenAddress;

use super::{
    IpNet,
    define::section,
    machine::group_id,
    reader::{Entry, Report, Table},
    values::{BLOCKS, DOMAIN_PATTERNS},
};
use crate::address::DomainPattern;
use std::{collections::HashSet, fmt, str::FromStr};

section! {
    /// Where clients connect; any number of them.
    tables "listen", Keys => pub struct Listen {
        /// What is spoken there.
        protocol: Protocol,
        /// TLS from the first octet on, without STARTTLS.
        implicit_tls: bool,
        /// By http: what is to be had there.
        serve: Vec<Served>,
        /// Who may connect to a unix socket.
        access: SocketAccess,
        /// For the milter.
        milter: Milter,
    }

    /// What is spoken there. `smtp` takes mail from everybody; `submission` from accounts alone, which log in
    /// within TLS (`onward account`); `http` has what `serve` says; the others answer Postfix: docs/POSTFIX.md.
    protocol: Protocol = text("smtp, submission, socketmap, tcp-table, policy, milter, http", Protocol::named), required;
    /// Where to listen. `systemd:NAME` is a socket that systemd hands over, by its FileDescriptorName=.
    pub address: ListenAddress =
        text("\"host:port\", \"unix:/path\" or \"systemd:NAME\"", ListenAddress::from_str), required;
    /// Only of a `unix:` socket: its mode, as chmod(1) takes it. Whoever may write to the socket may connect. Of one
    /// that systemd hands over, SocketMode= and SocketGroup= decide.
    mode: u32 = text("an octal mode, such as \"0660\"", mode), default "0660";
    /// Only of a `unix:` socket: its group, such as `postfix`. The daemon has to be a member of it.
    group: Option<u32> = text("the name or the number of a group of this machine", group_id),
        absent "is the daemon's own, or that of a directory with the setgid bit";
    /// Peers whose PROXY header, version 1 or 2, is believed: smtp and submission
    /// only.
    pub proxy_protocol: Vec<IpNet> = list(BLOCKS, IpNet::from_str), default [];
    /// Peers whose XFORWARD is believed, such as a Postfix that hands domains over: smtp only. SPF is then
    /// that of the client they name.
    pub xforward: Vec<IpNet> = list(BLOCKS, IpNet::from_str), default [];
    /// submission only: the port by which people reach the listener, where NAT, a container or a proxy is in front of
    /// it. Mail programs are told so (docs/SEND-AS.md).
    pub public_port: Option<u16> = integer(1, 65_535),
        absent "that of `address`; with `proxy_protocol`, or a systemd socket of your own, 465 where `tls` is `implicit`, else 587";
    /// http only: what is to be had. `metrics`: figures and health (/metrics, /healthz, /readyz), for your own network
    /// alone; `autoconfig`: how mail programs are set up (docs/SEND-AS.md), for everybody; `api`: what programs with a
    /// token ask for and change (docs/API.md); `web`: the page for people who log in (docs/WEB.md).
    serve: Vec<Served> = list(SERVED, Served::from_str), default ["metrics"];
    /// smtp, submission and http only. `starttls`: offered where [tls] has a certificate, never by http. `implicit`: TLS
    /// from the first octet on; of http, that is https.
    tls: bool = one_of("starttls" => false, "implicit" => true), default "starttls";
    /// Which map a tcp-table listener answers.
    direction: Option<Direction> =
        one_of("forward" => Direction::Forward, "reverse" => Direction::Reverse),
        absent "must be written for tcp-table, and belongs to nothing else";
    /// milter only. Domains whose mailboxes are on this machine: an alias that leads there does not leave it.
    local_domains: Vec<DomainPattern> = list(DOMAIN_PATTERNS, DomainPattern::from_str), default [];
    /// milter only. Where Postfix finds its aliases (`virtual_alias_maps`, `alias_maps`), beside ours. They
    /// are asked by `postmap -q`, as the daemon's user. `onward check` says which of them do not answer.
    alias_maps: Vec<String> = list("tables of Postfix, such as \"hash:/etc/postfix/virtual\"", alias_map),
        default [];
    /// milter only. `true`: decides and tells the log, changes and refuses nothing.
    shadow: bool = bool, default false;
}

/// What is spoken with the clients of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// SMTP (RFC 5321).
    Smtp,
    /// SMTP from those who have an account (RFC 6409).
    Submission,
    /// The protocol of socketmap_table(5).
    Socketmap,
    /// The protocol of tcp_table(5).
    TcpTable(Direction),
    /// Postfix policy delegation.
    Policy,
    /// The milter protocol.
    Milter,
    /// HTTP, for what [`Served`] names.
    Http,
}

/// What is to be had by HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Served {
    /// Figures and health, for those who watch.
    Metrics,
    /// How mail programs are set up.
    Autoconfig,
    /// What programs with a token ask for and change.
    Api,
    /// The page for people.
    Web,
}

const SERVED: &str = "metrics, autoconfig, api, web";

/// Which map a tcp-table listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Senders to SRS addresses.
    Forward,
    /// SRS addresses to senders.
    Reverse,
}

/// Who may connect to a unix socket: whoever may write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketAccess {
    /// The mode of the socket.
    pub mode: u32,
    /// The number of its group, where that is not the one that new files get.
    pub group: Option<u32>,
}

impl Default for SocketAccess {
    fn default() -> Self {
        Self { mode: 0o660, group: None }
    }
}

/// What the milter of one listener goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Milter {
    /// Whose mailboxes are on this machine.
    pub local_domains: Vec<DomainPattern>,
    /// Postfix's tables of aliases, as `hash:/etc/postfix/virtual`.
    pub alias_maps: Vec<String>,
    /// Decides and tells the log, and changes nothing.
    pub shadow: bool,
}

impl Protocol {
    /// True where mail comes in by SMTP.
    pub fn takes_mail(self) -> bool {
        matches!(self, Self::Smtp | Self::Submission)
    }

    /// The name alone; a tcp-table still needs its direction.
    fn named(text: &str) -> Result<Self, String> {
        match text {
            "smtp" => Ok(Self::Smtp),
            "submission" => Ok(Self::Submission),
            "socketmap" => Ok(Self::Socketmap),
            "tcp-table" => Ok(Self::TcpTable(Direction::Forward)),
            "policy" => Ok(Self::Policy),
            "milter" => Ok(Self::Milter),
            "http" => Ok(Self::Http),
            _ => Err(format!("protocol {text:?} is not known")),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "smtp",
            Self::Submission => "submission",
            Self::Socketmap => "socketmap",
            Self::TcpTable(Direction::Forward) => "tcp-table forward",
            Self::TcpTable(Direction::Reverse) => "tcp-table reverse",
            Self::Policy => "policy",
            Self::Milter => "milter",
            Self::Http => "http",
        })
    }
}

impl FromStr for Served {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "metrics" => Ok(Self::Metrics),
            "autoconfig" => Ok(Self::Autoconfig),
            "api" => Ok(Self::Api),
            "web" => Ok(Self::Web),
            _ => Err(format!("{text:?} is not known")),
        }
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metrics => "metrics",
            Self::Autoconfig => "autoconfig",
            Self::Api => "api",
            Self::Web => "web",
        })
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Vec<Listen>> {
    let mut seen = HashSet::new();
    let listeners = root.tables().into_iter().map(|keys| listener(keys, &mut seen));
    listeners.collect::<Vec<Option<Listen>>>().into_iter().collect()
}

/// Refuses what cannot be without a certificate.
pub(super) fn refuse_without_certificate(listeners: &[Listen], report: &Report<'_>) {
    let accepted = "[tls] with certificate and key, or with acme";
    let refuse = |key: &str, what: &str| {
        report.add(None, key.into(), what.to_owned(), accepted.into());
    };
    if listeners.iter().any(|listen| listen.implicit_tls) {
        refuse("listen.tls", "\"implicit\" needs a certificate, and there is none");
    }
    if listeners.iter().any(|listen| listen.protocol == Protocol::Submission) {
        let what = "\"submission\" takes passwords within TLS only: it needs a certificate, and there is none";
        refuse("listen.protocol", what);
    }
}

fn listener(mut keys: Keys<'_>, seen: &mut HashSet<ListenAddress>) -> Option<Listen> {
    let protocol = protocol(&keys);
    let belongs_elsewhere = |wanted| protocol.is_some_and(|protocol| protocol != wanted);
    if belongs_elsewhere(Protocol::Smtp) {
        refuse_written(&keys.xforward, "smtp");
    }
    if protocol.is_some_and(|protocol| !protocol.takes_mail()) {
        refuse_written(&keys.proxy_protocol, "smtp and submission");
    }
    if belongs_elsewhere(Protocol::Submission) {
        refuse_written(&keys.public_port, "submission");
    }
    match protocol {
        Some(Protocol::Http) if keys.tls.is_written() && keys.tls.value == Some(false) => {
            keys.tls.refuse("http has no STARTTLS", "\"implicit\", or no such key for plaintext");
        }
        Some(Protocol::Smtp | Protocol::Submission | Protocol::Http) | None => {}
        Some(_) => refuse_written(&keys.tls, "smtp, submission and http"),
    }
    if belongs_elsewhere(Protocol::Http) {
        refuse_written(&keys.serve, "http");
    } else if keys.serve.value.as_ref().is_some_and(Vec::is_empty) {
        keys.serve.refuse_value("nothing is to be had there");
    }
    if belongs_elsewhere(Protocol::Milter) {
        refuse_written(&keys.local_domains, "milter");
        refuse_written(&keys.alias_maps, "milter");
        refuse_written(&keys.shadow, "milter");
    }
    match &keys.address.value {
        Some(ListenAddress::Tcp { .. }) => {
            refuse_access(&keys, "belongs to unix sockets: anybody can connect to a TCP port");
        }
        Some(ListenAddress::Systemd(_)) => refuse_access(
            &keys,
            "belongs to sockets of our own: SocketMode= and SocketGroup= of the systemd socket decide",
        ),
        Some(ListenAddress::Unix(_)) | None => {}
    }
    let any_port = matches!(keys.address.value, Some(ListenAddress::Tcp { port: 0, .. }));
    if let Some(address) = &keys.address.value
        && !any_port
        && !seen.insert(address.clone())
    {
        let what = format!("\"{address}\" is listened on twice");
        keys.address.refuse(what, "one table an address");
    }
    let milter = Milter {
        local_domains: keys.local_domains.value.take()?,
        alias_maps: keys.alias_maps.value.take()?,
        shadow: keys.shadow.value?,
    };
    let (implicit_tls, serve) = (keys.tls.value?, keys.serve.value.take()?);
    let access = SocketAccess { mode: keys.mode.value?, group: keys.group.value? };
    keys.checked(protocol?, implicit_tls, serve, access, milter)
}

fn refuse_access(keys: &Keys<'_>, why: &str) {
    if keys.mode.is_written() {
        keys.mode.refuse(why.to_owned(), "no such key here");
    }
    if keys.group.is_written() {
        keys.group.refuse(why.to_owned(), "no such key here");
    }
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok();
    let is_octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    mode.filter(|mode| is_octal && *mode <= 0o777)
        .ok_or_else(|| format!("{text:?} is no octal mode of a file"))
}

/// The protocol with its direction, which no other than tcp-table has.
fn protocol(keys: &Keys<'_>) -> Option<Protocol> {
    let direction = &keys.direction;
    match keys.protocol.value? {
        Protocol::TcpTable(_) => {
            if !direction.is_written() {
                direction.refuse_value("missing");
            }
            direction.value?.map(Protocol::TcpTable)
        }
        _ if direction.is_written() => {
            refuse_written(direction, "tcp-table");
            None
        }
        protocol => Some(protocol),
    }
}

fn refuse_written<T>(entry: &Entry<'_, T>, protocol: &str) {
    if entry.is_written() {
        entry.refuse(format!("belongs to {protocol} listeners"), "no such key here");
    }
}

fn alias_map(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is no table of Postfix")),
    }
}
