//! Accepts connections: limits, PROXY headers, one task a session.

use super::{
    clients::Clients,
    driver::{Encryption, Handler, drive},
    log::LogBudget,
    memory::MessageMemory,
    patience::{Patience, Timeouts},
    socket::{Accepted, Socket},
};
use crate::{
    config::IpNet,
    proxy::{self, Header, Parsed},
    reply::Reply,
    smtp::{Session, SessionConfig},
    tls::Stream,
};
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

/// Longest wait for a PROXY header, which the proxy sends at once.
const PROXY_PATIENCE: Duration = Duration::from_secs(10);

/// A bound SMTP listener.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    config: ListenerConfig,
}

/// What a listener makes of its peers.
#[derive(Debug, Clone, Default)]
pub struct ListenerConfig {
    /// Peers whose PROXY header is believed.
    pub proxies: Vec<IpNet>,
    /// Peers whose XFORWARD is believed.
    pub relays: Vec<IpNet>,
    /// Only accounts may send.
    pub accounts_only: bool,
    /// How clients may encrypt, if at all.
    pub encryption: Option<Encryption>,
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
    /// How the state machine of a session behaves.
    pub session: Arc<SessionConfig>,
    /// Limits of connections.
    pub clients: Arc<Clients>,
    /// Limit of message bytes.
    pub memory: MessageMemory,
    /// Limit of log lines.
    pub log: Arc<LogBudget>,
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
    /// A listener on `socket`.
    pub fn new(socket: Socket, config: ListenerConfig) -> Self {
        Self { socket, config }
    }

    /// Where the listener listens, with the port the system chose if the configuration said 0.
    pub fn local(&self) -> &str {
        self.socket.local()
    }

    /// The TCP address of the listener; `None` also where a PROXY header or TLS is expected before the dialogue,
    /// or a login before mail.
    pub fn plain_address(&self) -> Option<SocketAddr> {
        let ListenerConfig { proxies, encryption, accounts_only, .. } = &self.config;
        let is_implicit = encryption.as_ref().is_some_and(|encryption| encryption.is_implicit);
        let is_plain = proxies.is_empty() && !is_implicit && !accounts_only;
        self.socket.local_address().filter(|_| is_plain)
    }

    /// Accepts until `retired` turns true, then waits for the sessions to end, which `shutdown` asks them
    /// to. Dropping the future ends them at once.
    pub async fn run<F, H>(
        self,
        server: Arc<Server<F>>,
        retired: watch::Receiver<bool>,
        shutdown: watch::Receiver<bool>,
    ) where
        F: Fn(Peer) -> H + Send + Sync + 'static,
        H: Handler + 'static,
    {
        let config = Arc::new(self.config);
        let begin = |accepted, sessions: &mut JoinSet<()>| {
            let (server, config) = (Arc::clone(&server), Arc::clone(&config));
            let shutdown = shutdown.clone();
            sessions.spawn(async move {
                match accepted {
                    Accepted::Tcp(stream, peer) => {
                        serve_tcp(stream, peer, &config, &server, shutdown).await;
                    }
                    Accepted::Unix(stream) => {
                        let (peer, is_relay) = (Peer { ip: None }, !config.relays.is_empty());
                        serve(Box::new(stream), peer, is_relay, &config, &server, shutdown).await;
                    }
                }
            });
        };
        self.socket.serve(retired, begin).await;
    }
}

async fn serve_tcp<F, H>(
    mut stream: TcpStream,
    peer: SocketAddr,
    config: &ListenerConfig,
    server: &Server<F>,
    shutdown: watch::Receiver<bool>,
) where
    F: Fn(Peer) -> H,
    H: Handler,
{
    // Replies are flushed when the client is waited for, so Nagle could only delay them.
    let _ = stream.set_nodelay(true);
    let mut ip = peer.ip().to_canonical();
    if config.proxies.iter().any(|net| net.contains(ip)) {
        match timeout(PROXY_PATIENCE, read_proxy_header(&mut stream)).await {
            Ok(Ok(source)) => ip = source.unwrap_or(ip),
            Ok(Err(error)) => {
                if server.log.allows(&Peer { ip: Some(ip) }) {
                    tracing::warn!(peer = %ip, %error, "no valid PROXY header, connection closed");
                }
                return;
            }
            Err(_) => {
                if server.log.allows(&Peer { ip: Some(ip) }) {
                    tracing::warn!(peer = %ip, "no PROXY header in time, connection closed");
                }
                return;
            }
        }
    }
    let is_relay = config.relays.iter().any(|net| net.contains(ip));
    serve(Box::new(stream), Peer { ip: Some(ip) }, is_relay, config, server, shutdown).await;
}

async fn serve<F, H>(
    mut stream: Stream,
    peer: Peer,
    is_relay: bool,
    config: &ListenerConfig,
    server: &Server<F>,
    shutdown: watch::Receiver<bool>,
) where
    F: Fn(Peer) -> H,
    H: Handler,
{
    let admission = match server.clients.admit(peer.ip) {
        Ok(admission) => admission,
        Err(reply) => {
            if server.log.allows(&peer) {
                tracing::warn!(client = %peer, %reply, "connection refused");
            }
            // Where TLS comes first, a reply in plaintext is none.
            if config.encryption.as_ref().is_none_or(|encryption| !encryption.is_implicit) {
                refuse(&mut stream, &reply).await;
            }
            return;
        }
    };
    let mut session = Session::new(Arc::clone(&server.session));
    if is_relay {
        session.allow_xforward();
    }
    if config.accounts_only {
        session.require_login();
    }
    let mut handler = (server.handler)(peer.clone());
    let mut patience = Patience::new(server.timeouts, Instant::now(), admission);
    let encryption = config.encryption.as_ref();
    let ended =
        drive(stream, session, encryption, &mut handler, &mut patience, &server.memory, shutdown);
    if let Err(error) = ended.await {
        tracing::debug!(client = %peer, %error, "connection lost");
    }
}

async fn refuse(stream: &mut Stream, reply: &Reply) {
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
