use super::{Dialect, Heard, RequestTimeout, Service, filter};
use crate::{
    config::Direction,
    inbound::Place,
    lookup::{Question, Table},
    milter, policy, socketmap, tcp_table,
};
use bytes::{Buf, BytesMut};
use std::{io, mem, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout, timeout_at},
};

/// A connection that asks nothing for so long is idle.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// For the answers: Postfix reads them at once.
pub(super) const WRITE: Duration = Duration::from_secs(30);
/// Most requests are shorter.
const BUFFER: usize = 1024;
/// Answers are sent when so many octets of them are there, though further requests wait.
const ANSWERS: usize = 32 << 10;
/// Who has asked so often without a pause goes on doing so.
const BRISK: usize = 32;
/// Connections at work, all listeners' together, of which each may have a thread of its own: as many as Postfix has processes by
/// default, and some. Beyond, threads that change gain nothing over one that answers what has come meanwhile.
const THREADS: usize = 128;

/// What is said on one connection: the requests that came, and by when the next has to be here.
pub(super) struct Conversation {
    speaker: Speaker,
    input: BytesMut,
    answers: Vec<u8>,
    request_timeout: Duration,
    deadline: Instant,
    place: Place,
    /// Times that more came here without a pause.
    brisk: usize,
    /// Nothing has come for [`PAUSE`].
    is_idle: bool,
}

/// When a conversation goes on elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    Never,
    /// When it deserves a thread of its own.
    WhenBusy,
    /// When that thread would be in the way of too many others.
    WhenCrowded,
}

/// How far a conversation was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// It is over.
    Over,
    /// It goes on elsewhere.
    Leaves,
}

impl Conversation {
    pub(super) fn new(
        dialect: Dialect,
        RequestTimeout(request_timeout): RequestTimeout,
        place: Place,
    ) -> Self {
        Self {
            speaker: Speaker::new(dialect),
            input: BytesMut::with_capacity(BUFFER),
            answers: Vec::with_capacity(BUFFER),
            request_timeout,
            deadline: Instant::now() + request_timeout,
            place,
            brisk: 0,
            is_idle: false,
        }
    }

    /// Answers what comes on `stream`, until it ends, breaks the protocol, asks nothing for too long, or `leaves`.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) async fn hold<IO, S>(
        &mut self,
        stream: &mut IO,
        service: &S,
        leaves: Leaves,
    ) -> io::Result<Held>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send,
        S: Service,
    {
        self.brisk = 0;
        loop {
            let mut is_over = false;
            while !is_over && self.answers.len() < ANSWERS {
                match self.speaker.answer(&self.input, service, &mut self.answers).await {
                    Heard::Request(octets) => {
                        self.input.advance(octets);
                        self.deadline = Instant::now() + self.request_timeout;
                    }
                    Heard::Partial => break,
                    Heard::End => is_over = true,
                }
            }
            let is_full = self.answers.len() >= ANSWERS;
            if !self.answers.is_empty() {
                timeout(WRITE, stream.write_all(&self.answers)).await??;
                self.answers.clear();
            }
            if is_over {
                return stream.shutdown().await.map(|()| Held::Over);
            }
            if is_full {
                continue;
            }
            if self.leaves(leaves) {
                return Ok(Held::Leaves);
            }
            match self.next(stream).await {
                Ok(Some(0) | None) => return Ok(Held::Over),
                Ok(Some(_)) => {}
                // Of a socket that waits, and for no longer.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_idle = true;
                    return Ok(Held::Leaves);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn leaves(&self, leaves: Leaves) -> bool {
        match leaves {
            Leaves::Never => false,
            Leaves::WhenBusy => self.brisk >= BRISK && self.place.busy() <= THREADS,
            // Who sends a request in pieces has the time for it measured, which a thread that waits for octets does not do.
            Leaves::WhenCrowded => {
                self.place.busy() > THREADS
                    || !self.input.is_empty() && Instant::now() >= self.deadline
            }
        }
    }

    /// Waits for more. `None` when the time is up, or the place, if it may be given away, is needed by another.
    async fn next<IO: AsyncRead + Unpin>(&mut self, stream: &mut IO) -> io::Result<Option<usize>> {
        self.input.reserve(BUFFER);
        if !mem::take(&mut self.is_idle) {
            let pause = self.deadline.min(Instant::now() + PAUSE);
            if let Ok(read) = timeout_at(pause, stream.read_buf(&mut self.input)).await {
                self.brisk = self.brisk.saturating_add(1);
                return read.map(Some);
            }
        }
        self.brisk = 0;
        if self.input.is_empty() {
            // Nothing of a request is here: the memory of a longer one is given back.
            self.input = BytesMut::new();
        }
        let idle = self.speaker.may_be_closed().then(|| self.place.idle());
        let closed = async {
            match &idle {
                Some(idle) => idle.closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = timeout_at(self.deadline, stream.read_buf(&mut self.input)) => read.ok().transpose(),
            () = closed => Ok(None),
        }
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
