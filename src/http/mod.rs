//! HTTP as a server: small answers, and nothing of it is worth a long wait.

use crate::inbound::{Accepted, Connections, Place, Socket};
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ACCEPT, CONTENT_TYPE},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, future::Future, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

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

/// Answers GET on `socket` until `retired` turns true.
pub async fn serve_http<F, R>(socket: Socket, retired: watch::Receiver<bool>, page: F)
where
    F: Fn(Question) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Page> + Send + 'static,
{
    let connections = Connections::new(CONNECTIONS);
    let begin = |accepted, tasks: &mut JoinSet<()>| {
        let Some(place) = connections.admit() else { return };
        let page = page.clone();
        tasks.spawn(async move {
            match accepted {
                Accepted::Tcp(stream, _) => converse(stream, page, place).await,
                Accepted::Unix(stream) => converse(stream, page, place).await,
            }
        });
    };
    socket.serve(retired, begin).await;
}

async fn converse<S, F, R>(stream: S, page: F, place: Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Question) -> R + Clone + Send + 'static,
    R: Future<Output = Page> + Send,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let page = page.clone();
        async move {
            let is_get = request.method() == hyper::Method::GET;
            let path = request.uri().path().to_owned();
            let accept = request.headers().get_all(ACCEPT).iter();
            let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
            let question = Question { path, accept: accept.join(",") };
            let Page { status, kind, text } = match is_get {
                true => page(question).await,
                false => Page::plain(StatusCode::METHOD_NOT_ALLOWED, ""),
            };
            let mut response = Response::new(Full::new(Bytes::from(text)));
            *response.status_mut() = status;
            response
                .headers_mut()
                .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let idle = place.idle();
    tokio::select! {
        _ = timeout(PATIENCE, connection) => {}
        () = idle.closed() => {}
    }
}
