//! The load: sessions that send messages and wait for each reply, as an MTA does.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Who writes, where nothing else is said.
pub const SENDER: &str = "s@sender.test";

/// How messages are sent.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Connections at once.
    pub sessions: usize,
    /// Messages before a connection is closed and another opened.
    pub per_connection: usize,
    /// Octets of a message.
    pub octets: usize,
}

/// A message, but for its number.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    pub sender: &'a str,
    pub recipient: &'a str,
    pub body: &'a [u8],
}

/// A client that gives up a server that is silent for so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends `count` messages to `recipient` at a server; gives how long each waited for its reply, connecting included.
/// A message that is not taken, as with a server that has too much to do, is sent again.
pub fn send(to: SocketAddr, recipient: &str, shape: Shape, count: usize) -> Vec<Duration> {
    let next = AtomicUsize::new(0);
    let body = body(shape.octets);
    let letter = Letter { sender: SENDER, recipient, body: &body };
    thread::scope(|scope| {
        let sessions: Vec<_> = (0..shape.sessions.min(count))
            .map(|_| {
                scope.spawn(|| {
                    let mut waits = Vec::new();
                    while let Some(first) = claim(&next, shape.per_connection, count) {
                        let many = shape.per_connection.min(count - first);
                        converse(to, letter, first..first + many, &mut waits);
                    }
                    waits
                })
            })
            .collect();
        sessions.into_iter().flat_map(|session| session.join().unwrap()).collect()
    })
}

/// Sends one message on a connection of its own.
pub fn send_one(to: SocketAddr, letter: Letter<'_>, number: usize) {
    converse(to, letter, number..number + 1, &mut Vec::new());
}

/// Lines of text, none of which begins with a dot.
pub fn body(octets: usize) -> Vec<u8> {
    let line = b"The quick brown fox jumps over the lazy dog, and nobody asked it why it did.\r\n";
    line.iter().copied().cycle().take(octets.div_ceil(line.len()) * line.len()).collect()
}

fn claim(next: &AtomicUsize, many: usize, count: usize) -> Option<usize> {
    let first = next.fetch_add(many, Ordering::Relaxed);
    (first < count).then_some(first)
}

/// One connection and its messages.
fn converse(
    to: SocketAddr,
    letter: Letter<'_>,
    numbers: std::ops::Range<usize>,
    waits: &mut Vec<Duration>,
) {
    let mut began = Instant::now();
    let mut session = Session::open(to);
    for number in numbers {
        while !session.send(letter, number) {
            session = Session::open(to);
        }
        waits.push(began.elapsed());
        began = Instant::now();
    }
    session.end();
}

/// A connection behind its EHLO.
pub struct Session {
    reader: BufReader<TcpStream>,
    line: String,
}

impl Session {
    /// A server that has no place is asked again.
    pub fn open(to: SocketAddr) -> Self {
        loop {
            let stream = TcpStream::connect(to).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut session = Self { reader: BufReader::new(stream), line: String::new() };
            if session.reply() == 220 {
                session.write(b"EHLO client.sender.test\r\n");
                assert_eq!(session.reply(), 250, "EHLO: {}", session.line);
                return session;
            }
        }
    }

    /// Whether the message was taken; with `false` the session is of no use any more.
    pub fn send(&mut self, letter: Letter<'_>, number: usize) -> bool {
        let Letter { sender, recipient, body } = letter;
        let envelope = format!("MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
        self.write(envelope.as_bytes());
        let replies = [self.reply(), self.reply(), self.reply()];
        if replies != [250, 250, 354] {
            assert!(replies.iter().all(|code| *code < 500), "{replies:?}: {}", self.line);
            return false;
        }
        let mut message = format!(
            "Date: Mon, 30 Nov 2026 10:00:00 +0000\r\nFrom: S <{sender}>\r\nTo: {recipient}\r\n\
             Subject: number {number}\r\nMessage-ID: <{number}@sender.test>\r\n\r\n"
        )
        .into_bytes();
        message.extend_from_slice(body);
        message.extend_from_slice(b".\r\n");
        self.write(&message);
        match self.reply() {
            250 => true,
            code => {
                assert!(code < 500, "the end of data: {}", self.line);
                false
            }
        }
    }

    pub fn end(mut self) {
        self.write(b"QUIT\r\n");
        self.reply();
    }

    fn write(&mut self, octets: &[u8]) {
        self.reader.get_mut().write_all(octets).unwrap();
    }

    /// The code of the next reply.
    fn reply(&mut self) -> u16 {
        loop {
            self.line.clear();
            let read = self.reader.read_line(&mut self.line).unwrap();
            assert!(read > 0, "the server closed the connection behind: {}", self.line);
            if self.line.as_bytes().get(3) != Some(&b'-') {
                return self.line[..3].parse().unwrap();
            }
        }
    }
}
