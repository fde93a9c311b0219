//! HTTP as a server: small answers, and nothing of it is worth a long wait.

use crate::inbound::{Accepted, Socket};
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::CONTENT_TYPE,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

/// Connections at once to one listener; who comes beyond is turned away.
const CONNECTIONS: usize = 32;
/// How long a whole connection may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most octets of a request's head.
const MAX_HEAD: usize = 16 << 10;

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

/// Answers GET on `socket`, by path, until `retired` turns true.
pub async fn serve_http<F, R>(socket: Socket, retired: watch::Receiver<bool>, page: F)
where
    F: Fn(String) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Page> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let begin = |accepted, tasks: &mut JoinSet<()>| {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { return };
        let page = page.clone();
        tasks.spawn(async move {
            let _place = place;
            match accepted {
                Accepted::Tcp(stream, _) => converse(stream, page).await,
                Accepted::Unix(stream) => converse(stream, page).await,
            }
        });
    };
    socket.serve(retired, begin).await;
}

async fn converse<S, F, R>(stream: S, page: F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(String) -> R + Clone + Send + 'static,
    R: Future<Output = Page> + Send,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let page = page.clone();
        async move {
            let is_get = request.method() == hyper::Method::GET;
            let path = request.uri().path().to_owned();
            let Page { status, kind, text } = match is_get {
                true => page(path).await,
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
        .serve_connection(TokioIo::new(stream), service);
    let _ = timeout(PATIENCE, connection).await;
}
