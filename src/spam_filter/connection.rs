//! One connection to the filter, and the question and answer on it.

use super::FilterError;
use crate::{
    address::Domain,
    config::FilterAddress,
    dns::Resolver,
    rspamd::{AnswerError, MAX_ANSWER},
    tls::{Connector, Identity, Trust},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{Builder, SendRequest},
    header::{CONNECTION, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    task::JoinSet,
    time::sleep,
};

/// Most octets in front of an answer.
const MAX_HEADER: usize = 32 << 10;
/// Addresses of its host that are tried.
const MAX_ADDRESSES: usize = 4;
/// How long until a unix socket with too many who wait is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Question<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) fields: &'a [(&'static str, String)],
    pub(super) body: Bytes,
}

/// A connection, closed when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Moves the octets; it ends with the connection.
    _driver: JoinSet<()>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody is there.
    pub(super) async fn open(
        place: &FilterAddress,
        resolver: &Resolver,
        connector: &Connector,
    ) -> Result<Self, FilterError> {
        let (is_tls, host, port) = match place {
            FilterAddress::Unix(path) => {
                return Self::over(unix(path).await.map_err(FilterError::Connect)?).await;
            }
            FilterAddress::Web { is_tls, host, port } => (*is_tls, host.as_str(), *port),
        };
        let name = Domain::parse(host).ok();
        let ips = match (host.parse::<IpAddr>(), &name) {
            (Ok(ip), _) => vec![ip],
            (Err(_), Some(name)) => {
                resolver.local_addresses(name).await.map_err(|_| FilterError::NoHost)?
            }
            (Err(_), None) => return Err(FilterError::NoHost),
        };
        let mut last = FilterError::NoHost;
        for ip in ips.into_iter().take(MAX_ADDRESSES) {
            let stream = match TcpStream::connect(SocketAddr::new(ip, port)).await {
                Ok(stream) => stream,
                Err(error) => {
                    last = FilterError::Connect(error);
                    continue;
                }
            };
            if !is_tls {
                return Self::over(stream).await;
            }
            let host = name.as_ref().filter(|name| name.literal().is_none());
            let identity = Identity { host, ip: Some(ip), domain: None };
            let (stream, _) = connector.connect(stream, identity, &Trust::Authorities).await?;
            return Self::over(stream).await;
        }
        Err(last)
    }

    async fn over<S>(stream: S) -> Result<Self, FilterError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) =
            Builder::new().max_buf_size(MAX_HEADER).handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // What went wrong is told by the answer that does not come.
            let _ = connection.await;
        });
        Ok(Self { sender, _driver: driver })
    }

    /// True when it can be asked again.
    pub(super) async fn is_ready(&mut self) -> bool {
        !self.sender.is_closed() && self.sender.ready().await.is_ok()
    }

    /// Asks, and reads the answer whole; true beside it when the connection can be kept.
    ///
    /// # Errors
    /// When there is no answer, or one that is an error.
    pub(super) async fn ask(
        &mut self,
        question: Question<'_>,
    ) -> Result<(Bytes, bool), FilterError> {
        let mut request = Request::builder()
            .method(question.method)
            .uri(question.path)
            .header(HOST, "rspamd")
            .header(USER_AGENT, "onward");
        for (name, value) in question.fields {
            request = request.header(*name, value.as_bytes());
        }
        let request = request.body(Full::new(question.body))?;
        let answer = self.sender.send_request(request).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(FilterError::Password),
            status => return Err(FilterError::Status(status)),
        }
        let connection = answer.headers().get(CONNECTION).and_then(|value| value.to_str().ok());
        let is_kept = !connection.is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok((whole(answer.into_body()).await?, is_kept))
    }
}

/// Waits for a place where too many wait to be taken, as TCP does.
async fn unix(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(AGAIN).await,
            connected => return connected,
        }
    }
}

async fn whole(body: Incoming) -> Result<Bytes, FilterError> {
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => FilterError::Http(*error),
        Err(error) if error.is::<LengthLimitError>() => AnswerError::TooLong.into(),
        Err(error) => FilterError::Connect(io::Error::other(error)),
    })?;
    Ok(body.to_bytes())
}
