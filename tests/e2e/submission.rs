//! Mail of those who have an account, as their programs send it.

mod changes;
mod clients;
mod filtered;
mod forgeries;
mod held;
mod limits;
mod logins;
mod notify;
mod receivers;
mod round_trip;
mod secrets;
mod setup;
mod stolen;

use crate::support::certificates::Authority;
use crate::support::client::Client;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use crate::support::tls::TlsClient;
use data_encoding::BASE64;
use std::net::SocketAddr;

const NAME: &str = "me@example.org";

/// A daemon where me@example.org may send as hello@example.org, and neighbour@example.org is somebody else's.
struct Host {
    onward: Onward,
    /// STARTTLS.
    starttls: SocketAddr,
    /// TLS from the first octet on.
    implicit: SocketAddr,
    password: String,
    sink: Receiver,
    authority: Authority,
}

impl Host {
    fn start() -> Self {
        Self::start_with(|builder| builder)
    }

    fn start_with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let authority = Authority::new();
        let sink = Receiver::smtp().start();
        let builder = Onward::builder()
            .domain("example.org")
            .alias("hello@example.org", &["bob@sink.test"])
            .alias("neighbour@example.org", &["carol@sink.test"])
            .route("sink.test", &sink.route())
            .toml(&authority.issue("mx.example.org", "a").toml())
            .config("log_level = \"trace\"")
            .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
            .run_first(&["account", "add", NAME, "--as", "hello@example.org"])
            .run_first(&["account", "add", "you@example.org", "--as", "neighbour@example.org"]);
        let (builder, starttls) = builder.listen("submission", &[]);
        let (builder, implicit) = builder.listen("submission", &["tls = \"implicit\""]);
        let onward = change(builder).start();
        let password = add_password(&onward, "phone");
        Self { onward, starttls, implicit, password, sink, authority }
    }

    /// Somebody who has logged in, after STARTTLS.
    fn session(&self) -> TlsClient {
        let mut client = starttls(self.starttls);
        begins(&mut client, &plain(NAME, &self.password), "235 2.7.0");
        client
    }
}

/// A session after STARTTLS, where a login is offered.
pub(crate) fn starttls(address: SocketAddr) -> TlsClient {
    let mut client = Client::session(address);
    client.command("STARTTLS").expect_code(220);
    let mut client = TlsClient::over(client.into_stream()).unwrap();
    assert!(client.command("EHLO bobs-laptop.home").contains("AUTH PLAIN LOGIN"));
    client
}

/// AUTH with these credentials.
pub(crate) fn plain(name: &str, password: &str) -> String {
    format!("AUTH PLAIN {}", BASE64.encode(format!("\0{name}\0{password}").as_bytes()))
}

#[track_caller]
pub(crate) fn begins(client: &mut TlsClient, line: &str, with: &str) {
    let said = client.command(line);
    assert!(said.starts_with(with), "{line}: {said}");
}

fn add_password(onward: &Onward, label: &str) -> String {
    password_of(onward, NAME, label)
}

pub(crate) fn password_of(onward: &Onward, account: &str, label: &str) -> String {
    let shown = onward.run(&["account", "password", "add", account, "--label", label]);
    shown.trim().to_owned()
}

/// A session from `source` at a listener with implicit TLS.
pub(crate) fn log_in(
    source: &str,
    address: SocketAddr,
    account: &str,
    password: &str,
) -> Option<TlsClient> {
    let stream = Client::connect_from(source.parse().unwrap(), address).into_stream();
    let mut client = TlsClient::over(stream).ok()?;
    let mut begins = |line: Option<String>, with: &str| {
        line.is_none_or(|line| client.try_send(format!("{line}\r\n").as_bytes()).is_ok())
            && client.reply().is_ok_and(|reply| reply.starts_with(with))
    };
    let login = BASE64.encode(format!("\0{account}\0{password}").as_bytes());
    let is_in = begins(None, "220")
        && begins(Some("EHLO client.test".to_owned()), "250")
        && begins(Some(format!("AUTH PLAIN {login}")), "235");
    is_in.then_some(client)
}

/// Sends a message of `from` and gives the reply: the first that refuses it.
pub(crate) fn submit(client: &mut TlsClient, from: &str, to: &str, header: &str) -> String {
    for (line, code) in [
        (format!("MAIL FROM:<{from}>"), "250"),
        (format!("RCPT TO:<{to}>"), "250"),
        ("DATA".to_owned(), "354"),
    ] {
        let reply = client.command(&line);
        if !reply.starts_with(code) {
            client.command("RSET");
            return reply;
        }
    }
    client.command(&format!("From: <{from}>\r\nSubject: x\r\n{header}\r\nhello\r\n."))
}
