//! Connections that ask without a pause, each on a thread of its own, which waits in its calls: between a question and its
//! answer stands neither a look at other connections nor a timer.

use super::{
    Service,
    conversation::{Conversation, Held, Leaves, PAUSE, WRITE},
};
use rustix::{
    io::Errno,
    net::{RecvFlags, recv},
};
use socket2::Socket;
use std::{
    io::{self, Read, Write},
    net::Shutdown,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    runtime::Handle,
    sync::oneshot,
};

/// Room for the stack of a thread; what is not used of it takes no memory.
const STACK: usize = 512 << 10;

/// A stream that a thread can wait in.
pub(super) trait Lend: AsyncRead + AsyncWrite + Unpin + Send + Sized {
    fn lend(self) -> io::Result<Socket>;
    fn take_back(socket: Socket) -> io::Result<Self>;
}

impl Lend for TcpStream {
    fn lend(self) -> io::Result<Socket> {
        self.into_std().map(Socket::from)
    }

    fn take_back(socket: Socket) -> io::Result<Self> {
        Self::from_std(socket.into())
    }
}

impl Lend for UnixStream {
    fn lend(self) -> io::Result<Socket> {
        self.into_std().map(Socket::from)
    }

    fn take_back(socket: Socket) -> io::Result<Self> {
        Self::from_std(socket.into())
    }
}

/// Has a thread of its own hold `conversation`. `None` when it is over; else it goes on where it was before, for which it comes
/// back. Dropping the future ends the connection.
///
/// # Errors
/// When the stream fails.
pub(super) async fn hold<IO: Lend, S: Service>(
    conversation: Conversation,
    stream: IO,
    service: Arc<S>,
) -> io::Result<Option<(Conversation, IO)>> {
    let (give, given) = oneshot::channel::<(Conversation, Arc<Socket>)>();
    let (give_back, given_back) = oneshot::channel();
    let runtime = Handle::current();
    let work = move || {
        let Ok((mut conversation, socket)) = given.blocking_recv() else { return };
        let mut stream = Waiting(socket);
        let held = runtime.block_on(conversation.hold(&mut stream, &*service, Leaves::WhenCrowded));
        drop(stream);
        // Nobody takes it where the connection was ended.
        let _ = give_back.send((conversation, held));
    };
    if let Err(error) = thread::Builder::new().name("map".into()).stack_size(STACK).spawn(work) {
        tracing::debug!(%error, "no thread for a connection that asks much");
        return Ok(Some((conversation, stream)));
    }
    let socket = stream.lend()?;
    socket.set_read_timeout(Some(PAUSE))?;
    socket.set_write_timeout(Some(WRITE))?;
    socket.set_nonblocking(false)?;
    let lent = Lent(Some(Arc::new(socket)));
    let gone = || io::Error::other("the thread of a connection has ended");
    let socket = lent.0.clone().ok_or_else(gone)?;
    give.send((conversation, socket)).map_err(|_| gone())?;
    let (conversation, held) = given_back.await.map_err(|_| gone())?;
    if held? == Held::Over {
        return Ok(None);
    }
    let socket = lent.back().ok_or_else(gone)?;
    socket.set_nonblocking(true)?;
    Ok(Some((conversation, IO::take_back(socket)?)))
}

/// A connection that a thread has. Dropped, it ends, and with that the thread's wait.
struct Lent(Option<Arc<Socket>>);

impl Lent {
    /// `None` while the thread has it.
    fn back(mut self) -> Option<Socket> {
        self.0.take().and_then(Arc::into_inner)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            // It may have ended by itself.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// A socket whose calls wait. For a thread that has nothing else to do.
struct Waiting(Arc<Socket>);

impl AsyncRead for Waiting {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = uninterrupted(|| self.wait_for(buffer.initialize_unfilled()));
        Poll::Ready(read.map(|octets| buffer.advance(octets)))
    }
}

impl Waiting {
    /// Reads what comes next. Who was answered just now is mostly about to ask again: to let others work meanwhile costs less than to
    /// sleep and be woken.
    fn wait_for(&self, octets: &mut [u8]) -> io::Result<usize> {
        match recv(&*self.0, &mut *octets, RecvFlags::DONTWAIT) {
            Err(Errno::AGAIN) => thread::yield_now(),
            read => return read.map(|(_, read)| read).map_err(io::Error::from),
        }
        (&*self.0).read(octets)
    }
}

impl AsyncWrite for Waiting {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = uninterrupted(|| (&*self.0).write(octets));
        Poll::Ready(written.map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        }))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
    }
}

fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
