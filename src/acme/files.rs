use super::{AcmeError, shared::Pair};
use crate::config::CertificateFiles;
use instant_acme::AccountCredentials;
use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Where account and certificate are kept: `acme/` in the state directory, for its owner only.
#[derive(Debug, Clone)]
pub struct Files(PathBuf);

impl Files {
    /// The files of a state directory.
    pub fn new(state_dir: &Path) -> Self {
        Self(state_dir.join("acme"))
    }

    /// The certificate and its key, which need not be there yet.
    pub fn certificate(&self) -> CertificateFiles {
        CertificateFiles {
            name: None,
            certificate: self.0.join("certificate.pem"),
            key: self.0.join("key.pem"),
        }
    }

    /// The account that was made earlier with the authority at `directory`.
    pub(super) fn account(&self, directory: &str) -> Option<AccountCredentials> {
        let text = fs::read_to_string(self.account_file(directory)).ok()?;
        serde_json::from_str(&text).ok()
    }

    pub(super) fn keep_account(
        &self,
        directory: &str,
        credentials: &AccountCredentials,
    ) -> Result<(), AcmeError> {
        let file = self.account_file(directory);
        let text = serde_json::to_string(credentials)
            .map_err(|error| AcmeError::File { file: file.clone(), error: error.into() })?;
        self.replace(&file, &text)
    }

    /// The key first: with the certificate the pair is complete, and is read as a whole.
    pub(super) fn keep_certificate(&self, certificate: &str, key: &str) -> Result<(), AcmeError> {
        let files = self.certificate();
        self.replace(&files.key, key)?;
        self.replace(&files.certificate, certificate)
    }

    /// The certificate and its key as they are kept.
    pub(super) fn pair(&self) -> Option<Pair> {
        let files = self.certificate();
        let read = |file| fs::read_to_string(file).ok();
        Some(Pair { certificate: read(files.certificate)?, key: read(files.key)? })
    }

    fn account_file(&self, directory: &str) -> PathBuf {
        let host = host(directory);
        let name: String =
            host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        self.0.join(format!("account-{name}.json"))
    }

    /// Whole or not at all, however it ends.
    fn replace(&self, file: &Path, text: &str) -> Result<(), AcmeError> {
        let failed = |error| AcmeError::File { file: file.to_owned(), error };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0).map_err(failed)?;
        let new = file.with_extension("new");
        let write = || {
            let mut options = fs::OpenOptions::new();
            let mut opened =
                options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            opened.write_all(text.as_bytes())?;
            opened.sync_all()?;
            fs::rename(&new, file)?;
            fs::File::open(&self.0)?.sync_all()
        };
        write().map_err(failed)
    }
}

/// The host of an authority's directory.
pub(super) fn host(directory: &str) -> &str {
    directory.split('/').nth(2).unwrap_or("authority")
}
