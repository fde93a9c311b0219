//! Sockets that listen, whatever is spoken on them.

use crate::config::ListenAddress;
use std::{
    io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream, lookup_host},
    sync::watch,
    task::JoinSet,
    time::Instant,
};

/// Connections that may wait to be accepted; the kernel has its own ceiling.
const BACKLOG: u32 = 1024;
/// Rest after accept failed, as it does when descriptors run out.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How often that is told: with a thousand lines a minute nobody finds anything else.
const ACCEPT_COMPLAINT: Duration = Duration::from_secs(60);
/// Everybody may connect: Postfix does so as its own user.
const OPEN_MODE: u32 = 0o666;

/// A socket that listens.
#[derive(Debug)]
pub struct Socket {
    kind: Kind,
    local: String,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// A connection.
#[derive(Debug)]
pub enum Accepted {
    /// With the address at the other end.
    Tcp(TcpStream, SocketAddr),
    /// On a unix socket.
    Unix(UnixStream),
}

impl Socket {
    /// Binds `address`. A unix socket left over by a process that is gone is replaced; `is_open`: every
    /// user of the machine may connect to it.
    ///
    /// # Errors
    /// When the address does not resolve, is in use, or may not be bound.
    pub async fn bind(address: &ListenAddress, is_open: bool) -> io::Result<Self> {
        match address {
            ListenAddress::Tcp { host, port } => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "name has no address");
                for address in lookup_host((host.as_str(), *port)).await? {
                    match bind_tcp(address) {
                        Ok(listener) => {
                            let local = listener.local_addr()?.to_string();
                            return Ok(Self { kind: Kind::Tcp(listener), local });
                        }
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
            ListenAddress::Unix(path) => {
                remove_leftover(path).await?;
                let listener = UnixListener::bind(path)?;
                if is_open {
                    std::fs::set_permissions(path, PermissionsExt::from_mode(OPEN_MODE))?;
                }
                let local = format!("unix:{}", path.display());
                Ok(Self { kind: Kind::Unix(listener, path.clone()), local })
            }
        }
    }

    /// Where it listens, with the port the system chose if the configuration said 0.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The same for TCP.
    pub fn local_address(&self) -> Option<SocketAddr> {
        match &self.kind {
            Kind::Tcp(listener) => listener.local_addr().ok(),
            Kind::Unix(..) => None,
        }
    }

    /// Gives each connection to `begin`, which adds a task, until `shutdown` turns true; then waits for the
    /// tasks to end. Dropping the future ends them at once.
    pub async fn serve(
        self,
        mut shutdown: watch::Receiver<bool>,
        mut begin: impl FnMut(Accepted, &mut JoinSet<()>),
    ) {
        let mut tasks = JoinSet::new();
        let mut complained: Option<Instant> = None;
        loop {
            tokio::select! {
                accepted = self.accept() => match accepted {
                    Ok(accepted) => begin(accepted, &mut tasks),
                    Err(error) => {
                        if complained.is_none_or(|last| last.elapsed() >= ACCEPT_COMPLAINT) {
                            complained = Some(Instant::now());
                            tracing::error!(listener = %self.local, %error, "cannot accept connections");
                        }
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
                _ = tasks.join_next(), if !tasks.is_empty() => {}
                changed = shutdown.changed() => {
                    if changed.is_err() || *shutdown.borrow() {
                        break;
                    }
                }
            }
        }
        if let Kind::Unix(_, path) = &self.kind {
            let _ = std::fs::remove_file(path);
        }
        drop(self.kind);
        while tasks.join_next().await.is_some() {}
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match &self.kind {
            Kind::Tcp(listener) => {
                listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer))
            }
            Kind::Unix(listener, _) => {
                listener.accept().await.map(|(stream, _)| Accepted::Unix(stream))
            }
        }
    }
}

/// Removes a socket that nobody listens on. Whatever else is there stays.
async fn remove_leftover(path: &Path) -> io::Result<()> {
    let found = UnixStream::connect(path).await;
    let is_socket =
        || std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if found.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) && is_socket() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for old connections to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
