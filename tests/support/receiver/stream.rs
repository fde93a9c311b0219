use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Host and port, or `unix:/path`, as a route of the configuration names it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Tcp(listener) => listener.local_addr().unwrap().to_string(),
            Self::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    pub(super) fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _peer) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener, _) => Ok(Stream::Unix(listener.accept()?.0)),
        }
    }
}

/// Connects to a listener's name, to wake it from `accept`.
pub(super) fn knock(name: &str) {
    match name.strip_prefix("unix:") {
        Some(path) => drop(UnixStream::connect(path)),
        None => drop(TcpStream::connect(name)),
    }
}

pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    pub(super) fn shutdown(&self, how: Shutdown) {
        let _already_closed = match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        };
    }

    /// The close that follows is a RST (on a unix socket there is none, and it is a plain close).
    pub(super) fn reset_on_close(&self) {
        if let Self::Tcp(stream) = self {
            let _already_closed = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    pub(super) fn set_read_timeout(&self, limit: Duration) {
        let _already_closed = match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(limit)),
            Self::Unix(stream) => stream.set_read_timeout(Some(limit)),
        };
    }
}

/// A stream shared by the session and by the receiver that may have to close it; one descriptor, so
/// that its close is the connection's.
#[derive(Clone)]
pub(super) struct Shared(pub(super) Arc<Stream>);

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &*self.0 {
            Stream::Tcp(stream) => (&mut &*stream).read(buffer),
            Stream::Unix(stream) => (&mut &*stream).read(buffer),
        }
    }
}

impl Write for Shared {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &*self.0 {
            Stream::Tcp(stream) => (&mut &*stream).write(buffer),
            Stream::Unix(stream) => (&mut &*stream).write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
