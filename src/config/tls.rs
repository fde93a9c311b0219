use super::{ListenAddress, Machine, reader::Table, schema};
use crate::{
    address::{Domain, DomainPattern, Mailbox},
    provider::PROVIDERS,
};
use std::{path::PathBuf, str::FromStr};

/// `[tls]`: certificates of ours, and what is demanded of destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The first has no name and is for all clients; the others are chosen by SNI. Empty: no TLS inbound.
    pub certificates: Vec<CertificateFiles>,
    /// Who issues ours, instead of these files.
    pub acme: Option<Acme>,
    /// Destination domains and names of their hosts that are never spoken to in plaintext.
    pub never_plaintext: Vec<DomainPattern>,
    /// The authorities that are trusted, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// RFC 8461.
    pub mta_sts: bool,
    /// RFC 7672.
    pub dane: Dane,
    /// Reports are sent to those who ask for them (RFC 8460).
    pub reports: bool,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The names that a client asks for by SNI; `None` for all others.
    pub name: Option<DomainPattern>,
    /// PEM: the chain, our own first.
    pub certificate: PathBuf,
    /// PEM.
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
    /// Never.
    Off,
}

pub(super) fn read(root: &Table<'_>, machine: &Machine) -> Option<Tls> {
    let secret_path = |text: &str| machine.secret_path(text);
    let table = root.table(&schema::TLS);
    let certificate = table.optional_text("certificate", secret_path);
    let key = table.optional_text("key", secret_path);
    for (one, other) in [("certificate", "key"), ("key", "certificate")] {
        if table.is_written(one) && !table.is_written(other) {
            table.refuse(other, format!("missing, and {one} is there"), "both of them, or neither");
        }
    }
    let of_names: Vec<Option<CertificateFiles>> = table
        .tables(&schema::SNI)
        .iter()
        .map(|table| {
            let name = table.text("name", DomainPattern::from_str);
            let certificate = table.text("certificate", secret_path);
            let key = table.text("key", secret_path);
            Some(CertificateFiles { name: Some(name?), certificate: certificate?, key: key? })
        })
        .collect();
    let has_first = table.is_written("certificate") || table.is_written("acme");
    if !of_names.is_empty() && !has_first {
        table.refuse(
            "certificate",
            "missing, and [[tls.sni]] is there",
            "the certificate for clients that ask for none of these names",
        );
        return None;
    }
    let acme = acme(&table);
    let never_plaintext = table.list("never_plaintext", DomainPattern::from_str);
    let ca_file = table.optional_text("ca_file", super::absolute_path);
    let mta_sts = table.bool("mta_sts");
    let reports = table.bool("reports");
    let dane = table.one_of("dane", |text| match text {
        "auto" => Some(Dane::Auto),
        "on" => Some(Dane::On),
        "off" => Some(Dane::Off),
        _ => None,
    });
    let first = match (certificate?, key?) {
        (Some(certificate), Some(key)) => Some(CertificateFiles { name: None, certificate, key }),
        _ => None,
    };
    let of_names: Option<Vec<CertificateFiles>> = of_names.into_iter().collect();
    Some(Tls {
        certificates: first.into_iter().chain(of_names?).collect(),
        acme: acme?,
        never_plaintext: never_plaintext?,
        ca_file: ca_file?,
        mta_sts: mta_sts?,
        dane: dane?,
        reports: reports?,
    })
}

/// The hosts and domains of the large providers: they have offered TLS for years, and refuse mail without it.
pub(super) fn never_plaintext() -> String {
    let patterns = PROVIDERS.iter().flat_map(|provider| {
        // Mail of this one is known by Yahoo's hosts alone.
        let domains = provider.domains.iter().filter(|domain| **domain != "rocketmail.com");
        let hosts = provider.hosts.iter().map(|host| format!("*.{host}"));
        domains.map(|domain| (*domain).to_owned()).chain(hosts)
    });
    format!("{:?}", patterns.collect::<Vec<String>>())
}

fn acme(table: &Table<'_>) -> Option<Option<Acme>> {
    let directory = table.optional_text("acme", |text| match text {
        "letsencrypt" => Ok(LETS_ENCRYPT.to_owned()),
        url if url.starts_with("https://") => Ok(url.to_owned()),
        other => Err(format!("{other:?} is no https URL")),
    });
    let contact = table.optional_text("acme_contact", |text| {
        Mailbox::parse(text).map_err(|error| format!("{text:?}: {error}"))
    });
    let names = table.list("acme_names", |text| {
        Domain::parse(text).map_err(|error| format!("{text:?}: {error}"))
    });
    let http = table.text("acme_http", |text| match text.parse() {
        Ok(ListenAddress::Unix(_)) => Err(format!("{text:?} is not host:port")),
        other => other,
    });
    if table.is_written("acme") && table.is_written("certificate") {
        table.refuse("acme", "certificate is there too", "one of them");
        return None;
    }
    let (contact, names, http) = (contact?, names?, http?);
    Some(directory?.map(|directory| Acme { directory, contact, names, http }))
}
