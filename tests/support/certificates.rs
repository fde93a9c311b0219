//! An authority and the certificates that it issues.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

pub struct Authority {
    directory: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// The files of a certificate and of its key.
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "The Authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::Builder::new().prefix("authority").tempdir().unwrap();
        // Postfix reads these as another user.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { directory, issuer }
    }

    /// Its own certificate.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// For this name, in files of its own below this name.
    pub fn issue(&self, name: &str, files: &str) -> Pair {
        let at = |end: &str| self.directory.path().join(format!("{files}.{end}"));
        let pair = Pair { certificate: at("crt"), key: at("key") };
        self.issue_to(name, &pair.certificate, &pair.key);
        pair
    }

    /// Into these files, whatever is there.
    pub fn issue_to(&self, name: &str, certificate: &Path, key_file: &Path) {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        self.issue_with(params, name, certificate, key_file);
    }

    /// The same, for a life that ends so many days from now, at midnight.
    pub fn issue_for(&self, days: i64, name: &str, certificate: &Path, key_file: &Path) {
        use jiff::{Timestamp, ToSpan, tz::TimeZone};
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let end = today.checked_add(days.days()).unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let (month, day) = (end.month().try_into().unwrap(), end.day().try_into().unwrap());
        params.not_after = rcgen::date_time_ymd(end.year().into(), month, day);
        self.issue_with(params, name, certificate, key_file);
    }

    fn issue_with(
        &self,
        mut params: CertificateParams,
        name: &str,
        certificate: &Path,
        key_file: &Path,
    ) {
        let key = KeyPair::generate().unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let issued = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(certificate, format!("{}{}", issued.pem(), self.issuer.pem())).unwrap();
        fs::write(key_file, key.serialize_pem()).unwrap();
    }
}

impl Pair {
    /// `[tls]` with them.
    pub fn toml(&self) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        format!("[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n")
    }
}
