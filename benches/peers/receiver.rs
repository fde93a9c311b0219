//! The destination: takes every message, and says when each came.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A server that takes what it is sent.
pub struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    arrivals: Mutex<Vec<Instant>>,
    more: Condvar,
}

/// Nothing comes for so long: what is still missing is lost.
const SILENCE: Duration = Duration::from_secs(60);

impl Receiver {
    /// Listens on a port of its own; its threads live as long as the process.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    /// The same at an address.
    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                // A client that goes away ends its thread, and nothing else.
                thread::spawn(move || converse(stream.unwrap(), &state));
            }
        });
        Self { address, state }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets what came so far.
    pub fn clear(&self) {
        self.state.arrivals.lock().unwrap().clear();
    }

    /// Waits until `count` messages have come; gives when each did.
    pub fn wait_for(&self, count: usize) -> Vec<Instant> {
        let mut arrivals = self.state.arrivals.lock().unwrap();
        let mut seen = 0;
        while arrivals.len() < count {
            let (next, waited) = self.state.more.wait_timeout(arrivals, SILENCE).unwrap();
            arrivals = next;
            assert!(
                !waited.timed_out() || arrivals.len() > seen,
                "{} of {count} messages came",
                arrivals.len()
            );
            seen = arrivals.len();
        }
        arrivals.clone()
    }
}

/// One client, until it goes.
fn converse(stream: TcpStream, state: &State) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let mut replies = Vec::new();
    replies.extend_from_slice(b"220 sink.test ESMTP\r\n");
    let mut line = Vec::new();
    loop {
        // What was pipelined is answered in one piece.
        if reader.buffer().is_empty() {
            reader.get_mut().write_all(&replies).ok()?;
            replies.clear();
        }
        read_line(&mut reader, &mut line)?;
        let reply: &[u8] = match line.get(..4)?.to_ascii_uppercase().as_slice() {
            b"EHLO" => {
                b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n"
            }
            b"DATA" => {
                replies.extend_from_slice(b"354 go on\r\n");
                reader.get_mut().write_all(&replies).ok()?;
                replies.clear();
                while line != b".\r\n" {
                    read_line(&mut reader, &mut line)?;
                }
                state.arrivals.lock().unwrap().push(Instant::now());
                state.more.notify_all();
                b"250 2.0.0 taken\r\n"
            }
            b"QUIT" => {
                let _gone = reader.get_mut().write_all(b"221 2.0.0 bye\r\n");
                return None;
            }
            _ => b"250 2.0.0 ok\r\n",
        };
        replies.extend_from_slice(reply);
    }
}

fn read_line(reader: &mut BufReader<TcpStream>, line: &mut Vec<u8>) -> Option<()> {
    line.clear();
    (reader.read_until(b'\n', line).ok()? > 0).then_some(())
}
