//! Sockets that listen, whatever is spoken on them.

use crate::config::{ListenAddress, SocketAccess, service};
use std::{
    io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixSocket, UnixStream, lookup_host},
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
/// What of a mode its owner has.
const OWNER: u32 = 0o700;

/// A bound address, for one listener after another: what waits to be accepted is lost with the last.
#[derive(Debug)]
pub struct Bound {
    kind: Kind,
    local: String,
}

#[derive(Debug)]
enum Kind {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

/// A socket that listens.
#[derive(Debug)]
pub struct Socket {
    listener: Listening,
    bound: Arc<Bound>,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection that a listener accepted.
#[derive(Debug)]
pub enum Accepted {
    /// A TCP connection, with the address at the other end.
    Tcp(TcpStream, SocketAddr),
    /// A connection on a unix socket.
    Unix(UnixStream),
}

impl Bound {
    /// Binds `address`. A unix socket left over by a process that is gone is replaced; nobody but those of
    /// `access` can connect to it at any time.
    ///
    /// # Errors
    /// When the address does not resolve, is in use, or may not be bound, or `access` may not be given.
    pub async fn bind(address: &ListenAddress, access: SocketAccess) -> io::Result<Arc<Self>> {
        match address {
            ListenAddress::Tcp { host, port } => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "name has no address");
                for address in lookup_host((host.as_str(), *port)).await? {
                    match bind_tcp(address) {
                        Ok(listener) => return Self::tcp(listener.into_std()?),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
            ListenAddress::Unix(path) => {
                remove_leftover(path).await?;
                let socket = UnixSocket::new_stream()?;
                socket.bind(path)?;
                // Until it listens, connections are refused, whatever its mode.
                let listener = give_access(path, access)
                    .and_then(|()| socket.listen(BACKLOG)?.into_std())
                    .inspect_err(|_| drop(std::fs::remove_file(path)))?;
                let local = format!("unix:{}", path.display());
                Ok(Arc::new(Self { kind: Kind::Unix(listener, path.clone()), local }))
            }
            ListenAddress::Systemd(name) => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "systemd has handed over no socket of the name {name:?}: `systemctl enable --now` of {}, while \
                     onward.service is stopped, has it do so",
                    service::named_unit(name)
                ),
            )),
        }
    }

    /// A listener that somebody else has bound.
    ///
    /// # Errors
    /// When `listener` is none.
    pub fn tcp(listener: std::net::TcpListener) -> io::Result<Arc<Self>> {
        listener.set_nonblocking(true)?;
        let local = listener.local_addr()?.to_string();
        Ok(Arc::new(Self { kind: Kind::Tcp(listener), local }))
    }

    /// A listener on a unix socket that somebody else has bound, and whose file is not ours.
    ///
    /// # Errors
    /// When `listener` is none.
    pub fn unix(listener: std::os::unix::net::UnixListener) -> io::Result<Arc<Self>> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let path = address.as_pathname().unwrap_or(Path::new("?"));
        let local = format!("unix:{}", path.display());
        Ok(Arc::new(Self { kind: Kind::Unix(listener, PathBuf::new()), local }))
    }

    /// Where the socket listens, with the port the system chose if the configuration said 0.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Has a unix socket of our own be for those of `access` from now on.
    ///
    /// # Errors
    /// When that may not be given.
    pub fn set_access(&self, access: SocketAccess) -> io::Result<()> {
        match &self.kind {
            Kind::Unix(_, path) if !path.as_os_str().is_empty() => give_access(path, access),
            Kind::Unix(..) | Kind::Tcp(_) => Ok(()),
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Kind::Unix(_, path) = &self.kind
            && !path.as_os_str().is_empty()
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Socket {
    /// Listens. To be called within a Tokio runtime.
    ///
    /// # Errors
    /// When descriptors have run out.
    pub fn new(bound: Arc<Bound>) -> io::Result<Self> {
        let listener = match &bound.kind {
            Kind::Tcp(listener) => Listening::Tcp(TcpListener::from_std(listener.try_clone()?)?),
            Kind::Unix(listener, _) => {
                Listening::Unix(UnixListener::from_std(listener.try_clone()?)?)
            }
        };
        Ok(Self { listener, bound })
    }

    /// See [`Bound::local`].
    pub fn local(&self) -> &str {
        self.bound.local()
    }

    /// The TCP address of the socket.
    pub fn local_address(&self) -> Option<SocketAddr> {
        match &self.listener {
            Listening::Tcp(listener) => listener.local_addr().ok(),
            Listening::Unix(_) => None,
        }
    }

    /// Gives each connection to `begin`, which adds a task, until `retired` turns true; then waits for the
    /// tasks to end. Dropping the future ends them at once.
    pub async fn serve(
        self,
        mut retired: watch::Receiver<bool>,
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
                            tracing::error!(listener = self.local(), %error, "cannot accept connections");
                        }
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
                _ = tasks.join_next(), if !tasks.is_empty() => {}
                changed = retired.changed() => {
                    if changed.is_err() || *retired.borrow() {
                        break;
                    }
                }
            }
        }
        drop(self);
        while tasks.join_next().await.is_some() {}
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match &self.listener {
            Listening::Tcp(listener) => {
                listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer))
            }
            Listening::Unix(listener) => {
                listener.accept().await.map(|(stream, _)| Accepted::Unix(stream))
            }
        }
    }
}

/// Sets mode and group of a socket. Nobody can connect meanwhile who can neither before nor after.
fn give_access(path: &Path, access: SocketAccess) -> io::Result<()> {
    let found = std::fs::symlink_metadata(path)?;
    let set_mode = |mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode));
    if let Some(group) = access.group.filter(|group| *group != found.gid()) {
        set_mode(found.mode() & OWNER)?;
        chown(path, None, Some(group)).map_err(|error| {
            let what = format!(
                "the socket cannot be given to the group {group}: {error}; the daemon's user has to be a member, \
                 without PrivateUsers= of systemd; or leave `group` out, and make the socket's directory one of \
                 that group with the setgid bit"
            );
            io::Error::other(what)
        })?;
    } else if found.mode() & 0o777 == access.mode {
        return Ok(());
    }
    set_mode(access.mode)
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
