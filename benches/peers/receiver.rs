//! The destination: takes every message, and says when each came; or takes none for a while.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A server that takes what it is sent.
pub struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
    /// `None` while it is away.
    listens: Option<JoinHandle<()>>,
}

/// Why it takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody listens, and connections from before are closed.
    Closed,
    /// RCPT is answered 451, as by a destination that keeps a grey list.
    PutOff,
}

#[derive(Default)]
struct State {
    arrivals: Mutex<Vec<Instant>>,
    more: Condvar,
    is_closed: AtomicBool,
    puts_off: AtomicBool,
}

/// Nothing comes for so long: what is still missing is lost.
const SILENCE: Duration = Duration::from_secs(60);

impl Receiver {
    /// Listens on a port of its own.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    /// The same at an address.
    pub fn start_at(address: SocketAddr) -> Self {
        let state = Arc::new(State::default());
        let (address, listens) = listen(address, &state);
        Self { address, state, listens: Some(listens) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets what came so far.
    pub fn clear(&self) {
        self.state.arrivals.lock().unwrap().clear();
    }

    /// Takes nothing until [`Receiver::take`].
    pub fn refuse(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::PutOff => self.state.puts_off.store(true, Ordering::SeqCst),
            Refusal::Closed => {
                self.state.is_closed.store(true, Ordering::SeqCst);
                if let Some(listens) = self.listens.take() {
                    // It looks whether it is to end when somebody comes.
                    let _woken = TcpStream::connect(self.address);
                    listens.join().unwrap();
                }
            }
        }
    }

    /// Takes what it is sent again.
    pub fn take(&mut self) {
        self.state.puts_off.store(false, Ordering::SeqCst);
        self.state.is_closed.store(false, Ordering::SeqCst);
        if self.listens.is_none() {
            self.listens = Some(listen(self.address, &self.state).1);
        }
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

/// Its threads live until it is closed, or as long as the process.
fn listen(address: SocketAddr, state: &Arc<State>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::clone(state);
    let listens = thread::spawn(move || {
        for stream in listener.incoming() {
            if shared.is_closed.load(Ordering::SeqCst) {
                return;
            }
            let state = Arc::clone(&shared);
            // A client that goes away ends its thread, and nothing else.
            thread::spawn(move || converse(stream.unwrap(), &state));
        }
    });
    (address, listens)
}

/// One client, until it goes.
fn converse(stream: TcpStream, state: &State) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let mut replies = Vec::new();
    replies.extend_from_slice(b"220 sink.test ESMTP\r\n");
    let (mut line, mut is_put_off) = (Vec::new(), false);
    loop {
        // What was pipelined is answered in one piece.
        if reader.buffer().is_empty() {
            reader.get_mut().write_all(&replies).ok()?;
            replies.clear();
        }
        read_line(&mut reader, &mut line)?;
        if state.is_closed.load(Ordering::SeqCst) {
            return None;
        }
        let reply: &[u8] = match line.get(..4)?.to_ascii_uppercase().as_slice() {
            b"EHLO" => {
                b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n"
            }
            b"MAIL" => {
                is_put_off = state.puts_off.load(Ordering::SeqCst);
                b"250 2.1.0 ok\r\n"
            }
            b"RCPT" if is_put_off => b"451 4.7.1 try again later\r\n",
            b"DATA" if is_put_off => b"554 5.5.1 no recipient\r\n",
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
