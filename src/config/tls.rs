use super::{reader::Table, schema};
use crate::address::DomainPattern;
use std::{path::PathBuf, str::FromStr};

/// `[tls]`: certificates of ours, and what is demanded of destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The first has no name and is for all clients; the others are chosen by SNI. Empty: no TLS inbound.
    pub certificates: Vec<CertificateFiles>,
    /// Destination domains and names of their hosts that are never spoken to in plaintext.
    pub never_plaintext: Vec<DomainPattern>,
    /// The authorities that are trusted, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// RFC 8461.
    pub mta_sts: bool,
    /// RFC 7672.
    pub dane: Dane,
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

pub(super) fn read(root: &Table<'_>) -> Option<Tls> {
    let table = root.table(&schema::TLS);
    let certificate = table.optional_text("certificate", super::absolute_path);
    let key = table.optional_text("key", super::absolute_path);
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
            let certificate = table.text("certificate", super::absolute_path);
            let key = table.text("key", super::absolute_path);
            Some(CertificateFiles { name: Some(name?), certificate: certificate?, key: key? })
        })
        .collect();
    if !of_names.is_empty() && !table.is_written("certificate") {
        table.refuse(
            "certificate",
            "missing, and [[tls.sni]] is there",
            "the certificate for clients that ask for none of these names",
        );
        return None;
    }
    let never_plaintext = table.list("never_plaintext", DomainPattern::from_str);
    let ca_file = table.optional_text("ca_file", super::absolute_path);
    let mta_sts = table.bool("mta_sts");
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
        never_plaintext: never_plaintext?,
        ca_file: ca_file?,
        mta_sts: mta_sts?,
        dane: dane?,
    })
}
