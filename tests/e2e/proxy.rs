//! The PROXY protocol: believed from listed peers, and from nobody else.

use crate::support::client::Client;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::Receiver;
use std::net::IpAddr;

const MESSAGE: &[u8] = b"From: a@client.test\r\n\r\nhello\r\n";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Believes 127.0.0.1 and no other proxy.
fn behind_a_proxy(sink: &Receiver) -> Builder {
    Onward::forwarding_to(&sink.route()).smtp_option("proxy_protocol = [\"127.0.0.1/32\"]")
}

fn v1(client: &str) -> Vec<u8> {
    let (family, server) =
        if client.contains(':') { ("TCP6", "2001:db8::25") } else { ("TCP4", "198.51.100.25") };
    format!("PROXY {family} {client} {server} 40000 25\r\n").into_bytes()
}

fn v2(client: &str) -> Vec<u8> {
    let (family, addresses) = match client.parse().unwrap() {
        IpAddr::V4(ip) => (0x11, [ip.octets(), [198, 51, 100, 25]].concat()),
        IpAddr::V6(ip) => (0x21, [ip.octets(), [0; 16]].concat()),
    };
    // A TLV behind the ports: to be skipped.
    let rest = [&addresses[..], &[0x9c, 0x40, 0, 25], b"\x04\0\x03abc"].concat();
    v2_of(0x21, family, &rest)
}

fn v2_of(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, rest].concat()
}

/// What the proxy sends before it passes on the client's bytes.
fn proxied(onward: &Onward, header: &[u8]) -> Client {
    let mut client = onward.connect();
    client.send(header);
    client
}

#[test]
fn the_client_is_the_one_the_proxy_names() {
    let sink = Receiver::smtp().start();
    let onward = behind_a_proxy(&sink).config("limits.early_talker = false").start();
    for (number, (header, client, shown)) in [
        (v1("192.0.2.1"), "192.0.2.1", "([192.0.2.1])"),
        (v1("2001:db8::7"), "2001:db8::7", "([IPv6:2001:db8::7])"),
        (v2("192.0.2.2"), "192.0.2.2", "([192.0.2.2])"),
        (v2("2001:db8::8"), "2001:db8::8", "([IPv6:2001:db8::8])"),
        (v2("::ffff:192.0.2.3"), "192.0.2.3", "([192.0.2.3])"),
        // It speaks for itself, as in a health check.
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1", "([127.0.0.1])"),
        (v2_of(0x20, 0x11, &[9; 12]), "127.0.0.1", "([127.0.0.1])"),
        (v2_of(0x20, 0x00, b""), "127.0.0.1", "([127.0.0.1])"),
    ]
    .into_iter()
    .enumerate()
    {
        // The header and the first command in one segment: nothing behind the header is lost.
        let mut session = proxied(&onward, &[&header[..], b"EHLO client.test\r\n"].concat());
        session.reply().expect_code(220);
        session.reply().expect_code(250);
        let from = format!("sender{number}@client.test");
        session.transaction(&from, &["hello@example.org"], MESSAGE).expect_code(250);
        session.quit().expect_code(221);

        let messages = sink.wait_for_messages(number + 1);
        let received = messages[number].header("Received").unwrap();
        assert!(received.contains(shown), "{received}");
        let line = crate::support::wait_until("the journal", || {
            let listing = onward.run(&["trace", "--json", "--from", &from]);
            listing.lines().next().map(str::to_owned)
        });
        let record: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["client"], client, "{line}");
    }
}

#[test]
fn a_header_may_come_in_pieces() {
    let sink = Receiver::smtp().start();
    let onward = behind_a_proxy(&sink).start();
    for header in [v1("192.0.2.1"), v2("192.0.2.1")] {
        let mut session = onward.connect();
        for byte in header {
            session.send(&[byte]);
        }
        session.reply().expect_code(220);
    }
}

#[test]
fn the_limit_is_that_of_the_proxied_address() {
    let sink = Receiver::smtp().start();
    let onward = behind_a_proxy(&sink).config("limits.connections_per_client = 1").start();
    let mut first = proxied(&onward, &v1("192.0.2.1"));
    first.reply().expect_code(220);
    proxied(&onward, &v2("192.0.2.1")).reply().expect("421 4.3.2");
    proxied(&onward, &v1("192.0.2.2")).reply().expect_code(220);
    first.command("NOOP").expect_code(250);
}

#[test]
fn an_ipv6_client_is_its_64() {
    let sink = Receiver::smtp().start();
    let onward = behind_a_proxy(&sink).config("limits.connections_per_client = 1").start();
    let mut first = proxied(&onward, &v1("2001:db8::1"));
    first.reply().expect_code(220);
    proxied(&onward, &v1("2001:db8::ffff:2")).reply().expect("421 4.3.2");
    proxied(&onward, &v1("2001:db8:0:1::1")).reply().expect_code(220);
    first.command("NOOP").expect_code(250);
}

#[test]
fn without_a_valid_header_the_proxy_is_not_served() {
    let sink = Receiver::smtp().start();
    let onward = behind_a_proxy(&sink).start();
    for wrong in [
        &b"EHLO client.test\r\n"[..],
        b"PROXY TCP4 192.0.2.1 198.51.100.25 40000\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.25 40000 25\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 40000 25\r\n",
        b"proxy TCP4 192.0.2.1 198.51.100.25 40000 25\r\n",
        &[b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat(),
        &v2_of(0x21, 0x11, b"too short"),
        &v2_of(0x2f, 0x11, &[0; 12]),
        &v2_of(0x21, 0x12, &[0; 12]),
        &v2_of(0x31, 0x11, &[0; 12]),
        &v2_of(0x21, 0x11, &[0; 60_000]),
    ] {
        let mut session = proxied(&onward, wrong);
        assert_eq!(session.eof().unwrap(), b"", "{}", wrong.escape_ascii());
    }
    proxied(&onward, &v1("192.0.2.1")).reply().expect_code(220);
}

#[test]
fn nobody_else_may_say_who_it_is() {
    let sink = Receiver::smtp().start();
    let onward = behind_a_proxy(&sink).start();
    let mut stranger = Client::connect_from("127.0.0.2".parse().unwrap(), onward.address());
    stranger.reply().expect_code(220);
    stranger.send(&v1("192.0.2.1"));
    stranger.reply().expect("500 5.5.2");
    stranger.ehlo("client.test").expect_code(250);
    stranger.transaction("a@client.test", &["hello@example.org"], MESSAGE).expect_code(250);
    let received = sink.wait_for_message().header("Received").unwrap();
    assert!(received.contains("([127.0.0.2])"), "{received}");

    let no_proxy = Onward::builder().start();
    let mut client = no_proxy.connect();
    client.reply().expect_code(220);
    client.send(&v1("192.0.2.1"));
    client.reply().expect("500 5.5.2");
}
