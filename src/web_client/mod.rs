//! One question to a web server: over TLS or not, within bounds, and never twice.
//!
//! Redirects are answers like others: nobody is sent on to where a stranger wants it.

use crate::{
    address::Domain,
    tls::{Connector, Identity, TlsError, Trust},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1::Builder,
    header::{CONTENT_TYPE, HeaderMap},
};
use hyper_util::rt::TokioIo;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout_at},
};

/// How long a connection may take, while there is another address to try.
const CONNECT: Duration = Duration::from_secs(4);
/// Addresses that are tried.
const MAX_ADDRESSES: usize = 4;
/// Most octets in front of an answer.
const MAX_HEADER: usize = 32 << 10;

/// A web server, whose addresses are known.
#[derive(Debug, Clone)]
pub struct Server<'a> {
    /// Begins TLS; `None` where there is none.
    pub connector: Option<&'a Connector>,
    /// The name that its certificate is for; `None`: its address.
    pub name: Option<&'a Domain>,
    /// Where it is, the first that answers.
    pub addresses: Vec<IpAddr>,
    /// Its port.
    pub port: u16,
}

/// What a server answers.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The fields.
    pub fields: HeaderMap,
    /// The body; empty where the status is not 200, or none is wanted.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The name leads nowhere.
    #[error("its host has no address")]
    NoHost,
    /// Nobody is there.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// TLS fails, or whoever answers is somebody else.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What comes is no HTTP, or breaks off.
    #[error("no HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// The body is longer than it may be.
    #[error("the answer is too long")]
    TooLong,
    /// The body breaks off.
    #[error("the answer breaks off: {0}")]
    Broken(String),
}

impl Server<'_> {
    /// Asks, and reads the body of a 200 as far as `max_body` octets. Whoever asks bounds the time.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(
        &self,
        request: Request<Full<Bytes>>,
        max_body: usize,
    ) -> Result<Answer, WebError> {
        let mut last = WebError::NoHost;
        for ip in self.addresses.iter().take(MAX_ADDRESSES) {
            let until = Instant::now() + CONNECT;
            match timeout_at(until, TcpStream::connect(SocketAddr::new(*ip, self.port))).await {
                Ok(Ok(stream)) => return self.ask_over(stream, *ip, request, max_body).await,
                Ok(Err(error)) => last = WebError::Connect(error),
                Err(_) => last = WebError::Connect(io::ErrorKind::TimedOut.into()),
            }
        }
        Err(last)
    }

    async fn ask_over(
        &self,
        stream: TcpStream,
        ip: IpAddr,
        request: Request<Full<Bytes>>,
        max_body: usize,
    ) -> Result<Answer, WebError> {
        let Some(connector) = self.connector else { return ask(stream, request, max_body).await };
        let identity = Identity { host: self.name, ip: Some(ip), domain: None };
        let (stream, _) = connector.connect(stream, identity, &Trust::Authorities).await?;
        ask(stream, request, max_body).await
    }
}

impl Answer {
    /// The media type, without its parameters, in lower case.
    pub fn kind(&self) -> String {
        let kind = self.fields.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    }
}

async fn ask<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    max_body: usize,
) -> Result<Answer, WebError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        Builder::new().max_buf_size(MAX_HEADER).handshake(TokioIo::new(stream)).await?;
    let asked = async move {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let (status, fields) = (parts.status, parts.headers);
        if status != StatusCode::OK || max_body == 0 {
            return Ok(Answer { status, fields, body: Bytes::new() });
        }
        let body = Limited::new(body, max_body).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => WebError::Http(*error),
            Err(error) if error.is::<LengthLimitError>() => WebError::TooLong,
            Err(error) => WebError::Broken(error.to_string()),
        })?;
        Ok(Answer { status, fields, body: body.to_bytes() })
    };
    // Dropped with the answer, the connection is closed, whatever more it has to say.
    let connected = async {
        match connection.await {
            Err(error) => error,
            // It ended in order: what came of the request says why.
            Ok(()) => std::future::pending().await,
        }
    };
    tokio::select! {
        asked = asked => asked,
        error = connected => Err(error.into()),
    }
}
