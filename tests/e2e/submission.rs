//! Mail of those who have an account, as their programs send it.

mod clients;
mod logins;
mod notify;

use crate::support::certificates::Authority;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use std::net::SocketAddr;

/// A daemon where me@example.org may send as hello@example.org.
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
        let authority = Authority::new();
        let sink = Receiver::smtp().start();
        let builder = Onward::builder()
            .domain("example.org")
            .alias("hello@example.org", &["bob@sink.test"])
            .route("sink.test", &sink.route())
            .toml(&authority.issue("mx.example.org", "a").toml())
            .config("log_level = \"trace\"")
            .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
            .run_first(&["account", "add", "me@example.org", "--as", "hello@example.org"]);
        let (builder, starttls) = builder.listen("submission", &[]);
        let (builder, implicit) = builder.listen("submission", &["tls = \"implicit\""]);
        let onward = builder.start();
        let password = add_password(&onward, "phone");
        Self { onward, starttls, implicit, password, sink, authority }
    }
}

fn add_password(onward: &Onward, label: &str) -> String {
    let shown = onward.run(&["account", "password", "add", "me@example.org", "--label", label]);
    shown.trim().to_owned()
}
