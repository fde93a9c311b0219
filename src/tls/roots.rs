use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::path::{Path, PathBuf};

/// Why there are no authorities to trust.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// `tls.ca_file`.
    #[error("[tls] ca_file {}: {what}", .file.display())]
    File {
        /// As configured.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// TLS itself.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// The authorities of `file`, or those that the system trusts: none at all if it has none.
pub(super) fn load(file: Option<&Path>) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let wrong = |what| RootsError::File { file: file.to_owned(), what };
            let read = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| wrong(format!("{error}; accepted are certificates in PEM")))?;
            for certificate in read {
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("no certificate in PEM is in it".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}
