//! SMTP as a client speaks it: commands out, replies in, each by a deadline.

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
use std::{
    future::{Future, poll_fn},
    io,
    pin::Pin,
    task::Poll,
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream},
    time::{Instant, timeout_at},
};

/// Enough for the replies to a pipelined envelope.
const READ_BUFFER: usize = 4 * 1024;
/// Most messages leave in one write; longer ones go past the buffer without a copy.
const WRITE_BUFFER: usize = 32 * 1024;

/// The client's side of an SMTP or LMTP connection, whatever it runs over.
#[derive(Debug)]
pub struct Dialogue<S: AsyncRead + AsyncWrite> {
    stream: BufStream<S>,
    replies: ReplyReader,
}

/// Why a connection is of no further use.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The deadline has passed.
    #[error("no answer in time")]
    TimedOut,
    /// The stream failed or ended.
    #[error("connection lost: {0}")]
    Broken(#[from] io::Error),
    /// The peer speaks something else.
    #[error(transparent)]
    NotSmtp(#[from] NotSmtp),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    /// Over a stream on which the peer is to speak next.
    pub fn new(stream: S) -> Self {
        Self {
            stream: BufStream::with_capacity(READ_BUFFER, WRITE_BUFFER, stream),
            replies: ReplyReader::default(),
        }
    }

    /// Leaves the dialogue. What the peer said and nobody read is lost.
    pub(super) fn into_inner(self) -> S {
        self.stream.into_inner()
    }

    /// EHLO, and HELO where that is not known (RFC 5321 §3.2); LHLO has no older form. Gives what the peer
    /// offers, or the reply that refuses us.
    ///
    /// # Errors
    /// When there is no reply.
    pub async fn introduce(
        &mut self,
        protocol: Protocol,
        hostname: &Domain,
        until: Instant,
    ) -> Result<Result<Extensions, ServerReply>, Lost> {
        let verb = match protocol {
            Protocol::Smtp | Protocol::Smtps => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        let mut reply = self.command(&format!("{verb} {hostname}\r\n"), until).await?;
        if reply.class() == Class::Positive {
            return Ok(Ok(Extensions::of(&reply)));
        }
        if reply.class() == Class::Permanent && protocol != Protocol::Lmtp {
            reply = self.command(&format!("HELO {hostname}\r\n"), until).await?;
        }
        Ok(match reply.class() {
            Class::Positive => Ok(Extensions::default()),
            _ => Err(reply),
        })
    }

    /// The reply to a command, which comes with its CRLF.
    ///
    /// # Errors
    /// When there is no reply.
    pub async fn command(&mut self, line: &str, until: Instant) -> Result<ServerReply, Lost> {
        self.write(line.as_bytes(), until).await?;
        self.flush(until).await?;
        self.reply(until).await
    }

    /// Writes into the buffer, and past it what is larger.
    pub(super) async fn write(&mut self, bytes: &[u8], until: Instant) -> Result<(), Lost> {
        in_time(until, self.stream.write_all(bytes)).await
    }

    /// Writes text of whole lines, dots stuffed.
    pub(super) async fn write_stuffed(&mut self, text: &[u8], until: Instant) -> Result<(), Lost> {
        let stream = &mut self.stream;
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
        in_time(until, self.stream.flush()).await
    }

    /// The next reply; the first one is the greeting.
    ///
    /// # Errors
    /// When no reply comes.
    pub async fn reply(&mut self, until: Instant) -> Result<ServerReply, Lost> {
        loop {
            if let Some(reply) = self.replies.poll()? {
                return Ok(reply);
            }
            let bytes = in_time(until, self.stream.fill_buf()).await?;
            if bytes.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            let read = bytes.len();
            self.replies.receive(bytes);
            self.stream.consume(read);
        }
    }

    /// True when the peer has said nothing that was not asked for, and has not closed.
    pub(super) async fn is_quiet(&mut self) -> bool {
        if !self.replies.is_idle() {
            return false;
        }
        let stream = &mut self.stream;
        poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_fill_buf(cx).is_pending())).await
    }

    /// Takes leave. What the peer answers no longer matters.
    pub async fn quit(mut self, until: Instant) {
        if self.command("QUIT\r\n", until).await.is_ok() {
            let _ = in_time(until, self.stream.shutdown()).await;
        }
    }
}

impl From<Lost> for io::Error {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::TimedOut => io::ErrorKind::TimedOut.into(),
            Lost::Broken(error) => error,
            Lost::NotSmtp(error) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

async fn in_time<T>(until: Instant, step: impl Future<Output = io::Result<T>>) -> Result<T, Lost> {
    match timeout_at(until, step).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Lost::TimedOut),
    }
}
