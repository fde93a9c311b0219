//! What DNS and this machine say, before anything is made of it.

use super::mta_sts::{self, Sts};
use crate::{
    address::Domain,
    auth::{
        dkim::KeyFile,
        spf::{self, Query, Spf},
    },
    cli::Failure,
    config::Config,
    net::{LookupError, Resolver},
    store::Directory,
    tls::{self, Connector, Life},
};
use std::{
    fs, io,
    net::{IpAddr, TcpStream, ToSocketAddrs, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
    time::{Duration, SystemTime},
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
    /// The SPF records of the SRS domain, and what they say of each of our addresses.
    pub(super) spf: Vec<String>,
    pub(super) spf_results: Vec<(IpAddr, Spf)>,
    pub(super) keys: Vec<Key>,
    /// Of the SRS domain.
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
    /// Octets free, and in all, where the state is.
    pub(super) disk: Option<(u64, u64)>,
    /// The clock is known to follow others, or not to.
    pub(super) is_clock_set: Option<bool>,
    /// Seconds since 1970.
    pub(super) now: u64,
    /// The host that was to be reached, and why it was not.
    pub(super) way_out: Option<(String, String)>,
    /// An alias leads to Gmail.
    pub(super) leads_to_gmail: bool,
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
}

/// A DKIM key of ours, and whether it is in DNS.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) domain: String,
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
    let host = resolver.addresses(&config.hostname).await.unwrap_or_default();
    let ours = our_addresses(asked, &host);
    let mut facts = Facts { host, is_issued: config.tls.acme.is_some(), ..Facts::default() };
    for ip in &ours {
        facts.reverse.push(reverse(&resolver, *ip, &config.hostname).await);
        let query = Query {
            ip: *ip,
            helo: config.hostname.as_str(),
            sender: &format!("postmaster@{srs_domain}"),
        };
        let result = spf::check(&resolver, &query, Instant::now() + SPF_PATIENCE).await;
        facts.spf_results.push((*ip, result));
        for zone in &asked.dnsbl {
            if is_listed(&resolver, *ip, zone).await {
                facts.listed.push((*ip, zone.clone()));
            }
        }
    }
    let mut domains = directory.domains()?;
    if !domains.contains(srs_domain) {
        domains.push(srs_domain.clone());
    }
    for domain in domains {
        facts.sts.extend(mta_sts::ask(&resolver, &connector, &domain).await);
        facts.domains.push(mx(&resolver, domain, &ours).await);
    }
    let is_spf = |text: &String| text == "v=spf1" || text.starts_with("v=spf1 ");
    facts.spf = texts(&resolver, srs_domain.as_str()).await.into_iter().filter(is_spf).collect();
    let dmarc = texts(&resolver, &format!("_dmarc.{srs_domain}")).await;
    facts.dmarc = dmarc.into_iter().filter(|text| text.starts_with("v=DMARC1")).collect();
    facts.keys = keys(&resolver, config).await?;
    directory.for_each(None, |alias| -> Result<(), Failure> {
        let mut to = alias.destinations().iter();
        facts.leads_to_gmail |= to.any(|to| to.to_string().to_lowercase().ends_with("@gmail.com"));
        Ok(())
    })?;
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

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared)
        }
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

pub(super) async fn texts(resolver: &Resolver, name: &str) -> Vec<String> {
    let texts = resolver.texts(name).await.unwrap_or_default();
    texts.into_iter().map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
}

async fn reverse(resolver: &Resolver, ip: IpAddr, hostname: &Domain) -> Reverse {
    let names = resolver.names_of(ip).await.unwrap_or_default();
    let is_named = names.iter().any(|name| Domain::parse(name).is_ok_and(|name| name == *hostname));
    let back = resolver.addresses(hostname).await.unwrap_or_default();
    Reverse { ip, names, is_ours: is_named && back.contains(&ip) }
}

async fn mx(resolver: &Resolver, domain: Domain, ours: &[IpAddr]) -> Mx {
    let answer = resolver.exchanges(domain.as_str()).await;
    let exists = !matches!(answer, Err(LookupError::Nonexistent));
    let hosts = answer.unwrap_or_default();
    let mut reaches_us = false;
    for host in &hosts {
        let Ok(host) = Domain::parse(host) else { continue };
        let addresses = resolver.addresses(&host).await.unwrap_or_default();
        reaches_us |= addresses.iter().any(|ip| ours.contains(ip));
    }
    Mx { domain, exists, hosts, reaches_us }
}

/// RFC 5782 §2.1.
async fn is_listed(resolver: &Resolver, ip: IpAddr, zone: &Domain) -> bool {
    let reversed: Vec<String> = match ip {
        IpAddr::V4(v4) => v4.octets().iter().rev().map(ToString::to_string).collect(),
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect()
        }
    };
    let name = format!("{}.{zone}", reversed.join("."));
    let like = IpAddr::from([127, 0, 0, 2]);
    resolver.addresses_like(&name, like).await.is_ok_and(|found| !found.is_empty())
}

async fn keys(resolver: &Resolver, config: &Config) -> Result<Vec<Key>, Failure> {
    let wrong = |(file, error): (PathBuf, String)| {
        Failure::new(format_args!("{}: {error}", file.display()))
    };
    let mut keys = Vec::new();
    for file in KeyFile::all(&config.state_dir).map_err(wrong)? {
        let key = file.key().map_err(wrong)?;
        let name = key.dns_name();
        let public = |text: &str| {
            let tags = text.split(';').filter_map(|tag| tag.trim().strip_prefix("p="));
            tags.map(|value| value.replace(' ', "")).next()
        };
        let wanted = public(&key.dns_text());
        let found = texts(resolver, &name).await;
        keys.push(Key {
            domain: key.domain().to_key(),
            is_published: found.iter().any(|text| public(text) == wanted),
            zone_line: key.zone_line(),
            name,
        });
    }
    Ok(keys)
}

fn machine(facts: &mut Facts, config: &Config) {
    facts.now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
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

fn connect(host: &str) -> io::Result<()> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "name has no address");
    let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:25") };
    for address in with_port.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}
