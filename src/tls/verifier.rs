//! Whom a destination's certificate convinces, where no authority is asked: anybody, nobody, or DANE for SMTP
//! (RFC 7672), by which it is believed because DNSSEC says so.

use crate::tlsa::Tlsa;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256, Sha512};

/// Believes a certificate, if the host has its key.
#[derive(Debug)]
pub(super) struct Verifier {
    belief: Belief,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Which certificates are believed.
#[derive(Debug)]
pub(super) enum Belief {
    /// Any certificate.
    Anything,
    /// None.
    Nothing,
    /// What the records say.
    Dane {
        records: Vec<Tlsa>,
        /// The names one of which a certificate under an authority must be for (RFC 7672 §3.2.2).
        names: Vec<ServerName<'static>>,
    },
}

impl Verifier {
    pub(super) fn new(belief: Belief, provider: &CryptoProvider) -> Self {
        Self { belief, algorithms: provider.signature_verification_algorithms }
    }

    /// The chain leads to an authority that a record names, and is for one of the names.
    fn vouch(
        &self,
        records: &[Tlsa],
        names: &[ServerName<'_>],
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let own = &ParsedCertificate::try_from(own)?;
        let mut roots = RootCertStore::empty();
        for record in records.iter().filter(|record| record.usage == Tlsa::DANE_TA) {
            let in_chain = chain.iter().find(|certificate| is_about(record, certificate));
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
        let is_named = names.iter().any(|name| verify_server_name(own, name).is_ok());
        if is_named { Ok(()) } else { Err(CertificateError::NotValidForName.into()) }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.belief {
            Belief::Anything => {}
            Belief::Nothing => return Err(CertificateError::UnknownIssuer.into()),
            // Neither names nor dates count here: the record is about this very certificate (§3.1.1).
            Belief::Dane { records, .. }
                if records.iter().any(|it| it.usage == Tlsa::DANE_EE && is_about(it, own)) => {}
            Belief::Dane { records, names } => self.vouch(records, names, own, chain, now)?,
        }
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

/// Whether `record` is about `certificate` (RFC 6698 §2.1).
fn is_about(record: &Tlsa, certificate: &CertificateDer<'_>) -> bool {
    let public_key;
    let selected: &[u8] = match record.selector {
        0 => certificate,
        _ => match ParsedCertificate::try_from(certificate) {
            Ok(parsed) => {
                public_key = parsed.subject_public_key_info();
                &public_key
            }
            Err(_) => return false,
        },
    };
    match record.matching {
        0 => selected == record.data,
        1 => Sha256::digest(selected).as_slice() == record.data,
        _ => Sha512::digest(selected).as_slice() == record.data,
    }
}
