//! What DNS and this machine say, before anything is made of it.

use super::{
    dns::{Dns, dmarc, keys, mx},
    mta_sts::{self, Sts},
    spf::SpfOf,
};
use crate::{
    address::Domain,
    auth::{
        dkim::{KeyFile, KeyState},
        spf::{self, Query, Spf},
    },
    cli::Failure,
    clock,
    config::Config,
    dns::Resolver,
    store::{
        QueueFilter, Unreadable,
        blocking::{Directory, Queue},
    },
    time::UnixTime,
    tls::{self, Connector, Life},
};
use std::{
    collections::BTreeSet,
    fs, io,
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
    time::Duration,
};
use tokio::time::Instant;

/// For SPF (RFC 7208 §4.6.4 wants at least 20 s).
const SPF_PATIENCE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(10);

/// What is to be looked at beyond the configuration.
#[derive(Debug, Clone, Default)]
pub(in crate::cli::doctor) struct Asked {
    /// Our addresses, where they cannot be found out.
    pub(in crate::cli::doctor) addresses: Vec<IpAddr>,
    /// Lists of addresses that somebody does not take mail from.
    pub(in crate::cli::doctor) dnsbl: Vec<Domain>,
    /// A host whose port 25 must be reached.
    pub(in crate::cli::doctor) connect: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(in crate::cli::doctor) struct Facts {
    /// Where our mail leaves from, and where mail must come.
    pub(super) ours: Vec<IpAddr>,
    /// The addresses of our host name.
    pub(super) host: Vec<IpAddr>,
    pub(super) reverse: Vec<Reverse>,
    /// The hosted domains, and the one of SRS.
    pub(super) domains: Vec<Mx>,
    /// Of each domain in whose name mail leaves.
    pub(super) spf: Vec<SpfOf>,
    pub(super) keys: Vec<Key>,
    /// What holds for the SRS domain.
    pub(super) dmarc: Vec<String>,
    pub(super) listed: Vec<(IpAddr, Domain)>,
    /// Of our certificate; `None` without one, and an error where it cannot be read.
    pub(super) certificate: Option<Result<Life, String>>,
    /// By ACME: nothing need be there yet.
    pub(super) is_issued: bool,
    /// What our domains have others demand.
    pub(super) sts: Vec<Sts>,
    /// Secrets, with their modes.
    pub(super) secrets: Vec<(PathBuf, u32)>,
    /// Messages in the spool that cannot be read.
    pub(super) unreadable: Vec<Unreadable>,
    /// Octets free, and in all, where the state is.
    pub(super) disk: Option<(u64, u64)>,
    /// The clock is known to follow others, or not to.
    pub(super) is_clock_set: Option<bool>,
    /// When all this was.
    pub(super) now: UnixTime,
    /// The host that was to be reached, and why it was not.
    pub(super) way_out: Option<(String, String)>,
    /// An alias leads to Gmail.
    pub(super) leads_to_gmail: bool,
    /// Names that nobody answered about: nothing is said of them.
    pub(super) unanswered: BTreeSet<String>,
}

impl Facts {
    pub(super) fn is_unanswered(&self, name: &str) -> bool {
        self.unanswered.contains(name)
    }
}

/// The name of an address of ours.
#[derive(Debug, Clone)]
pub(super) struct Reverse {
    pub(super) ip: IpAddr,
    pub(super) names: Vec<String>,
    /// The host name is among them, and leads back.
    pub(super) is_ours: bool,
}

/// Where mail for a domain goes.
#[derive(Debug, Clone)]
pub(super) struct Mx {
    pub(super) domain: Domain,
    /// DNS knows the domain.
    pub(super) exists: bool,
    pub(super) hosts: Vec<String>,
    /// One of them has an address of ours.
    pub(super) reaches_us: bool,
    /// Whatever had to be asked was answered.
    pub(super) is_known: bool,
}

/// A DKIM key of ours, and whether it is in DNS.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) domain: String,
    pub(super) selector: String,
    pub(super) state: KeyState,
    pub(super) name: String,
    pub(super) zone_line: String,
    pub(super) is_published: bool,
}

/// Asks.
///
/// # Errors
/// When the store or the keys cannot be read.
pub(in crate::cli::doctor) async fn gather(
    config: &Config,
    asked: &Asked,
) -> Result<Facts, Failure> {
    let resolver = Resolver::new(&config.dns_servers).map_err(Failure::new)?;
    let connector = Connector::new(config.tls.ca_file.as_deref()).map_err(Failure::new)?;
    let directory = Directory::open(&config.state_dir)?;
    let srs_domain = &config.srs.settings.domain;
    let mut dns = Dns::new(&resolver);
    let host = dns.addresses(&config.hostname).await;
    let ours = our_addresses(asked, &host);
    let mut facts = Facts { host, is_issued: config.tls.acme.is_some(), ..Facts::default() };
    for ip in &ours {
        facts.reverse.extend(dns.reverse(*ip, &config.hostname).await);
        for zone in &asked.dnsbl {
            if dns.is_listed(*ip, zone).await {
                facts.listed.push((*ip, zone.clone()));
            }
        }
    }
    let mut domains = directory.domains()?;
    if !domains.contains(srs_domain) {
        domains.push(srs_domain.clone());
    }
    for domain in domains {
        facts.sts.extend(mta_sts::ask(&mut dns, &resolver, &connector, &domain).await);
        facts.domains.push(mx(&resolver, domain, &ours).await);
    }
    for Mx { domain, .. } in &facts.domains {
        if domain == srs_domain || config.srs.settings.per_domain {
            facts.spf.push(spf_of(&mut dns, &resolver, config, domain, &ours).await);
        }
    }
    facts.dmarc = dmarc(&mut dns, srs_domain).await;
    facts.keys = keys(&mut dns, config).await?;
    facts.unanswered = dns.unanswered;
    directory.for_each(None, |alias| -> Result<(), Failure> {
        let mut to = alias.destinations().iter();
        facts.leads_to_gmail |= to.any(|to| to.to_string().to_lowercase().ends_with("@gmail.com"));
        Ok(())
    })?;
    if let Some(queue) = Queue::open(&config.state_dir)? {
        facts.unreadable = queue.for_each(&QueueFilter::default(), |_| Ok::<_, Failure>(()))?;
    }
    facts.ours = ours;
    machine(&mut facts, config);
    if let Some(host) = &asked.connect {
        facts.way_out = connect(host).err().map(|error| (host.clone(), error.to_string()));
    }
    Ok(facts)
}

/// Those that are given; else those by which this machine goes out, if the world knows them; else those of
/// our name.
fn our_addresses(asked: &Asked, host: &[IpAddr]) -> Vec<IpAddr> {
    if !asked.addresses.is_empty() {
        return asked.addresses.clone();
    }
    // Nothing is sent by this: the system only chooses an address.
    let ways = [("0.0.0.0:0", "192.0.2.1:25"), ("[::]:0", "[2001:db8::1]:25")];
    let own = ways.iter().filter_map(|(from, to)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    let own: Vec<IpAddr> = own.filter(|ip| is_public(*ip)).collect();
    if own.is_empty() { host.to_vec() } else { own }
}

pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || is_shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

async fn spf_of(
    dns: &mut Dns<'_>,
    resolver: &Resolver,
    config: &Config,
    domain: &Domain,
    ours: &[IpAddr],
) -> SpfOf {
    let mut records = dns.texts(domain.as_str()).await;
    records.retain(|text| spf::is_record(text.as_bytes()));
    let mut results = Vec::new();
    let sender = &format!("postmaster@{domain}");
    let is_answered = !dns.unanswered.contains(domain.as_str());
    for ip in ours.iter().filter(|_| is_answered) {
        let query = Query { ip: *ip, helo: config.hostname.as_str(), sender };
        let result = spf::check(resolver, &query, Instant::now() + SPF_PATIENCE).await;
        if result == Spf::TempError {
            dns.unanswered.insert(format!("SPF of {domain}"));
        }
        results.push((*ip, result));
    }
    SpfOf { domain: domain.clone(), records, results }
}

fn machine(facts: &mut Facts, config: &Config) {
    facts.now = clock::now();
    facts.certificate = config
        .tls
        .certificates
        .first()
        .map(|files| tls::expiry(&files.certificate).map_err(|error| error.to_string()));
    let mut secrets = vec![config.srs.secret_file.clone()];
    secrets.extend(config.tls.certificates.iter().map(|files| files.key.clone()));
    secrets.extend(
        KeyFile::all(&config.state_dir).unwrap_or_default().into_iter().map(|key| key.path),
    );
    facts.secrets = secrets
        .into_iter()
        .filter_map(|file| Some((file.clone(), fs::metadata(file).ok()?.permissions().mode())))
        .collect();
    facts.disk = rustix::fs::statvfs(&config.state_dir)
        .ok()
        .map(|disk| (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize));
    let arguments = ["show", "--property=NTPSynchronized", "--value"];
    let said = Command::new("timedatectl").args(arguments).output();
    facts.is_clock_set = said.ok().filter(|said| said.status.success()).and_then(|said| {
        match String::from_utf8_lossy(&said.stdout).trim() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    });
}

/// Within [`CONNECT`], whatever addresses it has.
fn connect(host: &str) -> io::Result<()> {
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, 25)],
        Err(_) if host.contains(':') => host.to_socket_addrs()?.collect(),
        Err(_) => (host, 25).to_socket_addrs()?.collect(),
    };
    let end = Instant::now() + CONNECT;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "name has no address");
    for address in addresses {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}
