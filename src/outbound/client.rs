use super::{
    limits::{OutboundLimits, Patience},
    security::Demand,
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
    tls::{Connector, Identity, TlsError},
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
    /// How it is encrypted, and why that is believed; empty for plaintext.
    pub(super) tls: String,
    /// Messages handed over so far.
    pub(super) messages: u32,
    /// The last transaction ended midway, and the peer may still hold its envelope.
    pub(super) needs_rset: bool,
}

/// How we introduce ourselves anywhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Introduction<'a> {
    pub(super) hostname: &'a Domain,
    pub(super) connector: &'a Connector,
    pub(super) limits: &'a OutboundLimits,
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
    #[error("offers no TLS")]
    WithoutTls,
    #[error("refuses STARTTLS: {} {}", .0.code, .0.lines.join(" "))]
    TlsRefused(ServerReply),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl OpenError {
    /// It came to nothing for the sake of encryption.
    pub(super) fn is_of_tls(&self) -> bool {
        matches!(self, Self::WithoutTls | Self::TlsRefused(_) | Self::Tls(_))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("remote", &self.remote).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects, waits for the greeting, introduces us, and encrypts as `demand` has it.
    pub(super) async fn open(
        protocol: Protocol,
        remote: Remote,
        Introduction { hostname, connector, limits }: Introduction<'_>,
        demand: &Demand,
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
            tls: String::new(),
            messages: 0,
            needs_rset: false,
        };
        let greeting = client.reply(patience.until(limits.greeting_time)).await?;
        if greeting.class() != Class::Positive {
            return Err(OpenError::Refused(greeting));
        }
        client.introduce(hostname, patience.until(limits.command_time)).await?;
        if demand.trust().is_some() && client.extensions.starttls {
            let until = patience.until(limits.command_time);
            client = client.start_tls(connector, demand, until).await?;
            client.introduce(hostname, patience.until(limits.command_time)).await?;
        } else if !demand.may_be_plain() {
            client.quit().await;
            return Err(OpenError::WithoutTls);
        }
        Ok(client)
    }

    /// STARTTLS and the handshake. What the peer said before is forgotten, and what it says between its
    /// answer and the handshake may be anybody's (RFC 3207 §6).
    async fn start_tls(
        mut self,
        connector: &Connector,
        demand: &Demand,
        until: Instant,
    ) -> Result<Self, OpenError> {
        let Some(trust) = demand.trust() else { return Ok(self) };
        let reply = self.command("STARTTLS\r\n", until).await?;
        if reply.code != 220 {
            self.quit().await;
            return Err(OpenError::TlsRefused(reply));
        }
        if !self.is_quiet().await {
            return Err(OpenError::Tls(TlsError::Handshake(io::Error::other(
                "data behind the answer to STARTTLS",
            ))));
        }
        let identity = Identity {
            host: self.remote.name.as_ref(),
            ip: self.remote.ip(),
            domain: demand.domain.as_ref(),
        };
        let SmtpClient { stream, timeout } = self.wire;
        let handshake = stream.into_inner().secure(connector, identity, trust);
        let (transport, tls) = match timeout_at(until, handshake).await {
            Ok(secured) => secured?,
            Err(_) => return Err(TlsError::Handshake(io::ErrorKind::TimedOut.into()).into()),
        };
        let stream = BufStream::with_capacity(READ_BUFFER, WRITE_BUFFER, transport);
        Ok(Self {
            wire: SmtpClient { stream, timeout },
            replies: ReplyReader::default(),
            extensions: Extensions::default(),
            tls: format!("{tls}{}", demand.told()),
            remote: self.remote,
            protocol: self.protocol,
            messages: self.messages,
            needs_rset: self.needs_rset,
        })
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
