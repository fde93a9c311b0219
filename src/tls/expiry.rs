use super::CertificateError;
use crate::time::UnixTime;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::path::Path;
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
    time::ASN1Time,
};

/// From when to when a certificate is valid, and for which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The certificate is not valid before this time.
    pub begin: UnixTime,
    /// The certificate is not valid after this time.
    pub end: UnixTime,
    /// DNS names, in lower case.
    pub names: Vec<String>,
    /// Nobody else has signed the certificate.
    pub is_self_signed: bool,
    /// Who signed it, as it says.
    pub issuer: String,
}

impl Life {
    /// Whether the certificate is for a name in lower case (RFC 9525 §6.3).
    pub fn is_for(&self, name: &str) -> bool {
        self.names.iter().any(|has| match has.strip_prefix("*.") {
            Some(parent) => name.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => has == name,
        })
    }
}

/// The life of the first certificate in a PEM file.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn expiry(file: &Path) -> Result<Life, CertificateError> {
    let error = |what: String| CertificateError { file: file.to_owned(), what };
    let der = CertificateDer::from_pem_file(file).map_err(|why| error(why.to_string()))?;
    let (_, certificate) =
        X509Certificate::from_der(&der).map_err(|why| error(format!("no certificate: {why}")))?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let validity = certificate.validity();
    Ok(Life {
        is_self_signed: certificate.issuer() == certificate.subject(),
        issuer: certificate.issuer().to_string(),
        begin: time(validity.not_before),
        end: time(validity.not_after),
        names: names
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            })
            .collect(),
    })
}

fn time(time: ASN1Time) -> UnixTime {
    UnixTime::new(u64::try_from(time.timestamp()).unwrap_or(0))
}
