//! A stream that writes down what is said on it.

use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What was said on one connection, line by line.
#[derive(Debug, Clone, Default)]
pub(super) struct Transcript(Arc<Mutex<Vec<(Side, String)>>>);

impl Transcript {
    /// Appends bytes, which may end in the middle of a line.
    fn hear(&self, side: Side, bytes: &[u8]) {
        let mut lines = self.0.lock();
        for part in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            match lines.last_mut() {
                Some((last, line)) if *last == side && !line.ends_with('\n') => line.push_str(part),
                _ => lines.push((side, part.to_owned())),
            }
        }
    }

    /// Takes what was said so far.
    pub(super) fn take(&self) -> Vec<(Side, String)> {
        std::mem::take(&mut *self.0.lock())
            .into_iter()
            .map(|(side, line)| (side, line.trim_end().to_owned()))
            .collect()
    }
}

/// An end of a connection whose dialogue is written down.
#[derive(Debug)]
pub(super) struct Tapped {
    pub(super) stream: TcpStream,
    /// Whose end it is: what this side says is written.
    pub(super) side: Side,
    pub(super) transcript: Transcript,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.transcript.hear(self.side.other(), buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.transcript.hear(self.side, bytes.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
