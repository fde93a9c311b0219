//! Password managers make aliases: a client of our own sends what each of them sends, octet by octet, and reads of the
//! answers what each of them reads.

mod addy_extension;
mod bitwarden;
mod faults;
mod http;
mod keyguard;
mod simplelogin_extension;
mod web_vault;

use crate::support::certificates::Authority;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use http::{Answer, ask};
use std::net::SocketAddr;

/// Where the aliases of the tokens lead, which no answer tells.
const MAILBOX: &str = "secret-mailbox@sink.test";

/// A daemon with an API, where example.org and other.test are hosted.
struct Host {
    onward: Onward,
    plain: SocketAddr,
    https: SocketAddr,
    sink: Receiver,
    _authority: Authority,
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
            .domain("other.test")
            .route("sink.test", &sink.route())
            .toml(&authority.issue("mx.example.org", "a").toml());
        let (builder, plain) = builder.listen("http", &["serve = [\"api\"]"]);
        let (builder, https) = builder.listen("http", &["serve = [\"api\"]", "tls = \"implicit\""]);
        let onward = change(builder).start();
        Self { onward, plain, https, sink, _authority: authority }
    }

    /// A token that makes aliases at example.org.
    fn token(&self, more: &[&str]) -> String {
        self.token_of(&[&["--domain", "example.org", "--to", MAILBOX], more].concat())
    }

    fn token_of(&self, arguments: &[&str]) -> String {
        let shown = self.onward.run(&[&["token", "add", "--label", "phone"], arguments].concat());
        let at = shown.find("onw_").unwrap_or_else(|| panic!("no token in {shown}"));
        shown[at..]
            .chars()
            .take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '_')
            .collect()
    }

    /// As clients of addy.io ask.
    fn addy(&self, method: &str, target: &str, token: &str, body: &str) -> Answer {
        let headers = format!(
            "Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n\
             X-Requested-With: XMLHttpRequest\r\n"
        );
        ask(self.plain, method, target, &headers, body)
    }

    /// As clients of SimpleLogin ask.
    fn simplelogin(&self, method: &str, target: &str, token: &str, body: &str) -> Answer {
        let headers = format!("Content-Type: application/json\r\nAuthentication: {token}\r\n");
        ask(self.plain, method, target, &headers, body)
    }

    /// The alias as `alias show` tells it.
    fn shown(&self, address: &str) -> serde_json::Value {
        serde_json::from_str(&self.onward.run(&["alias", "show", address, "--json"])).unwrap()
    }

    /// The aliases that there are.
    fn count(&self) -> usize {
        self.onward.run(&["alias", "list", "--json"]).lines().count()
    }
}
