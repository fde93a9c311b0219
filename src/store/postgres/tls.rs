//! TLS with the database: certificates that an authority made out to its name are believed, and no others.

use super::Database;
use crate::{
    address::Domain,
    tls::{Connector, Identity, RootsError, TlsError, Trust},
};
use std::{
    future::Future,
    io,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Socket,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};

/// Begins TLS with whichever host is reached; nothing where there is none to be.
#[derive(Debug, Clone)]
pub(super) struct Handshakes(Option<Connector>);

impl Handshakes {
    /// As the database wants it.
    pub(super) fn with(database: &Database) -> Result<Self, RootsError> {
        let connector = database.is_encrypted().then(|| Connector::new(database.ca_file()));
        connector.transpose().map(Self)
    }
}

/// Begins TLS with one host.
#[derive(Debug)]
pub(super) struct Handshake {
    connector: Option<Connector>,
    host: String,
}

/// A connection that is encrypted.
#[derive(Debug)]
pub(super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl MakeTlsConnect<Socket> for Handshakes {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        Ok(Handshake { connector: self.0.clone(), host: host.to_owned() })
    }
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = TlsError;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted, TlsError>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let none = || TlsError::Handshake(io::Error::other("TLS is not asked for"));
            let connector = self.connector.ok_or_else(none)?;
            let ip: Option<IpAddr> = self.host.parse().ok();
            let host = Domain::parse(&self.host).ok().filter(|_| ip.is_none());
            let identity = Identity { host: host.as_ref(), ip, domain: None };
            let (stream, _) = connector.connect(stream, identity, &Trust::Authorities).await?;
            Ok(Encrypted(stream))
        })
    }
}

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        // The name is verified, which is more than the binding would tell.
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, octets)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
