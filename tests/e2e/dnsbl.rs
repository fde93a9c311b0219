//! `[[dnsbl]]`: lists of clients and of domains, as a fake name server has them.

mod clients;
mod costs;
mod domains;
mod keys;
mod late;
mod owners;
mod trouble;

use crate::support::client::{Client, Reply};
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use std::net::{IpAddr, Ipv4Addr};

const MESSAGE: &[u8] = b"From: a@client.test\r\nSubject: x\r\n\r\nhello\r\n";

/// hello@example.org, at an Onward that believes a proxy who its clients are.
fn onward(sink: &Receiver, dns: &Dns) -> Builder {
    Onward::forwarding_to(&sink.route())
        .dns(dns)
        .smtp_option("proxy_protocol = [\"127.0.0.1/32\"]")
        .without_rates()
}

/// A `[[dnsbl]]` table with these lines.
fn list(builder: Builder, zone: &str, lines: &[&str]) -> Builder {
    builder.toml(&format!("[[dnsbl]]\nzone = \"{zone}\"\n{}\n", lines.join("\n")))
}

/// What a client that the proxy names is before its greeting.
fn proxied(onward: &Onward, ip: &str) -> Client {
    let mut client = onward.connect();
    let family = if ip.contains(':') { "TCP6" } else { "TCP4" };
    client.send(format!("PROXY {family} {ip} {ip} 40000 25\r\n").as_bytes());
    client
}

fn client(onward: &Onward, ip: &str) -> Client {
    let mut client = proxied(onward, ip);
    client.reply().expect_code(220);
    client.ehlo("client.test").expect_code(250);
    client
}

/// The reply to RCPT.
fn asks_for(onward: &Onward, ip: &str, recipient: &str) -> Reply {
    let mut client = client(onward, ip);
    client.mail("a@client.test").expect_code(250);
    client.rcpt(recipient)
}

fn send(onward: &Onward, ip: &str, from: &str, message: &[u8]) -> Reply {
    client(onward, ip).transaction(from, &["hello@example.org"], message)
}

/// The name under which a zone has an address.
fn entry(ip: &str, zone: &str) -> String {
    let labels: Vec<String> = match ip.parse().unwrap() {
        IpAddr::V4(v4) => v4.octets().iter().rev().map(ToString::to_string).collect(),
        IpAddr::V6(v6) => {
            let digits: String = v6.octets().iter().map(|octet| format!("{octet:02x}")).collect();
            digits.chars().rev().map(String::from).collect()
        }
    };
    format!("{}.{zone}", labels.join("."))
}

/// Puts an address on a list.
fn put(dns: &Dns, ip: &str, zone: &str, code: [u8; 4]) {
    dns.a(&entry(ip, zone), Ipv4Addr::from(code));
}
