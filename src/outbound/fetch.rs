//! Fetches an MTA-STS policy over HTTPS (RFC 8461 §3.3).

use crate::{
    address::Domain,
    dns::Resolver,
    mta_sts::{Policy, PolicyError},
    tls::{Connector, Identity, TlsError, Trust},
};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

/// How long a fetch may take in all: a message may be waiting.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may take, while there is another address to try.
const CONNECT: Duration = Duration::from_secs(4);
/// Addresses that are tried.
const MAX_ADDRESSES: usize = 4;
/// Longest policy, in octets (§3.3 wants no less than 64,000).
const MAX_POLICY: usize = 64 << 10;
/// Most octets in front of it.
const MAX_HEADER: usize = 32 << 10;

/// Where policies come from.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    pub(super) resolver: Resolver,
    pub(super) connector: Connector,
    /// The port of HTTPS, 443.
    pub(super) port: u16,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("its host has no address")]
    NoHost,
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no answer in time")]
    TooSlow,
    #[error("no HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("the answer is {0}, which is not followed")]
    Status(StatusCode),
    #[error("the answer is no text/plain")]
    NotText,
    #[error("the answer has more than {MAX_POLICY} octets")]
    TooLong,
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// The MTA-STS policy that others see of `domain`, from `port` (443) of its host.
///
/// # Errors
/// Why there is none, in words.
pub async fn published_policy(
    resolver: &Resolver,
    connector: &Connector,
    port: u16,
    domain: &Domain,
) -> Result<Policy, String> {
    let (resolver, connector) = (resolver.clone(), connector.clone());
    let fetcher = Fetcher { resolver, connector, port };
    let fetched = fetcher.fetch(domain, Instant::now() + PATIENCE).await;
    fetched.map(|(policy, _)| policy).map_err(|error| error.to_string())
}

impl Fetcher {
    /// The policy of `domain`, and its text.
    pub(super) async fn fetch(
        &self,
        domain: &Domain,
        deadline: Instant,
    ) -> Result<(Policy, String), FetchError> {
        let deadline = deadline.min(Instant::now() + PATIENCE);
        let fetched = timeout_at(deadline, self.get(domain)).await;
        let text = fetched.unwrap_or(Err(FetchError::TooSlow))?;
        Ok((Policy::parse(&text)?, text))
    }

    async fn get(&self, domain: &Domain) -> Result<String, FetchError> {
        let host = Domain::parse(&format!("mta-sts.{}", domain.to_key()))
            .map_err(|_| FetchError::NoHost)?;
        let addresses = self.resolver.addresses(&host).await.map_err(|_| FetchError::NoHost)?;
        let mut last = FetchError::NoHost;
        for ip in addresses.into_iter().take(MAX_ADDRESSES) {
            let until = Instant::now() + CONNECT;
            let connect = TcpStream::connect(SocketAddr::new(ip, self.port));
            match timeout_at(until, connect).await {
                Ok(Ok(stream)) => return self.get_over(stream, &host).await,
                Ok(Err(error)) => last = FetchError::Connect(error),
                Err(_) => last = FetchError::Connect(io::ErrorKind::TimedOut.into()),
            }
        }
        Err(last)
    }

    async fn get_over(&self, stream: TcpStream, host: &Domain) -> Result<String, FetchError> {
        let identity = Identity { host: Some(host), ip: None, domain: None };
        let (stream, _) = self.connector.connect(stream, identity, &Trust::Authorities).await?;
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(MAX_HEADER)
            .handshake(TokioIo::new(stream))
            .await?;
        let asked = async move {
            let request = Request::get("/.well-known/mta-sts.txt")
                .header(HOST, host.as_str())
                .header(USER_AGENT, "onward")
                .body(Empty::<Bytes>::new())
                .map_err(|_| FetchError::NoHost)?;
            let answer = sender.send_request(request).await?;
            if answer.status() != StatusCode::OK {
                return Err(FetchError::Status(answer.status()));
            }
            let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
            if !kind.trim().eq_ignore_ascii_case("text/plain") {
                return Err(FetchError::NotText);
            }
            let body = Limited::new(answer.into_body(), MAX_POLICY).collect().await;
            let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
                Ok(error) => FetchError::Http(*error),
                Err(error) if error.is::<LengthLimitError>() => FetchError::TooLong,
                Err(_) => FetchError::TooSlow,
            })?;
            String::from_utf8(body.to_bytes().into()).map_err(|_| FetchError::NotText)
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
}
