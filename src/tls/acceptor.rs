use super::{Certificates, agreed};
use crate::smtp::Tls;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use std::{fmt, io, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Begins TLS with clients, by the certificates as they are at that moment.
#[derive(Clone)]
pub struct Acceptor {
    tls: TlsAcceptor,
    current: Arc<Current>,
}

type Current = dyn Fn() -> Option<Arc<Certificates>> + Send + Sync;

struct CertificateResolver(Arc<Current>);

impl Acceptor {
    /// `current` gives the certificates; `None` while there are none.
    ///
    /// # Errors
    /// When the system has no randomness for session tickets.
    pub fn new(
        current: impl Fn() -> Option<Arc<Certificates>> + Send + Sync + 'static,
    ) -> Result<Self, rustls::Error> {
        let current: Arc<Current> = Arc::new(current);
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_protocol_versions(&[&TLS13, &TLS12])?
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(CertificateResolver(Arc::clone(&current))));
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        Ok(Self { tls: TlsAcceptor::from(Arc::new(config)), current })
    }

    /// Whether there is a certificate to show.
    pub fn is_ready(&self) -> bool {
        (self.current)().is_some()
    }

    /// The handshake.
    ///
    /// # Errors
    /// When the stream fails, or the client wants what we do not have.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<(TlsStream<S>, Tls)> {
        let stream = self.tls.accept(stream).await?;
        let tls = agreed(stream.get_ref().1);
        Ok((stream, tls))
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

impl fmt::Debug for CertificateResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateResolver")
    }
}

impl ResolvesServerCert for CertificateResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some((self.0)()?.choose(hello.server_name()))
    }
}
