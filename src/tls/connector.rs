//! TLS with destinations.

use super::{
    agreed,
    roots::{self, RootsError},
    verifier::{Belief, Verifier},
};
use crate::{address::Domain, smtp::Tls, tlsa::Tlsa};
use rustls::{
    CertificateError, ClientConfig, Error,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    version::{TLS12, TLS13},
};
use rustls_pki_types::ServerName;
use std::{io, net::IpAddr, path::Path, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Begins TLS with destinations. Sessions are resumed among those of the same trust only.
#[derive(Debug, Clone)]
pub struct Connector {
    any: Arc<ClientConfig>,
    authorities: Arc<ClientConfig>,
}

/// Which certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Any certificate: whoever listens hears nothing, whoever is in between hears all.
    Any,
    /// Certificates that an authority made out to the host's name.
    Authorities,
    /// Certificates that these TLSA records of the host are about; at least one record is usable.
    Dane(Arc<[Tlsa]>),
}

/// Whom we speak to.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The name by which the host was found.
    pub host: Option<&'a Domain>,
    /// The address of the host.
    pub ip: Option<IpAddr>,
    /// Whose mail the host takes.
    pub domain: Option<&'a Domain>,
}

/// Why there is no TLS, in the terms of RFC 8460 §4.3.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate is for another host.
    #[error("the certificate is for another host")]
    HostMismatch,
    /// The certificate is no longer, or not yet, valid.
    #[error("the certificate is not valid now")]
    Expired,
    /// Nobody whom we trust has made the certificate out.
    #[error("the certificate is not trusted: {0}")]
    NotTrusted(String),
    /// The handshake failed.
    #[error("the TLS handshake failed: {0}")]
    Handshake(io::Error),
}

impl Connector {
    /// Trusts the authorities in `ca_file`, or those of the system.
    ///
    /// # Errors
    /// When the file holds none.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, RootsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let always = |belief| Arc::new(Verifier::new(belief, &provider));
        let roots = Arc::new(roots::load(ca_file)?);
        // It fails for a system without authorities only.
        let verifier: Arc<dyn ServerCertVerifier> =
            match WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()
            {
                Ok(verifier) => verifier,
                Err(_) => always(Belief::Nothing),
            };
        Ok(Self {
            any: config(&provider, always(Belief::Anything))?,
            authorities: config(&provider, verifier)?,
        })
    }

    /// The handshake, to which the host has agreed.
    ///
    /// # Errors
    /// When it fails, or the certificate is not one of those that are believed.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        identity: Identity<'_>,
        trust: &Trust,
    ) -> Result<(TlsStream<S>, Tls), TlsError> {
        let config = match trust {
            Trust::Any => Arc::clone(&self.any),
            Trust::Authorities => Arc::clone(&self.authorities),
            Trust::Dane(records) => {
                let provider = Arc::clone(self.any.crypto_provider());
                let names = [identity.host, identity.domain].into_iter().flatten();
                let belief = Belief::Dane {
                    records: records.iter().filter(|record| record.is_usable()).cloned().collect(),
                    names: names.filter_map(server_name).collect(),
                };
                config(&provider, Arc::new(Verifier::new(belief, &provider)))
                    .map_err(|error| TlsError::Handshake(io::Error::other(error)))?
            }
        };
        let connector = TlsConnector::from(config);
        let stream = connector.connect(identity.name(), stream).await.map_err(TlsError::of)?;
        let tls = agreed(stream.get_ref().1);
        Ok((stream, tls))
    }
}

impl Identity<'_> {
    /// The name for SNI, or what stands for none.
    fn name(&self) -> ServerName<'static> {
        let unspecified = IpAddr::from([0, 0, 0, 0]);
        let ip = || ServerName::IpAddress(self.ip.unwrap_or(unspecified).into());
        self.host.and_then(server_name).unwrap_or_else(ip)
    }
}

fn server_name(name: &Domain) -> Option<ServerName<'static>> {
    ServerName::try_from(name.to_key()).ok()
}

impl TlsError {
    fn of(error: io::Error) -> Self {
        let why = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match why {
            Some(Error::InvalidCertificate(why)) => match why {
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Self::HostMismatch,
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::Expired,
                other => Self::NotTrusted(format!("{other:?}")),
            },
            _ => Self::Handshake(error),
        }
    }
}

fn config(
    provider: &Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
