use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData,
    date_time_ymd,
};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

/// Issues certificates.
pub(super) struct Authority {
    directory: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A chain and its key.
pub(super) struct Issued {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    /// In DER.
    pub(super) own: Vec<u8>,
    /// The public key of the certificate, in DER.
    pub(super) public_key: Vec<u8>,
}

/// What a certificate is like beside its names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Good,
    Expired,
    SelfSigned,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { directory, issuer }
    }

    /// Its own certificate, in PEM.
    pub(super) fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// In DER.
    pub(super) fn der(&self) -> Vec<u8> {
        self.issuer.der().to_vec()
    }

    pub(super) fn issue(&self, name: &str, kind: Kind) -> Issued {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if kind == Kind::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let own = match kind {
            Kind::SelfSigned => params.self_signed(&key).unwrap(),
            _ => params.signed_by(&key, &self.issuer).unwrap(),
        };
        let chain = match kind {
            Kind::SelfSigned => own.pem(),
            _ => format!("{}{}", own.pem(), self.issuer.pem()),
        };
        let unique = tempfile::Builder::new().tempdir_in(self.directory.path()).unwrap().keep();
        let (certificate, key_file) = (unique.join("certificate"), unique.join("key"));
        fs::write(&certificate, chain).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        Issued {
            certificate,
            key: key_file,
            own: own.der().to_vec(),
            public_key: key.subject_public_key_info(),
        }
    }
}
