//! Fetches an MTA-STS policy over HTTPS (RFC 8461 §3.3).

use crate::{
    address::Domain,
    dns::Resolver,
    mta_sts::{Policy, PolicyError},
    tls::{Connector, TlsError},
    web_client::{Server, WebError},
};
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    header::{HOST, USER_AGENT},
};
use std::{io, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How long a fetch may take in all: a message may be waiting.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest policy, in octets (§3.3 wants no less than 64,000).
const MAX_POLICY: usize = 64 << 10;
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
        let request = Request::get("/.well-known/mta-sts.txt")
            .header(HOST, host.as_str())
            .header(USER_AGENT, "onward")
            .body(Full::default())
            .map_err(|_| FetchError::NoHost)?;
        let connector = Some(&self.connector);
        let server = Server { connector, name: Some(&host), addresses, port: self.port };
        let answer = server.ask(request, MAX_POLICY).await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status));
        }
        if answer.kind() != "text/plain" {
            return Err(FetchError::NotText);
        }
        String::from_utf8(answer.body.into()).map_err(|_| FetchError::NotText)
    }
}

impl From<WebError> for FetchError {
    fn from(error: WebError) -> Self {
        match error {
            WebError::NoHost => Self::NoHost,
            WebError::Connect(error) => Self::Connect(error),
            WebError::Tls(error) => Self::Tls(error),
            WebError::Http(error) => Self::Http(error),
            WebError::TooLong => Self::TooLong,
            WebError::Broken(_) => Self::TooSlow,
        }
    }
}
