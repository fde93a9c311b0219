use super::{
    limits::{OutboundLimits, Patience},
    transport::{Remote, Transport},
};
use crate::{
    address::Domain,
    next_hop::Protocol,
    reply::Class,
    smtp::{
        data::dot_stuffed,
        extensions::Extensions,
        reply_reader::{NotSmtp, ReplyReader, ServerReply},
    },
};
use mail_send::SmtpClient;
use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    task::Poll,
    time::Duration,
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufStream},
    time::{Instant, timeout_at},
};

/// Enough for the replies to a pipelined envelope.
const READ_BUFFER: usize = 4 * 1024;
/// Most messages leave in one write; longer ones go past the buffer without a copy.
const WRITE_BUFFER: usize = 32 * 1024;
/// How long a peer that we leave may take to answer QUIT.
const QUIT_TIME: Duration = Duration::from_secs(2);

/// A connection to a host that has greeted us.
///
/// The stream is that of mail-send's client. Its reply reading is not used: it drops what follows the
/// first reply in a read and loses the replies before a lost connection.
pub(super) struct Client {
    wire: SmtpClient<BufStream<Transport>>,
    replies: ReplyReader,
    pub(super) remote: Remote,
    pub(super) protocol: Protocol,
    pub(super) extensions: Extensions,
    /// Messages handed over so far.
    pub(super) messages: u32,
    /// The last transaction ended midway, and the peer may still hold its envelope.
    pub(super) needs_rset: bool,
}

/// Why a connection is of no further use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error("no answer in time")]
    TimedOut,
    #[error("connection lost: {0}")]
    Broken(#[from] io::Error),
    #[error(transparent)]
    NotSmtp(#[from] NotSmtp),
    /// It was given up by us.
    #[error("the end of data may not be sent: the spool cannot be written")]
    NotAllowed,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("cannot connect: {0}")]
    Unreachable(io::Error),
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error("refuses us: {} {}", .0.code, .0.lines.join(" "))]
    Refused(ServerReply),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("remote", &self.remote).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects, waits for the greeting and introduces us.
    pub(super) async fn open(
        protocol: Protocol,
        remote: Remote,
        hostname: &Domain,
        limits: &OutboundLimits,
        patience: Patience,
    ) -> Result<Self, OpenError> {
        let time = patience.until(limits.connect_time).saturating_duration_since(Instant::now());
        let transport =
            Transport::connect(&remote.endpoint, time).await.map_err(OpenError::Unreachable)?;
        let mut client = Self {
            wire: SmtpClient {
                stream: BufStream::with_capacity(READ_BUFFER, WRITE_BUFFER, transport),
                timeout: limits.command_time,
            },
            replies: ReplyReader::default(),
            remote,
            protocol,
            extensions: Extensions::default(),
            messages: 0,
            needs_rset: false,
        };
        let greeting = client.reply(patience.until(limits.greeting_time)).await?;
        if greeting.class() != Class::Positive {
            return Err(OpenError::Refused(greeting));
        }
        client.introduce(hostname, patience.until(limits.command_time)).await?;
        Ok(client)
    }

    /// EHLO, and HELO where that is not known (RFC 5321 §3.2); LHLO has no older form.
    async fn introduce(&mut self, hostname: &Domain, until: Instant) -> Result<(), OpenError> {
        let verb = match self.protocol {
            Protocol::Smtp => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        let mut reply = self.command(&format!("{verb} {hostname}\r\n"), until).await?;
        if reply.class() == Class::Positive {
            self.extensions = Extensions::of(&reply);
            return Ok(());
        }
        if reply.class() == Class::Permanent && self.protocol == Protocol::Smtp {
            reply = self.command(&format!("HELO {hostname}\r\n"), until).await?;
        }
        match reply.class() {
            Class::Positive => Ok(()),
            _ => Err(OpenError::Refused(reply)),
        }
    }

    /// One command and its reply.
    pub(super) async fn command(
        &mut self,
        line: &str,
        until: Instant,
    ) -> Result<ServerReply, Lost> {
        self.write(line.as_bytes(), until).await?;
        self.flush(until).await?;
        self.reply(until).await
    }

    /// Writes into the buffer, and past it what is larger.
    pub(super) async fn write(&mut self, bytes: &[u8], until: Instant) -> Result<(), Lost> {
        in_time(until, self.wire.stream.write_all(bytes)).await
    }

    /// Writes text of whole lines, dots stuffed.
    pub(super) async fn write_stuffed(&mut self, text: &[u8], until: Instant) -> Result<(), Lost> {
        let stream = &mut self.wire.stream;
        let all = async {
            for part in dot_stuffed(text) {
                stream.write_all(part).await?;
            }
            Ok(())
        };
        in_time(until, all).await
    }

    /// Sends what the buffer holds. An error says that its last byte was not sent.
    pub(super) async fn flush(&mut self, until: Instant) -> Result<(), Lost> {
        in_time(until, self.wire.stream.flush()).await
    }

    /// The next reply.
    pub(super) async fn reply(&mut self, until: Instant) -> Result<ServerReply, Lost> {
        loop {
            if let Some(reply) = self.replies.poll()? {
                return Ok(reply);
            }
            let bytes = in_time(until, self.wire.stream.fill_buf()).await?;
            if bytes.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            let read = bytes.len();
            self.replies.receive(bytes);
            self.wire.stream.consume(read);
        }
    }

    /// True when the peer has said nothing that was not asked for, and has not closed.
    pub(super) async fn is_quiet(&mut self) -> bool {
        if !self.replies.is_idle() {
            return false;
        }
        let stream = &mut self.wire.stream;
        poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_fill_buf(cx).is_pending())).await
    }

    /// Takes leave. What the peer answers no longer matters.
    pub(super) async fn quit(mut self) {
        let until = Instant::now() + QUIT_TIME;
        if self.command("QUIT\r\n", until).await.is_ok() {
            let _ = in_time(until, self.wire.stream.shutdown()).await;
        }
    }
}

async fn in_time<T>(until: Instant, step: impl Future<Output = io::Result<T>>) -> Result<T, Lost> {
    match timeout_at(until, step).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Lost::TimedOut),
    }
}
