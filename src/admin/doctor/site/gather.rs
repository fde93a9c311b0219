//! Asks DNS, this machine and others for the facts.

use super::{
    dns::{Dns, dmarc, keys, mx},
    facts::{Facts, Mx, SpfOf, Sts},
    munge::{Carried, carried},
    replies, sending, tls_rpt,
};
use crate::{
    address::Domain,
    admin::{
        Error, Place, Store, aliases, keystore::Keys, overview::disk, queue, running::Running,
        secrets, spam_filter,
    },
    auth::spf::{self, Query, Spf},
    clock,
    config::{Config, unread},
    dns::Resolver,
    dnsbl::{Zone, is_public},
    keys::{Keystore, MAKES_SECRET, present_certificate_files},
    mta_sts::policy_id,
    outbound::published_policy,
    postfix::Asker,
    provider::{GOOGLE, Provider},
    store::StateLock,
    tls::{self, Connector},
};
use std::{
    fs, io,
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio::time::Instant;

/// For SPF (RFC 7208 §4.6.4 wants at least 20 s).
const SPF_PATIENCE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(10);
const HTTPS_PORT: u16 = 443;

/// What is to be looked at beyond the configuration.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Our addresses, where they cannot be found out.
    pub addresses: Vec<IpAddr>,
    /// Lists of addresses that somebody does not take mail from.
    pub dnsbl: Vec<Zone>,
    /// A host whose port 25 must be reached.
    pub connect: Option<String>,
    /// The port of the MX of the SRS domain at which a bounce and a forged one are to be tried.
    pub round_trip: Option<u16>,
}

/// Asks; what nobody answers about is named in the facts.
///
/// # Errors
/// When the store or the keys cannot be read.
pub(super) async fn gather(config: &Config, store: &Store, asked: &Asked) -> Result<Facts, Error> {
    let resolver = Resolver::new(&config.dns.servers).map_err(Error::refused)?;
    let connector = Connector::new(config.tls.ca_file.as_deref()).map_err(Error::refused)?;
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
    for list in &config.dnsbl {
        if let Some(trouble) = dns.trouble(list).await {
            facts.lists.push((list.zone.clone(), list.kind, trouble));
        }
    }
    facts.lists.dedup();
    let mut domains = store.domains().await?;
    if !domains.contains(srs_domain) {
        domains.push(srs_domain.clone());
    }
    for domain in domains {
        facts.sts.extend(sts_of(&mut dns, &resolver, &connector, &domain).await);
        facts.tls_rpt.push((domain.clone(), tls_rpt_of(&mut dns, &domain).await));
        facts.domains.push(mx(&resolver, domain, &ours).await);
    }
    facts.sending = sending::gather(&mut dns, config, store, |_| true).await?;
    for Mx { domain, .. } in &facts.domains {
        let is_sent_as = facts.sending.is_sent_as(domain);
        if domain == srs_domain || config.srs.settings.per_domain || is_sent_as {
            facts.spf.push(spf_of(&mut dns, &resolver, config, domain, &ours).await);
        }
    }
    facts.dmarc = dmarc(&mut dns, srs_domain).await;
    let keystore = Keys::of(config).now_in(store).await?;
    facts.keys = keys(&mut dns, &keystore, |_| true).await?;
    for Mx { domain, .. } in &facts.domains {
        if carried(config, &facts.keys, domain) == Carried::SrsDomain {
            facts.policies.push((domain.clone(), dmarc(&mut dns, domain).await));
        }
    }
    facts.unanswered = dns.unanswered;
    let mut destinations = aliases::AskedDestinations::new(config, store);
    destinations.add_postmaster();
    aliases::for_each(store, None, |alias| {
        destinations.add(&alias);
        let mut to = alias.destinations().iter();
        facts.leads_to_gmail |=
            to.any(|to| to.to_string().rsplit('@').next().and_then(Provider::of) == Some(&GOOGLE));
        Ok(())
    })
    .await?;
    facts.nowhere = destinations.answers(Some(&resolver)).await;
    facts.unsafe_aliases = aliases::unsafe_aliases(store);
    let everything = queue::Filter::default();
    facts.unreadable = queue::for_each(store, &everything, |_| Ok(())).await?.unreadable;
    let is_stopped = StateLock::keep_stopped(&config.state_dir).map_or(true, |lock| lock.is_some());
    if !is_stopped {
        facts.unnamed_sockets = Running::unnamed_sockets(&config.state_dir);
    }
    if let Some(salt) = store.secret_salt().await? {
        let (own, told) = (secrets::prints(&keystore, &salt), store.told_secrets().await?);
        let me = Place::of(config).node().unwrap_or_default().to_owned();
        facts.secrets_elsewhere = secrets::compare(&me, &own, &told);
    }
    facts.sealed = Keys::of(config).sealed_keys(store).await?;
    facts.filter = spam_filter::probe(config).await?;
    replies::gather(config, &mut facts).await?;
    facts.ours = ours;
    machine(&mut facts, config);
    if let Some(host) = &asked.connect {
        facts.way_out = connect(host).err().map(|error| (host.clone(), error.to_string()));
    }
    Ok(facts)
}

/// Asks what is to be known of one domain, and nothing of this machine.
///
/// # Errors
/// As [`gather`].
pub(super) async fn gather_domain(
    config: &Config,
    store: &Store,
    domain: &Domain,
) -> Result<Facts, Error> {
    let resolver = Resolver::new(&config.dns.servers).map_err(Error::refused)?;
    let connector = Connector::new(config.tls.ca_file.as_deref()).map_err(Error::refused)?;
    let srs = &config.srs.settings;
    let mut dns = Dns::new(&resolver);
    let host = dns.addresses(&config.hostname).await;
    let ours = our_addresses(&Asked::default(), &host);
    let mut facts = Facts { host, now: clock::now(), ..Facts::default() };
    facts.is_issued = config.tls.acme.is_some();
    let certificate = present_certificate_files(config).into_iter().next();
    facts.certificate =
        certificate.map(|files| tls::expiry(&files.certificate).map_err(|e| e.to_string()));
    facts.sts.extend(sts_of(&mut dns, &resolver, &connector, domain).await);
    facts.tls_rpt.push((domain.clone(), tls_rpt_of(&mut dns, domain).await));
    facts.domains.push(mx(&resolver, domain.clone(), &ours).await);
    facts.sending = sending::gather(&mut dns, config, store, |sent| sent == domain).await?;
    if *domain == srs.domain || srs.per_domain || facts.sending.is_sent_as(domain) {
        facts.spf.push(spf_of(&mut dns, &resolver, config, domain, &ours).await);
    }
    facts.dmarc = dmarc(&mut dns, domain).await;
    let keystore = Keys::of(config).now_in(store).await?;
    facts.keys = keys(&mut dns, &keystore, |of| of == domain || *of == srs.domain).await?;
    facts.policies.push((domain.clone(), facts.dmarc.clone()));
    facts.unanswered = dns.unanswered;
    facts.ours = ours;
    Ok(facts)
}

/// Those that are given; else those by which this machine goes out, if the world knows them; else those of
/// our name.
pub(super) fn our_addresses(asked: &Asked, host: &[IpAddr]) -> Vec<IpAddr> {
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

/// `None` where there is no record: the domain demands nothing.
async fn sts_of(
    dns: &mut Dns<'_>,
    resolver: &Resolver,
    connector: &Connector,
    domain: &Domain,
) -> Option<Sts> {
    let mut records = dns.texts(&format!("_mta-sts.{}", domain.to_key())).await;
    records.retain(|text| text.starts_with("v=STSv1"));
    if records.is_empty() {
        return None;
    }
    Some(Sts {
        domain: domain.clone(),
        has_id: policy_id(records.iter().map(String::as_str)).is_some(),
        policy: published_policy(resolver, connector, HTTPS_PORT, domain).await,
        records,
    })
}

/// Records of TLS-RPT, and what was to be one.
async fn tls_rpt_of(dns: &mut Dns<'_>, domain: &Domain) -> Vec<String> {
    let mut records = dns.texts(&tls_rpt::name(domain)).await;
    records.retain(|text| text.starts_with("v=TLSRPT"));
    records
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
    let certificates = present_certificate_files(config);
    facts.certificate = certificates
        .first()
        .map(|files| tls::expiry(&files.certificate).map_err(|error| error.to_string()));
    let keystore = Keystore::of(config);
    let needed = keystore.needed();
    let mut secrets = vec![needed.to_owned()];
    secrets.extend(config.filter.password_file.clone());
    secrets.extend(certificates.into_iter().map(|files| files.key));
    secrets.extend(keystore.key_files());
    let is_secret = |file: &PathBuf| file == needed;
    let service = Asker::of_service(&config.state_dir);
    for file in secrets {
        if file.exists() && !service.may_read(&file) {
            facts.barred.push((file.clone(), service.name()));
        }
        match fs::metadata(&file) {
            Ok(found) => facts.secrets.push((file.clone(), found.permissions().mode())),
            // Before their issue there are no keys of certificates.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_secret(&file) => {}
            Err(error) => facts.closed.push((file.clone(), unread(&error, MAKES_SECRET))),
        }
        if let Err(error) = fs::File::open(&file)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            facts.closed.push((file, unread(&error, MAKES_SECRET)));
        }
    }
    facts.closed.dedup();
    facts.is_down = match StateLock::keep_stopped(&config.state_dir) {
        Ok(stopped) => stopped.map(|_| start_command()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(start_command()),
        Err(error) => {
            facts.closed.push((config.state_dir.clone(), unread(&error, "")));
            None
        }
    };
    facts.disk = disk(&config.state_dir);
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

/// How the daemon is started on this machine.
fn start_command() -> &'static str {
    match Path::new("/run/systemd/system").exists() {
        true => "systemctl enable --now onward",
        false => "onward serve",
    }
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
