//! A web server in the place of rspamd that answers as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::certificates::Pair;

/// What it answers.
#[derive(Clone)]
pub enum Say {
    /// 200 and this body.
    Body(String),
    /// These octets, and the end of the connection.
    Octets(Vec<u8>),
    /// The head of an answer, and its body without an end.
    Endless,
    /// Nothing, for as long as the client waits.
    Nothing,
    /// Nothing about what this address brings, and that all else is fine.
    NothingOf(&'static str),
}

impl Say {
    /// An action of rspamd, with these further members.
    pub fn action(action: &str, score: f64, more: &str) -> Self {
        Self::Body(format!(
            r#"{{"action":"{action}","score":{score},"required_score":15.0,"symbols":{{}},"messages":{{}}{more}}}"#
        ))
    }
}

/// A question as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The request line and the fields, names in lower case.
    pub head: Vec<String>,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct State {
    say: Option<Say>,
    asked: Vec<Asked>,
    connections: usize,
    open: usize,
    most_open: usize,
}

pub struct FakeFilter {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl FakeFilter {
    pub fn start(say: Say) -> Self {
        Self::start_over(say, None)
    }

    /// By https, with this certificate.
    pub fn start_tls(say: Say, pair: &Pair) -> Self {
        let chain = CertificateDer::pem_file_iter(&pair.certificate).unwrap();
        let key = PrivateKeyDer::from_pem_file(&pair.key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        Self::start_over(say, Some(Arc::new(config)))
    }

    fn start_over(say: Say, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let fake = Self { address, state: Arc::clone(&state) };
        fake.say(say);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (state, tls) = (Arc::clone(&state), tls.clone());
                thread::spawn(move || {
                    change(&state, |state| {
                        state.connections += 1;
                        state.open += 1;
                        state.most_open = state.most_open.max(state.open);
                    });
                    let _gone = match tls {
                        None => serve(stream, &state),
                        Some(config) => {
                            let connection = ServerConnection::new(config).unwrap();
                            serve(StreamOwned::new(connection, stream), &state)
                        }
                    };
                    change(&state, |state| state.open -= 1);
                });
            }
        });
        fake
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// As `filter.rspamd` has it.
    pub fn place(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers so from now on.
    pub fn say(&self, say: Say) {
        change(&self.state, |state| state.say = Some(say));
    }

    /// The questions about messages so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.0.lock().unwrap().asked.clone()
    }

    pub fn connections(&self) -> usize {
        self.state.0.lock().unwrap().connections
    }

    /// Most connections at one time.
    pub fn most_open(&self) -> usize {
        self.state.0.lock().unwrap().most_open
    }

    /// Waits for so many questions.
    pub fn wait_for_asked(&self, count: usize) {
        let (state, changed) = &*self.state;
        let waited = changed.wait_timeout_while(state.lock().unwrap(), super::DEADLINE, |state| {
            state.asked.len() < count
        });
        assert!(!waited.unwrap().1.timed_out(), "waited in vain for {count} questions");
    }
}

fn change(state: &(Mutex<State>, Condvar), how: impl FnOnce(&mut State)) {
    how(&mut state.0.lock().unwrap());
    state.1.notify_all();
}

fn serve(stream: impl Read + Write, state: &(Mutex<State>, Condvar)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let field = line.split_once(": ").filter(|_| !head.is_empty());
            let line = match field {
                Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
                None => line.to_owned(),
            };
            if let Some(octets) = line.strip_prefix("content-length: ") {
                length = octets.parse().unwrap();
            }
            head.push(line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if head[0].starts_with("GET /ping") {
            reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npong\n")?;
            continue;
        }
        let mut say = state.0.lock().unwrap().say.clone().unwrap();
        if let Say::NothingOf(ip) = say {
            say = match head.contains(&format!("ip: {ip}")) {
                true => Say::Nothing,
                false => Say::action("no action", 0.0, ""),
            };
        }
        change(state, |state| state.asked.push(Asked { head, body }));
        let writer = reader.get_mut();
        let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        match say {
            Say::Body(text) => {
                let length = text.len();
                writer.write_all(
                    format!("{json}Content-Length: {length}\r\n\r\n{text}").as_bytes(),
                )?;
            }
            Say::Octets(octets) => return writer.write_all(&octets),
            Say::Endless => {
                writer.write_all(format!("{json}\r\n{{\"action\":\"").as_bytes())?;
                loop {
                    writer.write_all(&[b'x'; 4096])?;
                }
            }
            Say::Nothing | Say::NothingOf(_) => {
                let _gone = reader.read_line(&mut String::new());
                return Ok(());
            }
        }
    }
}
