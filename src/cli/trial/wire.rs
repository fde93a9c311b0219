//! Dialogues: a stream that listens in, and a client that speaks.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf},
    net::TcpStream,
};

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What was said on one connection, line by line.
#[derive(Debug, Clone, Default)]
pub(super) struct Transcript(Arc<Mutex<Vec<(Side, String)>>>);

impl Transcript {
    /// Appends bytes, which may end in the middle of a line.
    fn hear(&self, side: Side, bytes: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            match lines.last_mut() {
                Some((last, line)) if *last == side && !line.ends_with('\n') => line.push_str(part),
                _ => lines.push((side, part.to_owned())),
            }
        }
    }

    /// Takes what was said so far.
    pub(super) fn take(&self) -> Vec<(Side, String)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
            .into_iter()
            .map(|(side, line)| (side, line.trim_end().to_owned()))
            .collect()
    }
}

/// A server's end of a connection whose dialogue is written down.
#[derive(Debug)]
pub(super) struct Tapped {
    pub(super) stream: TcpStream,
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
        self.transcript.hear(Side::Client, buf.filled().get(before..).unwrap_or_default());
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
        self.transcript.hear(Side::Server, bytes.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// An SMTP client that writes down what is said.
#[derive(Debug)]
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    pub(super) transcript: Transcript,
}

impl Client {
    /// Connects and hears the greeting.
    pub(super) async fn connect(address: &str) -> io::Result<Self> {
        let stream = BufReader::new(TcpStream::connect(address).await?);
        let mut client = Self { stream, transcript: Transcript::default() };
        client.reply().await?;
        Ok(client)
    }

    /// Says `text`, one line or several, and hears the reply.
    pub(super) async fn say(&mut self, text: &str) -> io::Result<String> {
        let bytes = format!("{}\r\n", text.replace('\n', "\r\n"));
        self.transcript.hear(Side::Client, bytes.as_bytes());
        self.stream.write_all(bytes.as_bytes()).await?;
        self.reply().await
    }

    /// Hears a whole reply; gives its last line.
    async fn reply(&mut self) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.transcript.hear(Side::Server, line.as_bytes());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}
