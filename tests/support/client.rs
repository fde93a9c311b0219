//! A raw SMTP client: it sends what it is told, byte for byte, and reads whole replies.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::DEADLINE;

pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

/// One reply, of one or several lines.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// The lines as they came, without CRLF.
    pub lines: Vec<String>,
}

/// Why no reply came.
#[derive(Debug, PartialEq, Eq)]
pub enum NoReply {
    /// The peer closed or reset the connection; what it had sent of a reply is kept.
    Closed(String),
    /// Nothing within the deadline.
    Silent,
    /// Not the form of RFC 5321 section 4.2: code, `-` or space, text, CRLF.
    Malformed(String),
}

impl Client {
    /// Connects and reads nothing.
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).unwrap_or_else(|error| panic!("connect to {address}: {error}"))
    }

    /// [`Client::connect`] to a server that may be gone.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        TcpStream::connect_timeout(&address, DEADLINE).map(Self::over)
    }

    /// As [`Self::connect`], from a loopback address such as 127.0.0.2: another client to a server.
    pub fn connect_from(source: IpAddr, address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(
            socket2::Domain::for_address(address),
            socket2::Type::STREAM,
            None,
        )
        .unwrap();
        socket.bind(&SocketAddr::new(source, 0).into()).unwrap();
        socket
            .connect_timeout(&address.into(), DEADLINE)
            .unwrap_or_else(|error| panic!("connect from {source} to {address}: {error}"));
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    /// Connects, takes the greeting and says EHLO.
    pub fn session(address: SocketAddr) -> Self {
        let mut client = Self::connect(address);
        client.reply().expect_code(220);
        client.command("EHLO client.test").expect_code(250);
        client
    }

    /// What is below, for another protocol to go on with.
    pub fn into_stream(self) -> TcpStream {
        assert!(self.reader.buffer().is_empty(), "there is more to read");
        self.stream
    }

    pub fn local_address(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    pub fn peer_address(&self) -> SocketAddr {
        self.stream.peer_addr().unwrap()
    }

    /// How long to wait for each reply from now on.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.stream.set_read_timeout(Some(deadline)).unwrap();
    }

    /// Exactly these bytes. A peer that has gone shows at the next read.
    pub fn send(&mut self, bytes: &[u8]) {
        let _shows_at_the_next_read = self.stream.write_all(bytes);
    }

    /// A line, CRLF added, and its reply.
    pub fn command(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    pub fn helo(&mut self, name: &str) -> Reply {
        self.command(&format!("HELO {name}"))
    }

    pub fn ehlo(&mut self, name: &str) -> Reply {
        self.command(&format!("EHLO {name}"))
    }

    /// `MAIL FROM:<path>`; an empty path is the null reverse-path.
    pub fn mail(&mut self, path: &str) -> Reply {
        self.command(&format!("MAIL FROM:<{path}>"))
    }

    pub fn rcpt(&mut self, path: &str) -> Reply {
        self.command(&format!("RCPT TO:<{path}>"))
    }

    /// DATA and the message with its dots stuffed; the reply is that of the final dot, or that of
    /// DATA if refused.
    pub fn data(&mut self, message: &[u8]) -> Reply {
        let go_ahead = self.command("DATA");
        if go_ahead.code != 354 {
            return go_ahead;
        }
        self.send(&stuffed(message));
        self.reply()
    }

    /// A whole transaction; panics unless every step up to DATA is accepted.
    pub fn transaction(&mut self, from: &str, to: &[&str], message: &[u8]) -> Reply {
        self.mail(from).expect_code(250);
        for recipient in to {
            self.rcpt(recipient).expect_code(250);
        }
        self.data(message)
    }

    pub fn quit(mut self) -> Reply {
        self.command("QUIT")
    }

    /// Panics when no reply comes.
    pub fn reply(&mut self) -> Reply {
        self.try_reply().unwrap_or_else(|why| panic!("no reply: {why:?}"))
    }

    pub fn try_reply(&mut self) -> Result<Reply, NoReply> {
        let mut lines = Vec::new();
        loop {
            let line = self.line(&lines)?;
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let last = match line.as_bytes().get(3) {
                Some(b'-') => false,
                Some(b' ') | None => true,
                Some(_) => return Err(NoReply::Malformed(line)),
            };
            let Some(code) = code else { return Err(NoReply::Malformed(line)) };
            lines.push(line);
            if last {
                return Ok(Reply { code, lines });
            }
        }
    }

    /// Waits until the peer closes, and returns all it still sent.
    pub fn eof(&mut self) -> Result<Vec<u8>, NoReply> {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => Ok(rest),
            Err(error) if timed_out(error.kind()) => Err(NoReply::Silent),
            Err(_reset) => Ok(rest),
        }
    }

    /// Sends FIN and stays able to read.
    pub fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Closes with RST.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn line(&mut self, before: &[String]) -> Result<String, NoReply> {
        let mut bytes = Vec::new();
        let outcome = self.reader.read_until(b'\n', &mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match outcome {
            Err(error) if timed_out(error.kind()) => Err(NoReply::Silent),
            Ok(_) if text.ends_with('\n') => match text.strip_suffix("\r\n") {
                Some(line) => Ok(line.to_owned()),
                None => Err(NoReply::Malformed(text)),
            },
            Ok(_) | Err(_) => {
                let mut partial = before.to_vec();
                partial.push(text);
                Err(NoReply::Closed(partial.join("\r\n")))
            }
        }
    }
}

impl Reply {
    /// The enhanced status code of the first line, such as `5.7.1`.
    pub fn enhanced(&self) -> Option<&str> {
        let word = self.lines[0].get(4..)?.split(' ').next()?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (word.split('.').count() == 3 && word.split('.').all(digits)).then_some(word)
    }

    /// All lines, joined by `\n`.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    #[track_caller]
    pub fn expect_code(self, code: u16) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// The reply begins with this, as in `550 5.7.1`.
    #[track_caller]
    pub fn expect(self, start: &str) -> Self {
        assert!(self.text().starts_with(start), "expected {start:?}, got: {self}");
        self
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), f)
    }
}

/// A message as it goes over the wire after DATA: RFC 5321 section 4.5.2, with the final dot.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 8);
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    if !wire.is_empty() && !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

fn timed_out(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
