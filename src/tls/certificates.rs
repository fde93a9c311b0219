use crate::{
    address::{Domain, DomainPattern},
    config::CertificateFiles,
};
use rustls::{crypto::aws_lc_rs, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Our certificates with their keys.
pub struct Certificates {
    /// Shown to clients that ask for no name, or for one of nobody.
    default: Arc<CertifiedKey>,
    by_name: Vec<(DomainPattern, Arc<CertifiedKey>)>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", .file.display())]
pub struct CertificateError {
    /// The file that is at fault.
    pub file: PathBuf,
    /// What is wrong with it, and what it should be.
    pub what: String,
}

impl Certificates {
    /// Reads the files of `[tls]`. `None` without any.
    ///
    /// # Errors
    /// The first that cannot be read, holds something else, or does not go with its key.
    pub fn load(files: &[CertificateFiles]) -> Result<Option<Self>, CertificateError> {
        let Some((first, others)) = files.split_first() else { return Ok(None) };
        let default = pair(first)?;
        let mut by_name = Vec::new();
        for files in others {
            if let Some(name) = &files.name {
                by_name.push((name.clone(), pair(files)?));
            }
        }
        Ok(Some(Self { default, by_name }))
    }

    pub(super) fn choose(&self, name: Option<&str>) -> Arc<CertifiedKey> {
        let name = name.and_then(|name| Domain::parse(name).ok());
        let named = name.and_then(|name| {
            self.by_name.iter().find(|(pattern, _)| pattern.matches(&name)).map(|(_, pair)| pair)
        });
        Arc::clone(named.unwrap_or(&self.default))
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificates({})", 1 + self.by_name.len())
    }
}

fn pair(files: &CertificateFiles) -> Result<Arc<CertifiedKey>, CertificateError> {
    let error = |file: &Path, what: String| CertificateError { file: file.to_owned(), what };
    let no_certificate = |what| error(&files.certificate, what);
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| no_certificate(told(&why, "a certificate")))?;
    if chain.is_empty() {
        return Err(no_certificate("no certificate in PEM is in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|why| error(&files.key, told(&why, "a private key")))?;
    let pair = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
    pair.map(Arc::new).map_err(|why| match why {
        rustls::Error::InconsistentKeys(_) => error(
            &files.key,
            format!("it is not the key of the certificate in {}", files.certificate.display()),
        ),
        rustls::Error::InvalidCertificate(why) => no_certificate(format!("{why:?}")),
        other => error(&files.key, format!("it cannot be used: {other}")),
    })
}

fn told(why: &rustls_pki_types::pem::Error, wanted: &str) -> String {
    use rustls_pki_types::pem::Error;
    match why {
        Error::Io(error) => format!("cannot be read: {error}"),
        Error::NoItemsFound => format!("{wanted} in PEM is not in it"),
        other => format!("no PEM: {other}"),
    }
}
