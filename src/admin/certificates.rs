//! The certificates that clients are shown.

use crate::{config::Config, keys::present_certificate_files, time::UnixTime, tls};

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Who signed it.
    pub issuer: String,
    /// The names it is for.
    pub names: Vec<String>,
    /// It is not valid before.
    pub begin: UnixTime,
    /// It is not valid after.
    pub end: UnixTime,
    /// Nobody else has signed it.
    pub is_self_signed: bool,
}

/// Those that are there, the one that is shown where no other fits first; an error of what cannot be read, which names the
/// file.
pub fn list(config: &Config) -> Vec<Result<Certificate, String>> {
    let certificates = present_certificate_files(config).into_iter();
    certificates
        .map(|files| {
            let life = tls::expiry(&files.certificate).map_err(|error| error.to_string())?;
            let tls::Life { begin, end, names, is_self_signed, issuer } = life;
            Ok(Certificate { issuer, names, begin, end, is_self_signed })
        })
        .collect()
}
