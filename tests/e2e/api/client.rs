//! A program that asks the API: plain HTTP over a socket, every octet of its own making.

use crate::support::{
    DEADLINE,
    onward::{Builder, Onward},
};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

/// An Onward with the API, with `example.org` and `other.test` hosted, and a token of each scope.
pub(crate) struct Api {
    pub(crate) onward: Onward,
    pub(crate) address: SocketAddr,
    /// Of the scope `create`, at example.org.
    pub(crate) create: String,
    /// Of the scope `manage`, at example.org.
    pub(crate) manage: String,
    /// Of the scope `admin`.
    pub(crate) admin: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The head, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Api {
    pub(crate) fn start() -> Self {
        Self::start_with(Onward::builder())
    }

    pub(crate) fn start_with(builder: Builder) -> Self {
        let (builder, address) = builder.listen("http", &["serve = [\"api\"]"]);
        let onward = builder.domain("example.org").domain("other.test").start();
        let token = |more: &[&str]| token(&onward, more);
        Self {
            address,
            create: token(&["--domain", "example.org", "--to", "me@sink.test"]),
            manage: token(&["--scope", "manage", "--domain", "example.org"]),
            admin: token(&["--scope", "admin"]),
            onward,
        }
    }

    /// Asks with a token, and with a body of JSON where there is one.
    #[track_caller]
    pub(crate) fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        self.ask_with(token, method, path, body, "")
    }

    /// The same with more lines of the head, each with its end.
    #[track_caller]
    pub(crate) fn ask_with(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
        more: &str,
    ) -> Answer {
        let body = body.map(Value::to_string);
        let kind = body.as_ref().map_or("", |_| "Content-Type: application/json\r\n");
        let head = format!("Authorization: Bearer {token}\r\n{kind}{more}");
        self.raw(method, path, &head, body.unwrap_or_default().as_bytes())
    }

    /// A request octet by octet, but for its length.
    #[track_caller]
    pub(crate) fn raw(&self, method: &str, path: &str, head: &str, body: &[u8]) -> Answer {
        raw(self.address, method, path, head, body)
    }

    /// Asks as whoever may do everything, and wants this status.
    #[track_caller]
    pub(crate) fn admin(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        status: u16,
    ) -> Value {
        let answer = self.ask(&self.admin, method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        answer.json()
    }
}

/// Makes a token.
#[track_caller]
pub(crate) fn token(onward: &Onward, more: &[&str]) -> String {
    let made = onward.run(&[&["token", "add", "--label", "test"], more].concat());
    made.trim_end().to_owned()
}

#[track_caller]
pub(crate) fn raw(
    address: SocketAddr,
    method: &str,
    path: &str,
    head: &str,
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Length: {length}\r\n"),
    };
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{length}{head}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Answer::of(&String::from_utf8(answer).unwrap())
}

/// Sends octets as they are, and then, where `ends`, that nothing follows.
#[track_caller]
pub(crate) fn octets(address: SocketAddr, octets: &[u8], ends: bool) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(octets).unwrap();
    if ends {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Answer::of(&String::from_utf8(answer).unwrap())
}

impl Answer {
    #[track_caller]
    pub(crate) fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Its body; `null` where there is none.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A field of its head.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let lines = self.head.split("\r\n");
        lines
            .filter_map(|line| line.split_once(": "))
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// The names of the fields that a problem is about.
    #[track_caller]
    pub(crate) fn faults(&self) -> Vec<String> {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert!(problem["type"].as_str().unwrap().starts_with("urn:onward:problem:"), "{self:?}");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}
