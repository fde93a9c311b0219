//! Requests as octets, over TCP or TLS, and answers taken apart.

use crate::support::DEADLINE;
use crate::support::tls::TlsClient;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Answer {
    fn of(octets: &[u8]) -> Self {
        let text = String::from_utf8(octets.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {head}"));
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The value of a header field.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut named = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.trim())
    }

    /// The body as JSON, which it says that it is.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// The octets of a request. `headers`: whole lines.
pub(super) fn request(method: &str, target: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = match (method, body) {
        ("GET" | "HEAD" | "DELETE" | "OPTIONS", "") => String::new(),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("{method} {target} HTTP/1.1\r\nHost: mx.example.org\r\n{headers}{length}\r\n{body}")
        .into_bytes()
}

/// Asks over TCP.
pub(super) fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> Answer {
    raw(address, &request(method, target, headers, body))
}

/// Sends octets over TCP.
pub(super) fn raw(address: SocketAddr, octets: &[u8]) -> Answer {
    let mut stream = connect(address);
    stream.write_all(octets).unwrap();
    let mut answer = Vec::new();
    // Who is refused before all was read is cut off behind the answer.
    let _ = stream.read_to_end(&mut answer);
    Answer::of(&answer)
}

/// Sends octets over TLS.
pub(super) fn raw_tls(address: SocketAddr, octets: &[u8]) -> Answer {
    let mut client = TlsClient::over(connect(address)).unwrap();
    client.send(octets);
    Answer::of(&client.rest())
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}
