use crate::{
    address::Domain,
    reply::Hidden,
    smtp::Tls,
    tls::{Connector, Identity, TlsError, Trust},
};
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

/// What to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Endpoint {
    /// The address of the endpoint, if it has one.
    pub(super) fn tcp(&self) -> Option<&SocketAddr> {
        match self {
            Self::Tcp(address) => Some(address),
            Self::Unix(_) => None,
        }
    }
}

/// Which host it was: for the journal, and to be hidden from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// The name by which it was found.
    pub(super) name: Option<Domain>,
    pub(super) endpoint: Endpoint,
}

impl Remote {
    /// The address of the host.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.endpoint.tcp().map(SocketAddr::ip)
    }

    /// Adds what a reply of this host must not show.
    pub(super) fn hide(&self, hidden: Hidden) -> Hidden {
        let hidden = match &self.name {
            Some(name) => hidden.and(name.as_str()),
            None => hidden,
        };
        match &self.endpoint {
            Endpoint::Tcp(address) => hidden.and(&address.ip().to_string()),
            Endpoint::Unix(_) => hidden,
        }
    }
}

/// `mx1.example.org [192.0.2.1]:25`, `192.0.2.1:25` or `unix:/path`.
impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.endpoint) {
            (Some(name), Endpoint::Tcp(address)) => {
                write!(f, "{name} [{}]:{}", address.ip(), address.port())
            }
            (None, Endpoint::Tcp(address)) => write!(f, "{address}"),
            (_, Endpoint::Unix(path)) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An open byte stream to a host.
#[derive(Debug)]
pub(super) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<Transport>>),
}

impl Transport {
    /// The handshake, on a stream that is not encrypted yet.
    pub(super) async fn secure(
        self,
        connector: &Connector,
        identity: Identity<'_>,
        trust: &Trust,
    ) -> Result<(Self, Tls), TlsError> {
        let (stream, tls) = connector.connect(self, identity, trust).await?;
        Ok((Self::Tls(Box::new(stream)), tls))
    }

    /// Connects. TCP without Nagle's delay: what is written is a whole step of the dialogue.
    ///
    /// mail-send connects and no more: its reading of replies drops what follows the first one in a read, and
    /// loses those before a lost connection.
    pub(super) async fn connect(endpoint: &Endpoint, time: Duration) -> io::Result<Self> {
        match endpoint {
            Endpoint::Tcp(address) => {
                let client =
                    mail_send::SmtpClient::connect(*address, time).await.map_err(|error| {
                        match error {
                            mail_send::Error::Io(error) => error,
                            _ => io::ErrorKind::TimedOut.into(),
                        }
                    })?;
                client.stream.set_nodelay(true)?;
                Ok(Self::Tcp(client.stream))
            }
            Endpoint::Unix(path) => {
                let stream = tokio::time::timeout(time, UnixStream::connect(path)).await??;
                Ok(Self::Unix(stream))
            }
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
