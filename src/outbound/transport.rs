use crate::{
    address::Domain,
    provider::{self, Provider},
    reply::Hidden,
    tls::Stream,
    verdict::organizational,
};
use mail_send::SmtpClient;
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::{
    net::{TcpSocket, UnixStream},
    time::timeout,
};

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

    /// Adds what a reply of this host must not show: neither its name nor whose it is. An alias of which strangers know who
    /// has the mailbox is half the way to it.
    pub(super) fn hide(&self, hidden: Hidden) -> Hidden {
        let hidden = hidden.and_providers(&provider::NAMES);
        let hidden = match &self.name {
            Some(name) if Provider::of_host(name.as_str()).is_some() => hidden.and_codes(),
            _ => hidden,
        };
        let hidden = match &self.name {
            Some(name) => hidden.and(name.as_str()).and(&organizational(&name.to_key())),
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

/// Connects, from the address `source` where there is one. TCP without Nagle's delay: what is written is a whole step of
/// the dialogue.
///
/// mail-send connects and no more: its reading of replies drops what follows the first one in a read, and
/// loses those before a lost connection.
pub(super) async fn connect(
    endpoint: &Endpoint,
    source: Option<IpAddr>,
    time: Duration,
) -> io::Result<Stream> {
    match endpoint {
        Endpoint::Tcp(address) if let Some(source) = source => {
            let socket = match source {
                IpAddr::V4(_) => TcpSocket::new_v4()?,
                IpAddr::V6(_) => TcpSocket::new_v6()?,
            };
            socket.bind(SocketAddr::new(source, 0))?;
            let stream = timeout(time, socket.connect(*address)).await??;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Endpoint::Tcp(address) => {
            let connected = SmtpClient::connect(*address, time).await;
            let client = connected.map_err(|error| match error {
                mail_send::Error::Io(error) => error,
                _ => io::ErrorKind::TimedOut.into(),
            })?;
            client.stream.set_nodelay(true)?;
            Ok(Box::new(client.stream))
        }
        Endpoint::Unix(path) => Ok(Box::new(timeout(time, UnixStream::connect(path)).await??)),
    }
}
