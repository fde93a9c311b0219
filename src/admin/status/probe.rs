//! Whether listeners answer.

use crate::config::{Listen, ListenAddress, Protocol};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How long listeners may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest line that is read of a greeting (RFC 5321 §4.5.3.1.5).
const LINE: u64 = 512;

/// What is wrong with each of `listeners`; `None` where one takes a connection and, unless it waits for a
/// PROXY header first, greets. All are asked at once, and none is waited for too long.
pub(super) fn all(listeners: &[Listen]) -> Vec<Option<String>> {
    let end = Instant::now() + PATIENCE;
    let asked: Vec<_> = listeners
        .iter()
        .map(|listen| {
            let (tell, told) = mpsc::channel();
            let listen = listen.clone();
            // One that never ends, in a look-up or a full backlog, ends with the process.
            thread::spawn(move || tell.send(problem(&listen)));
            told
        })
        .collect();
    asked
        .into_iter()
        .map(|told| {
            let left = end.saturating_duration_since(Instant::now());
            told.recv_timeout(left)
                .unwrap_or_else(|_| Some(format!("nothing within {} s", PATIENCE.as_secs())))
        })
        .collect()
}

fn problem(listen: &Listen) -> Option<String> {
    // Only smtp greets.
    let waits = !listen.proxy_protocol.is_empty()
        || listen.implicit_tls
        || listen.protocol != Protocol::Smtp;
    let asked = match &listen.address {
        ListenAddress::Tcp { host, port } => connect(host, *port).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            greeting(stream, waits)
        }),
        // Where that is, systemd knows.
        ListenAddress::Systemd(_) => return None,
        ListenAddress::Unix(path) => UnixStream::connect(path).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            greeting(stream, waits)
        }),
    };
    asked.unwrap_or_else(|error| Some(error.to_string()))
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Takes leave after the greeting, as a client does; `Some` of what is no greeting.
fn greeting(mut stream: impl Read + Write, waits: bool) -> io::Result<Option<String>> {
    if waits {
        return Ok(None);
    }
    let mut line = String::new();
    BufReader::new(Read::by_ref(&mut stream).take(LINE)).read_line(&mut line)?;
    // It is all the same whether it still listens to this.
    let _ = stream.write_all(b"QUIT\r\n");
    if line.starts_with("220 ") {
        return Ok(None);
    }
    let line = line.trim_end();
    Ok(Some(if line.is_empty() { "it closes at once".into() } else { line.to_owned() }))
}
