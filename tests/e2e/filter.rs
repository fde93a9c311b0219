//! `[filter]`: rspamd is asked about what is to be passed on, by Debian's package and by servers that misbehave.

mod crowded;
mod down;
mod hostile;
mod owners;
mod told;
mod tools;
mod verdicts;

use crate::support::{
    client::{Client, Reply},
    config::quoted,
    dns::Dns,
    onward::{Builder, Onward},
    receiver::Receiver,
};
use serde_json::Value;
use std::net::Ipv4Addr;

/// The client that SPF of `sender.test` allows, and whose address has a name.
const CLIENT: &str = "192.0.2.1";

/// What the tests' names are.
fn dns() -> Dns {
    let dns = Dns::start();
    dns.txt("sender.test", "v=spf1 ip4:192.0.2.1 -all")
        .a("mail.sender.test", Ipv4Addr::new(192, 0, 2, 1))
        .ptr("1.2.0.192.in-addr.arpa", "mail.sender.test")
        .ptr("7.2.0.192.in-addr.arpa", "mail.sender.test")
        .a("7.2.0.192.bl.test", Ipv4Addr::new(127, 0, 0, 2));
    dns
}

/// Forwards `hello@example.org` and asks the filter at `place`; clients are those that a proxy names.
fn onward(sink: &Receiver, dns: &Dns, place: &str) -> Builder {
    Onward::forwarding_to(&sink.route())
        .dns(dns)
        .smtp_option("proxy_protocol = [\"127.0.0.1/32\"]")
        .without_rates()
        .config(&format!("filter.rspamd = {}", quoted(place)))
}

fn client(onward: &Onward, ip: &str) -> Client {
    let mut client = onward.connect();
    client.send(format!("PROXY TCP4 {ip} {ip} 40000 25\r\n").as_bytes());
    client.reply().expect_code(220);
    client.ehlo("mail.sender.test").expect_code(250);
    client
}

/// A message with these further header fields.
fn message(fields: &str) -> Vec<u8> {
    format!(
        "From: <a@sender.test>\r\nTo: <hello@example.org>\r\nMessage-ID: <1@sender.test>\r\n{fields}\
         Subject: x\r\n\r\nhello\r\n"
    )
    .into_bytes()
}

fn send(onward: &Onward, fields: &str) -> Reply {
    send_to(onward, "hello@example.org", fields)
}

/// A message with these further header fields that this client brings.
fn send_from(onward: &Onward, ip: &str, fields: &str) -> Reply {
    client(onward, ip).transaction("a@sender.test", &["hello@example.org"], &message(fields))
}

/// A client from which a message may come.
fn in_data(onward: &Onward, ip: &str) -> Client {
    let mut client = client(onward, ip);
    client.mail("a@sender.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.command("DATA").expect_code(354);
    client
}

fn send_to(onward: &Onward, recipient: &str, fields: &str) -> Reply {
    client(onward, CLIENT).transaction("a@sender.test", &[recipient], &message(fields))
}

/// The last of so many records of the journal.
fn last_record(onward: &Onward, count: usize) -> Value {
    onward.wait_for_trace(&[], count).pop().unwrap()
}

/// The aliases as `onward alias apply` reads them, one a line.
fn with_aliases(builder: Builder, lines: &[&str]) -> Builder {
    let file = builder.directory().join("aliases");
    std::fs::write(&file, lines.join("\n")).unwrap();
    builder.run_first(&["alias", "apply", file.to_str().unwrap()])
}
