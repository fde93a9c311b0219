use crate::{address::Domain, clock};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use std::time::{Duration, UNIX_EPOCH};

/// How long the certificate is valid: nobody checks that, and nobody renews it.
const LIFE: Duration = Duration::from_hours(10 * 365 * 24);
/// Clocks of others may be behind.
const SLACK: Duration = Duration::from_hours(24);

/// A certificate that nobody vouches for: enough for opportunistic TLS.
#[derive(Debug)]
pub struct SelfSigned {
    /// The certificate in PEM.
    pub certificate: String,
    /// The private key in PEM.
    pub key: String,
}

/// Makes a self-signed certificate for `hostname`.
///
/// # Errors
/// When the system has no randomness, or no certificate can be for that name.
pub fn self_signed(hostname: &Domain) -> Result<SelfSigned, rcgen::Error> {
    let key = KeyPair::generate()?;
    let names = match hostname.literal() {
        Some(ip) => vec![ip.to_string()],
        None => vec![hostname.to_key()],
    };
    let mut params = CertificateParams::new(names)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, hostname.to_key());
    params.distinguished_name = name;
    let now = UNIX_EPOCH + Duration::from_secs(clock::now().as_secs());
    params.not_before = (now - SLACK).into();
    params.not_after = (now + LIFE).into();
    let certificate = params.self_signed(&key)?;
    Ok(SelfSigned { certificate: certificate.pem(), key: key.serialize_pem() })
}
