//! An Onward with the page, and who uses it.

use crate::api::Answer;
use crate::support::DEADLINE;
use crate::support::onward::{Builder, Onward};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An Onward that serves the page, with `example.org` and `other.test` hosted.
pub(crate) struct Site {
    pub(crate) onward: Onward,
    pub(crate) address: SocketAddr,
}

/// Somebody at the page, by the cookie that the browser has; empty for nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person(pub(crate) String);

impl Site {
    pub(crate) fn start() -> Self {
        Self::start_with(Onward::builder())
    }

    pub(crate) fn start_with(builder: Builder) -> Self {
        let (builder, address) = builder.listen("http", &["serve = [\"web\"]"]);
        let onward = builder.domain("example.org").domain("other.test").start();
        Self { onward, address }
    }

    /// What every URL of it begins with.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The path of a link, as `onward web login` prints it with these arguments.
    #[track_caller]
    pub(crate) fn link(&self, arguments: &[&str]) -> String {
        let url = self.onward.run(&[&["web", "login"], arguments].concat());
        url.trim_end().strip_prefix(&self.base()).expect(&url).to_owned()
    }

    /// Logs in by such a link, without a browser.
    #[track_caller]
    pub(crate) fn log_in(&self, arguments: &[&str]) -> Person {
        let answer = self.post(&Person::nobody(), &self.link(arguments), "");
        assert_eq!(answer.status, 303, "{answer:?}");
        Person::of(&answer).expect("a cookie")
    }

    pub(crate) fn admin(&self) -> Person {
        self.log_in(&["--label", "Root"])
    }

    pub(crate) fn owner(&self, domain: &str) -> Person {
        self.log_in(&["--domain", domain, "--label", "Owner"])
    }

    #[track_caller]
    pub(crate) fn get(&self, person: &Person, path: &str) -> Answer {
        self.ask(person, "GET", path, "", "")
    }

    /// Sends a form, as a browser does from the page itself.
    #[track_caller]
    pub(crate) fn post(&self, person: &Person, path: &str, form: &str) -> Answer {
        let origin = format!("Origin: {}\r\nSec-Fetch-Site: same-origin\r\n", self.base());
        self.ask(person, "POST", path, &origin, form)
    }

    /// A request with more lines of the head, each with its end.
    #[track_caller]
    pub(crate) fn ask(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        more: &str,
        form: &str,
    ) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let cookie = match person.0.as_str() {
            "" => String::new(),
            cookie => format!("Cookie: __Host-onward={cookie}\r\n"),
        };
        let body = match method {
            "GET" | "HEAD" => String::new(),
            _ if more.contains("Content-Type") => format!("Content-Length: {}\r\n", form.len()),
            _ => format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                form.len()
            ),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{cookie}{body}{more}\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(form.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Answer::of(&String::from_utf8(answer).unwrap())
    }
}

impl Person {
    pub(crate) fn nobody() -> Self {
        Self(String::new())
    }

    /// Whom an answer makes of somebody.
    pub(crate) fn of(answer: &Answer) -> Option<Self> {
        let field = answer.field("set-cookie")?;
        let value = field.split(';').next()?.strip_prefix("__host-onward=")?;
        Some(Self(value.to_owned()))
    }
}
