use super::{
    dialogue::Dialogue,
    limits::{OutboundLimits, Patience},
    open_error::OpenError,
    security::{Demand, Security},
    transport::{Remote, connect},
};
use crate::{
    address::Domain,
    next_hop::{NextHop, Protocol, Relay},
    reply::Class,
    smtp::extensions::Extensions,
    tls::{Connector, Identity, Stream, TlsError},
};
use std::{fmt, io, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How long a peer that we leave may take to answer QUIT.
const QUIT_TIME: Duration = Duration::from_secs(2);

/// A connection to a host that has greeted us.
pub(super) struct Connection {
    pub(super) dialogue: Dialogue<Stream>,
    pub(super) remote: Remote,
    pub(super) protocol: Protocol,
    /// What the route says that it was opened by: a login, for one.
    pub(super) relay: Option<Arc<Relay>>,
    pub(super) extensions: Extensions,
    /// How the connection is encrypted, and why that is believed; empty for plaintext.
    pub(super) tls: String,
    /// With how much encryption it was opened.
    pub(super) security: Security,
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

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("remote", &self.remote).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects, waits for the greeting, introduces us, and encrypts as `demand` has it.
    pub(super) async fn open(
        hop: &NextHop,
        remote: Remote,
        Introduction { hostname: name, connector, limits }: Introduction<'_>,
        demand: &Demand,
        patience: Patience,
    ) -> Result<Self, OpenError> {
        let time = patience.until(limits.connect_time).saturating_duration_since(Instant::now());
        let NextHop { protocol, relay, .. } = hop.clone();
        let source = relay.as_ref().and_then(|relay| relay.source);
        let hostname = relay.as_ref().and_then(|relay| relay.hello.clone());
        let hostname = hostname.as_ref().unwrap_or(name);
        let stream =
            connect(&remote.endpoint, source, time).await.map_err(OpenError::Unreachable)?;
        let mut connection = Self {
            dialogue: Dialogue::new(stream),
            remote,
            protocol,
            relay,
            extensions: Extensions::default(),
            tls: String::new(),
            security: demand.security.clone(),
            messages: 0,
            needs_rset: false,
        };
        if protocol == Protocol::Smtps {
            let until = patience.until(limits.command_time);
            connection = connection.encrypt(connector, demand, until).await?;
        }
        let greeting = connection.dialogue.reply(patience.until(limits.greeting_time)).await?;
        if greeting.class() != Class::Positive {
            return Err(OpenError::Refused(greeting));
        }
        connection.introduce(hostname, patience.until(limits.command_time)).await?;
        if protocol == Protocol::Smtps {
            return Ok(connection);
        }
        if demand.trust().is_some() && connection.extensions.starttls {
            let until = match demand.weaker() {
                // Silence must leave time to try again with less.
                Some(_) => patience.half(limits.command_time),
                None => patience.until(limits.command_time),
            };
            connection = connection.start_tls(connector, demand, until).await?;
            // With TLS 1.3 a server refuses the handshake behind its end, such as for want of our
            // certificate (RFC 8446 §4.4.2.4).
            match connection.introduce(hostname, until).await {
                Err(OpenError::Lost(lost)) => return Err(TlsError::Handshake(lost.into()).into()),
                introduced => introduced?,
            }
        } else if !demand.may_be_plain() {
            connection.quit().await;
            return Err(OpenError::WithoutTls);
        }
        Ok(connection)
    }

    /// STARTTLS and the handshake. What the peer said before is forgotten, and what it says between its
    /// answer and the handshake may be anybody's (RFC 3207 §6).
    async fn start_tls(
        mut self,
        connector: &Connector,
        demand: &Demand,
        until: Instant,
    ) -> Result<Self, OpenError> {
        let reply = self.dialogue.command("STARTTLS\r\n", until).await?;
        if reply.code != 220 {
            self.quit().await;
            return Err(OpenError::TlsRefused(reply));
        }
        if !self.dialogue.is_quiet().await {
            return Err(OpenError::Tls(TlsError::Handshake(io::Error::other(
                "data behind the answer to STARTTLS",
            ))));
        }
        self.encrypt(connector, demand, until).await
    }

    /// The handshake, on a stream that the peer has said nothing on that is not read.
    async fn encrypt(
        self,
        connector: &Connector,
        demand: &Demand,
        until: Instant,
    ) -> Result<Self, OpenError> {
        let Some(trust) = demand.trust() else { return Ok(self) };
        let identity = Identity {
            host: self.remote.name.as_ref(),
            ip: self.remote.ip(),
            domain: demand.domain.as_ref(),
        };
        let handshake = connector.connect(self.dialogue.into_inner(), identity, trust);
        let (stream, tls) = match timeout_at(until, handshake).await {
            Ok(secured) => secured?,
            Err(_) => return Err(TlsError::Handshake(io::ErrorKind::TimedOut.into()).into()),
        };
        Ok(Self {
            dialogue: Dialogue::new(Box::new(stream)),
            extensions: Extensions::default(),
            tls: format!("{tls}{}", demand.told()),
            ..self
        })
    }

    async fn introduce(&mut self, hostname: &Domain, until: Instant) -> Result<(), OpenError> {
        let introduced = self.dialogue.introduce(self.protocol, hostname, until).await?;
        self.extensions = introduced.map_err(OpenError::Refused)?;
        Ok(())
    }

    /// Takes leave of the server with QUIT.
    pub(super) async fn quit(self) {
        self.dialogue.quit(Instant::now() + QUIT_TIME).await;
    }
}
