use super::{
    ListenAddress,
    define::section,
    reader::Table,
    values::{ABSOLUTE_PATH, DOMAIN_PATTERNS, absolute_path, domain, mailbox},
};
use crate::{
    address::{Domain, DomainPattern, Mailbox},
    provider::PROVIDERS,
};
use std::{path::PathBuf, str::FromStr};

section! {
    /// Our certificates, and what is demanded of destinations: docs/TLS.md.
    table "tls", Keys => pub struct Tls {
        /// The first has no name and is for all clients; the others are chosen by SNI. Empty: no TLS inbound.
        certificates: Vec<CertificateFiles>,
        /// Who issues ours, instead of these files.
        acme: Option<Acme>,
    }

    /// PEM file with our certificate and those that lead to its authority. Read again whenever it changes.
    certificate: Option<PathBuf> = secret_path, absent "clients are offered no TLS";
    /// PEM file with its private key.
    key: Option<PathBuf> = secret_path, absent "belongs to certificate";
    /// Who issues and renews the certificate for hostname, by HTTP-01. With this you agree to the authority's
    /// terms of service.
    acme: Option<String> = text("\"letsencrypt\", or the https URL of an ACME directory", acme_directory),
        absent "certificate and key are yours to renew";
    /// Whom the authority may write to.
    acme_contact: Option<Mailbox> = text("a mail address", mailbox), absent "none";
    /// Names that the certificate is for beside hostname.
    acme_names: Vec<Domain> = list("domain names", domain), default [];
    /// Where the authority's challenges are answered: what it reaches as port 80 of these names.
    acme_http: ListenAddress = text("\"host:port\", or \"systemd:NAME\"", host_and_port), default "0.0.0.0:80";
    /// Destination domains, and names of their hosts, that mail never goes to in plaintext: where TLS fails
    /// it waits.
    pub never_plaintext: Vec<DomainPattern> = list(DOMAIN_PATTERNS, DomainPattern::from_str),
        computed never_plaintext;
    /// PEM file with the authorities to trust where a certificate is checked (MTA-STS).
    pub ca_file: Option<PathBuf> = text(ABSOLUTE_PATH, absolute_path), absent "the system's";
    /// Destinations' MTA-STS policies are obeyed (RFC 8461).
    pub mta_sts: bool = bool, default true;
    /// Whether destinations' TLSA records are obeyed (RFC 7672). `auto`: where the name servers hand on what
    /// DNSSEC needs. `on`: where they do not, mail waits.
    pub dane: Dane = one_of("auto" => Dane::Auto, "on" => Dane::On, "off" => Dane::Off), default "auto";
    /// `true`: domains that ask for it by mail are told once a day what came of TLS with their servers (RFC
    /// 8460). It is counted in any case: `onward tls results`.
    pub reports: bool = bool, default false;
}

section! {
    /// A further certificate, for clients that ask for a name (SNI); any number of them, the first match wins.
    tables "tls.sni", SniKeys;

    /// The names it is for.
    name: DomainPattern =
        text("a domain name, or \"*.domain\" for its subdomains", DomainPattern::from_str), required;
    /// As in [tls].
    certificate: PathBuf = secret_path, required;
    /// As in [tls].
    key: PathBuf = secret_path, required;
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The names that a client asks for by SNI; `None` for all others.
    pub name: Option<DomainPattern>,
    /// PEM: the chain, our own first.
    pub certificate: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

/// Who issues our certificate by itself (RFC 8555).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The URL of the authority's directory.
    pub directory: String,
    /// Whom the authority may write to.
    pub contact: Option<Mailbox>,
    /// Names beside `hostname`.
    pub names: Vec<Domain>,
    /// Where its challenges are answered: what it reaches as port 80.
    pub http: ListenAddress,
}

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Whether TLSA records count, which they do only where DNSSEC proves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dane {
    /// Where the name servers let us validate.
    Auto,
    /// Always: without validation nothing is sent.
    On,
    /// Never: TLSA records are not asked for.
    Off,
}

pub(super) fn read(root: &Table<'_>) -> Option<Tls> {
    let mut keys: Keys<'_> = root.table();
    let (certificate, key) = (keys.certificate.value.take(), keys.key.value.take());
    let (has_certificate, has_key) = (keys.certificate.is_written(), keys.key.is_written());
    if has_certificate && !has_key {
        keys.key.refuse("missing, and certificate is there", "both of them, or neither");
    } else if has_key && !has_certificate {
        keys.certificate.refuse("missing, and key is there", "both of them, or neither");
    }
    let of_names = root.tables().into_iter().map(of_name).collect::<Vec<_>>();
    if !of_names.is_empty() && !has_certificate && !keys.acme.is_written() {
        keys.certificate.refuse(
            "missing, and [[tls.sni]] is there",
            "the certificate for clients that ask for none of these names",
        );
        return None;
    }
    let acme = acme(&mut keys)?;
    let first = match (certificate?, key?) {
        (Some(certificate), Some(key)) => Some(CertificateFiles { name: None, certificate, key }),
        _ => None,
    };
    let certificates = first.map(Some).into_iter().chain(of_names).collect::<Option<_>>()?;
    keys.checked(certificates, acme)
}

fn of_name(keys: SniKeys<'_>) -> Option<CertificateFiles> {
    let (name, certificate, key) = (keys.name.value, keys.certificate.value?, keys.key.value?);
    Some(CertificateFiles { name: Some(name?), certificate, key })
}

fn acme(keys: &mut Keys<'_>) -> Option<Option<Acme>> {
    if keys.acme.is_written() && keys.certificate.is_written() {
        keys.acme.refuse("certificate is there too", "one of them");
        return None;
    }
    let directory = keys.acme.value.take()?;
    let contact = keys.acme_contact.value.take()?;
    let names = keys.acme_names.value.take()?;
    let http = keys.acme_http.value.take()?;
    Some(directory.map(|directory| Acme { directory, contact, names, http }))
}

fn acme_directory(text: &str) -> Result<String, String> {
    match text {
        "letsencrypt" => Ok(LETS_ENCRYPT.to_owned()),
        url if url.starts_with("https://") => Ok(url.to_owned()),
        other => Err(format!("{other:?} is no https URL")),
    }
}

fn host_and_port(text: &str) -> Result<ListenAddress, String> {
    match text.parse() {
        Ok(ListenAddress::Unix(_)) => Err(format!("{text:?} is not host:port")),
        other => other,
    }
}

/// The large providers: they have offered TLS for years, and refuse mail without it.
fn never_plaintext() -> String {
    let patterns = PROVIDERS.iter().filter(|provider| provider.wants_tls).flat_map(|provider| {
        // Mail of this one is known by Yahoo's hosts alone.
        let domains = provider.domains.iter().filter(|domain| **domain != "rocketmail.com");
        let hosts = provider.hosts.iter().map(|host| format!("*.{host}"));
        domains.map(|domain| (*domain).to_owned()).chain(hosts)
    });
    format!("{:?}", patterns.collect::<Vec<String>>())
}
