//! DANE for SMTP (RFC 7672): a certificate is believed because DNSSEC says so.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256, Sha512};

/// A TLSA record (RFC 6698 §2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tlsa {
    /// 2: an authority of the host; 3: its own certificate. Others say nothing about mail.
    pub usage: u8,
    /// 0: the certificate; 1: its public key.
    pub selector: u8,
    /// 0: all of it; 1: its SHA-256; 2: its SHA-512.
    pub matching: u8,
    /// That.
    pub data: Vec<u8>,
}

const AUTHORITY: u8 = 2;
const OWN: u8 = 3;

impl Tlsa {
    /// Whether a certificate can be told by it (RFC 7672 §3.1).
    pub fn is_usable(&self) -> bool {
        let fits = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        matches!(self.usage, AUTHORITY | OWN) && self.selector <= 1 && fits
    }

    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let public_key;
        let selected: &[u8] = match self.selector {
            0 => certificate,
            _ => match ParsedCertificate::try_from(certificate) {
                Ok(parsed) => {
                    public_key = parsed.subject_public_key_info();
                    &public_key
                }
                Err(_) => return false,
            },
        };
        match self.matching {
            0 => selected == self.data,
            1 => Sha256::digest(selected).as_slice() == self.data,
            _ => Sha512::digest(selected).as_slice() == self.data,
        }
    }
}

/// Believes what `records` say.
#[derive(Debug)]
pub(super) struct DaneVerifier {
    pub(super) records: Vec<Tlsa>,
    /// The names one of which a certificate under an authority must be for (RFC 7672 §3.2.2).
    pub(super) names: Vec<ServerName<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl DaneVerifier {
    /// The chain leads to an authority that a record names, and is for this host.
    fn is_vouched_for(
        &self,
        own: &ParsedCertificate<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut roots = RootCertStore::empty();
        for record in self.records.iter().filter(|record| record.usage == AUTHORITY) {
            let in_chain = chain.iter().find(|certificate| record.matches(certificate));
            let whole = (record.selector == 0 && record.matching == 0)
                .then(|| CertificateDer::from(record.data.clone()));
            if let Some(authority) = in_chain.map(|found| found.clone().into_owned()).or(whole) {
                // What is no certificate of an authority vouches for nothing.
                let _ = roots.add(authority);
            }
        }
        if roots.is_empty() {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(own, &roots, chain, now, algorithms)?;
        let is_named = self.names.iter().any(|name| verify_server_name(own, name).is_ok());
        if is_named { Ok(()) } else { Err(CertificateError::NotValidForName.into()) }
    }
}

impl ServerCertVerifier for DaneVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Neither names nor dates count here: the record is about this very certificate (§3.1.1).
        if self.records.iter().any(|record| record.usage == OWN && record.matches(own)) {
            return Ok(ServerCertVerified::assertion());
        }
        let own = ParsedCertificate::try_from(own)?;
        self.is_vouched_for(&own, chain, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, own, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
