//! The bytes of one connection: commands in, replies out.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use super::stream::{Shared, Stream};

pub(super) struct Wire {
    stream: Shared,
    pub(super) reader: BufReader<Shared>,
    /// Replies not yet sent: they leave together when the peer has nothing more in the buffer.
    out: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: Arc<Stream>) -> Self {
        let stream = Shared(stream);
        let reader = BufReader::with_capacity(64 * 1024, stream.clone());
        Self { stream, reader, out: Vec::new() }
    }

    /// One reply, its lines separated by `\n`; nothing for an empty text.
    pub(super) fn reply(&mut self, text: &str) {
        for line in text.split_terminator('\n') {
            self.raw(line.as_bytes());
            self.raw(b"\r\n");
        }
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// The next line with its end, or `None` at the end of the connection. Lenient: what is left
    /// of a strange end of data is skipped first.
    pub(super) fn line(&mut self, lenient: bool) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        if self.reader.buffer().is_empty() {
            self.flush()?;
        }
        if lenient {
            self.skip_rest_of_line_end()?;
        }
        let length = self.reader.by_ref().take(1 << 20).read_until(b'\n', &mut line)?;
        Ok((length > 0).then_some(line))
    }

    /// FIN, and then whatever still comes is read: a close with unread bytes would be a RST.
    pub(super) fn close(mut self) {
        let _peer_is_gone = self.flush();
        self.stream.0.shutdown(Shutdown::Write);
        self.stream.0.set_read_timeout(Duration::from_secs(2));
        let _peer_is_gone = io::copy(&mut self.reader, &mut io::sink());
    }

    pub(super) fn reset(mut self) {
        let _peer_is_gone = self.flush();
        self.stream.0.reset_on_close();
    }

    fn skip_rest_of_line_end(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let junk = buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
            if junk == 0 {
                return Ok(());
            }
            self.reader.consume(junk);
            if self.reader.buffer().is_empty() {
                self.flush()?;
            }
        }
    }
}
