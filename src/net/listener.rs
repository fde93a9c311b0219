//! Accepts connections: limits, PROXY headers, one task a session.

use super::{
    clients::{Admission, Clients},
    connection::{Handler, Timeouts, drive},
    memory::MessageMemory,
};
use crate::{
    config::{IpNet, ListenAddress},
    proxy::{self, Header, Parsed},
    reply::Reply,
    smtp::{Session, SessionConfig},
};
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::FileTypeExt,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream, lookup_host},
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

/// Connections that may wait to be accepted; the kernel has its own ceiling.
const BACKLOG: u32 = 1024;
/// Rest after accept failed, as it does when descriptors run out.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How often that is told: with a thousand lines a minute nobody finds anything else.
const ACCEPT_COMPLAINT: Duration = Duration::from_secs(60);
/// Longest wait for a PROXY header, which the proxy sends at once.
const PROXY_PATIENCE: Duration = Duration::from_secs(10);

/// A bound SMTP listener.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// Peers whose PROXY header is believed.
    proxies: Vec<IpNet>,
    local: String,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// Who is at the other end, as trace fields and journal name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// `None` on a unix socket.
    pub ip: Option<IpAddr>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Some(IpAddr::V6(ip)) => write!(f, "IPv6:{ip}"),
            None => f.write_str("local"),
        }
    }
}

/// What all sessions share.
pub struct Server<F> {
    /// For the state machine.
    pub session: Arc<SessionConfig>,
    /// Limits of connections.
    pub clients: Arc<Clients>,
    /// Limit of message bytes.
    pub memory: MessageMemory,
    /// Patience with clients.
    pub timeouts: Timeouts,
    /// Makes the handler of a new session.
    pub handler: F,
}

impl<F> fmt::Debug for Server<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("clients", &self.clients).finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds `address`. A unix socket left over by a process that is gone is replaced.
    ///
    /// # Errors
    /// When the address does not resolve, is in use, or may not be bound.
    pub async fn bind(address: &ListenAddress, proxies: Vec<IpNet>) -> io::Result<Self> {
        let (socket, local) = match address {
            ListenAddress::Tcp { host, port } => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "name has no address");
                let mut bound = None;
                for address in lookup_host((host.as_str(), *port)).await? {
                    match bind_tcp(address) {
                        Ok(listener) => {
                            bound = Some(listener);
                            break;
                        }
                        Err(error) => last = error,
                    }
                }
                let listener = bound.ok_or(last)?;
                let local = listener.local_addr()?.to_string();
                (Socket::Tcp(listener), local)
            }
            ListenAddress::Unix(path) => {
                // Refused: a socket that nobody listens on. Whatever else is there stays.
                let found = UnixStream::connect(path).await;
                let is_socket = || {
                    std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
                };
                if found.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
                    && is_socket()
                {
                    std::fs::remove_file(path)?;
                }
                let local = format!("unix:{}", path.display());
                (Socket::Unix(UnixListener::bind(path)?, path.clone()), local)
            }
        };
        Ok(Self { socket, proxies, local })
    }

    /// Where it listens, with the port the system chose if the configuration said 0.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Accepts until `shutdown` turns true, then waits for the sessions to end. Dropping the future
    /// ends them at once.
    pub async fn run<F, H>(self, server: Arc<Server<F>>, mut shutdown: watch::Receiver<bool>)
    where
        F: Fn(Peer, Arc<Admission>) -> H + Send + Sync + 'static,
        H: Handler + 'static,
    {
        let proxies: Arc<[IpNet]> = self.proxies.into();
        let mut sessions = JoinSet::new();
        let mut complained: Option<Instant> = None;
        loop {
            tokio::select! {
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => {
                        let (server, proxies) = (Arc::clone(&server), Arc::clone(&proxies));
                        let shutdown = shutdown.clone();
                        sessions.spawn(async move {
                            match accepted {
                                Accepted::Tcp(stream, peer) => {
                                    serve_tcp(stream, peer, &proxies, &server, shutdown).await;
                                }
                                Accepted::Unix(stream) => {
                                    serve(stream, Peer { ip: None }, &server, shutdown).await;
                                }
                            }
                        });
                    }
                    Err(error) => {
                        if complained.is_none_or(|last| last.elapsed() >= ACCEPT_COMPLAINT) {
                            complained = Some(Instant::now());
                            tracing::error!(listener = %self.local, %error, "cannot accept connections");
                        }
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
                _ = sessions.join_next(), if !sessions.is_empty() => {}
                changed = shutdown.changed() => {
                    if changed.is_err() || *shutdown.borrow() {
                        break;
                    }
                }
            }
        }
        if let Socket::Unix(_, path) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
        drop(self.socket);
        while sessions.join_next().await.is_some() {}
    }
}

enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Socket {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer))
            }
            Self::Unix(listener, _) => {
                listener.accept().await.map(|(stream, _)| Accepted::Unix(stream))
            }
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for old connections to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn serve_tcp<F, H>(
    mut stream: TcpStream,
    peer: SocketAddr,
    proxies: &[IpNet],
    server: &Server<F>,
    shutdown: watch::Receiver<bool>,
) where
    F: Fn(Peer, Arc<Admission>) -> H,
    H: Handler,
{
    // Replies are flushed when the client is waited for, so Nagle could only delay them.
    let _ = stream.set_nodelay(true);
    let mut ip = peer.ip().to_canonical();
    if proxies.iter().any(|net| net.contains(ip)) {
        match timeout(PROXY_PATIENCE, read_proxy_header(&mut stream)).await {
            Ok(Ok(source)) => ip = source.unwrap_or(ip),
            Ok(Err(error)) => {
                tracing::warn!(peer = %ip, %error, "no valid PROXY header, connection closed");
                return;
            }
            Err(_) => {
                tracing::warn!(peer = %ip, "no PROXY header in time, connection closed");
                return;
            }
        }
    }
    serve(stream, Peer { ip: Some(ip) }, server, shutdown).await;
}

async fn serve<S, F, H>(
    mut stream: S,
    peer: Peer,
    server: &Server<F>,
    shutdown: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    F: Fn(Peer, Arc<Admission>) -> H,
    H: Handler,
{
    let admission = match server.clients.admit(peer.ip) {
        Ok(admission) => Arc::new(admission),
        Err(reply) => {
            tracing::warn!(client = %peer, %reply, "connection refused");
            refuse(&mut stream, &reply).await;
            return;
        }
    };
    let session = Session::new(Arc::clone(&server.session), admission.bad_tags());
    let mut handler = (server.handler)(peer.clone(), admission);
    if let Err(error) =
        drive(stream, session, &mut handler, server.timeouts, &server.memory, shutdown).await
    {
        tracing::debug!(client = %peer, %error, "connection lost");
    }
}

async fn refuse<S: AsyncWrite + Unpin>(stream: &mut S, reply: &Reply) {
    let mut line = Vec::new();
    reply.write_to(&mut line);
    let _ = timeout(Duration::from_secs(1), async {
        stream.write_all(&line).await?;
        stream.shutdown().await
    })
    .await;
}

/// Reads byte by byte where it must, so that nothing behind the header is taken from the session.
/// `None`: the proxy speaks for itself (LOCAL, UNKNOWN).
async fn read_proxy_header(stream: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    let mut header = Vec::new();
    loop {
        match proxy::parse(&header) {
            Ok(Some(Parsed { header: Header::Proxied { source, .. }, .. })) => {
                return Ok(Some(source.ip().to_canonical()));
            }
            Ok(Some(_)) => return Ok(None),
            Ok(None) => header.push(stream.read_u8().await?),
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}
