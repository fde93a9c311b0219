//! Requests that hyper cannot read. It would answer them by itself, with a status and nothing else, or with silence; here
//! whoever asks hears from the application what is wrong, as with every other answer.

use super::{Fault, HEAD_PATIENCE};
use crate::tls::Stream;
use http_body_util::Full;
use hyper::{Request, Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::timeout,
};

/// What of a request that is refused is read, so that its sender hears why.
pub(super) const READ_ON: usize = 1 << 20;

/// A connection on which nothing is said before a request is read.
pub(super) struct Muted<'a> {
    stream: &'a mut Stream,
    /// Set by whoever is handed a request: from then on everything is said.
    is_read: &'a AtomicBool,
    /// Whether anything came.
    has_begun: bool,
}

impl<'a> Muted<'a> {
    /// Mutes `stream` until `is_read`.
    pub(super) fn new(stream: &'a mut Stream, is_read: &'a AtomicBool) -> Self {
        Self { stream, is_read, has_begun: false }
    }

    /// What is wrong with the request, where `error` is all that came of it; `None` where there is nobody to be told.
    pub(super) fn fault(&self, error: &hyper::Error) -> Option<Fault> {
        if self.is_read.load(Relaxed) || !self.has_begun {
            return None;
        }
        match error {
            error if error.is_parse_too_large() => Some(Fault::LongHead),
            error if error.is_parse() => Some(Fault::NoRequest),
            error if error.is_timeout() => Some(Fault::SlowHead),
            error if error.is_incomplete_message() => Some(Fault::Broken),
            _ => None,
        }
    }
}

impl AsyncRead for Muted<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut *self.stream).poll_read(cx, buf);
        self.has_begun |= buf.filled().len() > before;
        read
    }
}

impl AsyncWrite for Muted<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.is_read.load(Relaxed) {
            true => Pin::new(&mut *self.stream).poll_write(cx, octets),
            false => Poll::Ready(Ok(octets.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.is_read.load(Relaxed) {
            true => Pin::new(&mut *self.stream).poll_shutdown(cx),
            false => Poll::Ready(Ok(())),
        }
    }
}

/// Says `response` on a connection whose request could not be read, and ends it.
pub(super) async fn tell(stream: &mut Stream, response: Response<Bytes>) {
    // hyper writes answers to requests alone: it is given one that it can read.
    let readable = tokio::io::join(&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &mut *stream);
    let service = service_fn(|_: Request<_>| {
        let response = response.clone().map(Full::new);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .half_close(true)
        .serve_connection(TokioIo::new(readable), service);
    // Who breaks off had no use for the answer.
    let _ = connection.await;
}

/// Reads on for a while: a socket that is closed with something unread takes the answer back.
pub(super) async fn read_on(stream: &mut Stream) {
    let (mut read, mut octets) = (0, [0; 4096]);
    let rest = async {
        while read < READ_ON {
            match stream.read(&mut octets).await {
                Ok(1..) => read += octets.len(),
                _ => break,
            }
        }
    };
    let _ = timeout(HEAD_PATIENCE, rest).await;
}
