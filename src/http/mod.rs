//! HTTP as a server: small answers, and nothing of it is worth a long wait. What takes requests with bodies is in `app`.

mod app;
mod fault;
mod unread;

pub use app::{Application, Client, MAX_BODY, serve_application};
pub use fault::Fault;

use crate::{
    inbound::{Accepted, Connections, Socket},
    tls::{Acceptor, Stream},
};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ACCEPT, ALLOW, CONTENT_TYPE, HOST, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, future::Future, time::Duration};
use tokio::{sync::watch, task::JoinSet, time::timeout};

/// Connections at once to one listener. Who comes beyond takes the place of the oldest: an answer takes
/// milliseconds, so that one is waiting for a client that does not ask or does not read.
const CONNECTIONS: usize = 128;
/// How long a whole connection may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may take to ask.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// Most octets of a request's head.
const MAX_HEAD: usize = 16 << 10;

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// The path.
    pub path: String,
    /// What stands behind `?`, as it is written; empty where nothing does.
    pub query: String,
    /// Whose server it takes us for, as in `Host`; empty where it does not say.
    pub host: String,
    /// What the client would have, as in `Accept`; empty where it does not say.
    pub accept: String,
}

/// What is answered: a status, the type of a text, and the text.
#[derive(Debug)]
pub struct Page {
    /// The status, such as 200.
    pub status: StatusCode,
    /// The media type of the text, such as `text/plain`.
    pub kind: &'static str,
    /// The text.
    pub text: String,
}

impl Page {
    /// The answer that there is nothing of that name.
    pub fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, kind: "text/plain", text: String::new() }
    }

    /// A page of plain text.
    pub fn plain(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", text: text.into() }
    }
}

/// Answers GET and HEAD on `socket` until `retired` turns true; with `tls` it is https.
pub async fn serve_http<F, R>(
    socket: Socket,
    tls: Option<Acceptor>,
    retired: watch::Receiver<bool>,
    page: F,
) where
    F: Fn(Question) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Page> + Send + 'static,
{
    let connections = Connections::new(CONNECTIONS);
    let begin = |accepted, tasks: &mut JoinSet<()>| {
        let Some(place) = connections.admit() else { return };
        let (page, tls) = (page.clone(), tls.clone());
        tasks.spawn(async move {
            let stream: Stream = match accepted {
                Accepted::Tcp(stream, _) => Box::new(stream),
                Accepted::Unix(stream) => Box::new(stream),
            };
            let idle = place.idle();
            let conversation = async move {
                let Some(tls) = tls else { return converse(stream, page).await };
                // Who does not get through the handshake is told by TLS, and nobody else wants to know.
                if let Ok((stream, _)) = tls.accept(stream).await {
                    converse(Box::new(stream), page).await;
                }
            };
            tokio::select! {
                _ = timeout(PATIENCE, conversation) => {}
                () = idle.closed() => {}
            }
        });
    };
    socket.serve(retired, begin).await;
}

async fn converse<F, R>(stream: Stream, page: F)
where
    F: Fn(Question) -> R + Clone + Send + 'static,
    R: Future<Output = Page> + Send,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let page = page.clone();
        async move {
            // Of an answer to HEAD, hyper leaves the text out.
            let is_known = [Method::GET, Method::HEAD].contains(request.method());
            let page = match is_known {
                true => page(Question::of(&request)).await,
                false => Page::plain(StatusCode::METHOD_NOT_ALLOWED, ""),
            };
            let response = page.into_response().map(Full::new);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // Who breaks off had no use for the answer.
    let _ = connection.await;
}

impl Question {
    /// What a request asks for.
    pub fn of<B>(request: &Request<B>) -> Self {
        let uri = request.uri();
        let values = |name: HeaderName| {
            let values = request.headers().get_all(name).iter();
            values.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>()
        };
        let host = values(HOST);
        Self {
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            host: uri
                .authority()
                .map_or(host.first().copied(), |authority| Some(authority.as_str()))
                .unwrap_or_default()
                .to_owned(),
            accept: values(ACCEPT).join(","),
        }
    }
}

impl Page {
    /// The page as a response.
    pub fn into_response(self) -> Response<Bytes> {
        let Self { status, kind, text } = self;
        let mut response = Response::new(Bytes::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}
