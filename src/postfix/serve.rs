use super::{Heard, Service, filter};
use crate::{
    config::Direction,
    inbound::{Accepted, Connections, Place, Socket},
    lookup::{Question, Table},
    milter, policy, socketmap, tcp_table,
};
use bytes::{Buf, BytesMut};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

/// A connection that asks nothing for so long is idle.
const PAUSE: Duration = Duration::from_secs(1);
/// For the answers: Postfix reads them at once.
const WRITE: Duration = Duration::from_secs(30);
/// Most requests are shorter.
const BUFFER: usize = 1024;
/// Answers are sent when so many octets of them are there, though further requests wait.
const ANSWERS: usize = 32 << 10;

/// What is spoken on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The protocol of socketmap_table(5).
    Socketmap,
    /// The protocol of tcp_table(5).
    TcpTable(Direction),
    /// Postfix policy delegation.
    Policy,
    /// The milter protocol.
    Milter(milter::Mode),
}

/// A bound listener for Postfix.
#[derive(Debug)]
pub struct PostfixListener {
    socket: Socket,
    dialect: Dialect,
}

/// How long is waited for a request, from the end of the one before to its own end.
#[derive(Debug, Clone, Copy)]
pub struct RequestTimeout(pub Duration);

impl PostfixListener {
    /// A listener on a socket that Postfix may connect to, whoever it runs as.
    pub fn new(socket: Socket, dialect: Dialect) -> Self {
        Self { socket, dialect }
    }

    /// True where single keys are looked up.
    pub fn is_map(&self) -> bool {
        matches!(self.dialect, Dialect::Socketmap | Dialect::TcpTable(_))
    }

    /// The address that is listened on.
    pub fn local(&self) -> &str {
        self.socket.local()
    }

    /// Accepts until `retired` turns true, and answers until `shutdown` does.
    pub async fn run<S: Service>(
        self,
        service: Arc<S>,
        connections: Arc<Connections>,
        request_timeout: RequestTimeout,
        retired: watch::Receiver<bool>,
        shutdown: watch::Receiver<bool>,
    ) {
        let dialect = self.dialect;
        let begin = |accepted, tasks: &mut JoinSet<()>| {
            let Some(place) = connections.admit() else {
                tracing::warn!(?dialect, "connection refused: limits.map_connections is reached");
                return;
            };
            let (service, mut shutdown) = (Arc::clone(&service), shutdown.clone());
            tasks.spawn(async move {
                let answer = async {
                    match accepted {
                        Accepted::Tcp(stream, _) => {
                            // Answers go out whole: Nagle could only delay them.
                            let _ = stream.set_nodelay(true);
                            converse(stream, dialect, &*service, request_timeout, &place).await
                        }
                        Accepted::Unix(stream) => {
                            converse(stream, dialect, &*service, request_timeout, &place).await
                        }
                    }
                };
                let answered = tokio::select! {
                    answered = answer => answered,
                    // What is asked now is asked again of whoever comes next.
                    _ = shutdown.wait_for(|stop| *stop) => return,
                };
                if let Err(error) = answered {
                    tracing::debug!(?dialect, %error, "connection lost");
                }
            });
        };
        self.socket.serve(retired, begin).await;
    }
}

/// Answers what comes on `stream`, until it ends, breaks the protocol, or exhausts `request_timeout`.
///
/// # Errors
/// When the stream fails.
pub async fn serve<IO, S>(
    stream: IO,
    dialect: Dialect,
    service: &S,
    request_timeout: RequestTimeout,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
    S: Service,
{
    match Connections::new(1).admit() {
        Some(place) => converse(stream, dialect, service, request_timeout, &place).await,
        None => Ok(()),
    }
}

async fn converse<IO, S>(
    mut stream: IO,
    dialect: Dialect,
    service: &S,
    RequestTimeout(request_timeout): RequestTimeout,
    place: &Place,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
    S: Service,
{
    let mut speaker = Speaker::new(dialect);
    let mut input = BytesMut::with_capacity(BUFFER);
    let mut answers = Vec::with_capacity(BUFFER);
    let mut deadline = Instant::now() + request_timeout;
    loop {
        let mut is_over = false;
        while !is_over && answers.len() < ANSWERS {
            match speaker.answer(&input, service, &mut answers).await {
                Heard::Request(octets) => {
                    input.advance(octets);
                    deadline = Instant::now() + request_timeout;
                }
                Heard::Partial => break,
                Heard::End => is_over = true,
            }
        }
        let is_full = answers.len() >= ANSWERS;
        if !answers.is_empty() {
            timeout(WRITE, stream.write_all(&answers)).await??;
            answers.clear();
        }
        if is_over {
            return stream.shutdown().await;
        }
        if is_full {
            continue;
        }
        let place = speaker.may_be_closed().then_some(place);
        match next(&mut stream, &mut input, deadline, place).await? {
            Some(0) | None => return Ok(()),
            Some(_) => {}
        }
    }
}

/// Waits for more. `None` when the time is up, or the place, if it may be given away, is needed by another.
async fn next<IO: AsyncRead + Unpin>(
    stream: &mut IO,
    input: &mut BytesMut,
    deadline: Instant,
    place: Option<&Place>,
) -> io::Result<Option<usize>> {
    input.reserve(BUFFER);
    let pause = deadline.min(Instant::now() + PAUSE);
    if let Ok(read) = timeout_at(pause, stream.read_buf(input)).await {
        return read.map(Some);
    }
    if input.is_empty() {
        // Nothing of a request is here: the memory of a longer one is given back.
        *input = BytesMut::new();
    }
    let idle = place.map(Place::idle);
    let closed = async {
        match &idle {
            Some(idle) => idle.closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        read = timeout_at(deadline, stream.read_buf(input)) => read.ok().transpose(),
        () = closed => Ok(None),
    }
}

/// Our side of one connection.
enum Speaker {
    Socketmap,
    TcpTable(Direction),
    Policy,
    Milter(milter::Session),
}

impl Speaker {
    fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Socketmap => Self::Socketmap,
            Dialect::TcpTable(direction) => Self::TcpTable(direction),
            Dialect::Policy => Self::Policy,
            Dialect::Milter(mode) => Self::Milter(milter::Session::new(mode)),
        }
    }

    /// Whether nothing is lost with the connection. A milter's lasts as long as the SMTP session that it is
    /// for, which would end in a temporary failure.
    fn may_be_closed(&self) -> bool {
        match self {
            Self::Socketmap | Self::TcpTable(_) | Self::Policy => true,
            Self::Milter(session) => !session.is_negotiated(),
        }
    }

    /// Answers the first request of `input`.
    async fn answer<S: Service>(&mut self, input: &[u8], service: &S, out: &mut Vec<u8>) -> Heard {
        match self {
            Self::Milter(session) => filter::answer(session, input, service, out).await,
            Self::Socketmap => match socketmap::parse(input) {
                socketmap::Parsed::Partial => Heard::Partial,
                socketmap::Parsed::Question(question, octets) => {
                    socketmap::answer(&service.look_up(question).await, out);
                    Heard::Request(octets)
                }
                socketmap::Parsed::NoTable(octets) => {
                    socketmap::refuse("Invalid map.", out);
                    Heard::Request(octets)
                }
                socketmap::Parsed::Broken(why) => {
                    socketmap::refuse(why, out);
                    Heard::End
                }
            },
            Self::TcpTable(direction) => match tcp_table::parse(input) {
                tcp_table::Parsed::Partial => Heard::Partial,
                tcp_table::Parsed::Get(key, octets) => {
                    let table = match direction {
                        Direction::Forward => Table::Forward,
                        Direction::Reverse => Table::Reverse,
                    };
                    tcp_table::answer(&service.look_up(Question { table, key: &key }).await, out);
                    Heard::Request(octets)
                }
                tcp_table::Parsed::Broken => {
                    tcp_table::refuse(out);
                    Heard::End
                }
            },
            Self::Policy => match policy::parse(input) {
                policy::Parsed::Partial => Heard::Partial,
                policy::Parsed::Question(question, octets) => {
                    policy::answer(service.refusal(question).await.as_ref(), out);
                    Heard::Request(octets)
                }
                policy::Parsed::Broken => Heard::End,
            },
        }
    }
}
