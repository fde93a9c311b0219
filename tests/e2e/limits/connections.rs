//! `connections`, `connections_per_client`, and what a thousand idle ones cost.

use super::{connect_from, memory_kilobytes, send};
use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;

/// A place is free: a connection of this client is greeted and not turned away.
fn wait_for_a_place(source: &str, onward: &Onward) -> Client {
    wait_until("a place for another connection", || {
        let mut client = connect_from(source, onward);
        (client.reply().code == 220).then_some(client)
    })
}

#[test]
fn connections_in_all() {
    let onward = Onward::builder().config("limits.connections = 2").start();
    let mut first = connect_from("127.0.0.1", &onward);
    first.reply().expect_code(220);
    let mut second = connect_from("127.0.0.2", &onward);
    second.reply().expect_code(220);

    let mut third = connect_from("127.0.0.3", &onward);
    third.reply().expect("421 4.3.2");
    assert_eq!(third.eof().unwrap(), b"");

    second.command("NOOP").expect_code(250);
    first.quit().expect_code(221);
    wait_for_a_place("127.0.0.3", &onward).ehlo("client.test").expect_code(250);
}

#[test]
fn connections_of_one_client() {
    let onward = Onward::builder().config("limits.connections_per_client = 1").start();
    let mut first = connect_from("127.0.0.1", &onward);
    first.reply().expect_code(220);
    let mut again = connect_from("127.0.0.1", &onward);
    again.reply().expect("421 4.3.2");
    assert_eq!(again.eof().unwrap(), b"");
    connect_from("127.0.0.2", &onward).reply().expect_code(220);

    first.reset();
    wait_for_a_place("127.0.0.1", &onward);
}

/// The addresses of a /64 are one client: `proxy::an_ipv6_client_is_its_64` shows it.
#[test]
fn connections_over_ipv6() {
    let Ok(free) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("no IPv6 on this machine's loopback");
        return;
    };
    let address = free.local_addr().unwrap();
    drop(free);
    let onward = Onward::builder()
        .config("limits.connections_per_client = 1")
        .toml(&format!("[[listen]]\nprotocol = \"smtp\"\naddress = \"{address}\""))
        .start();
    onward.wait_for_log(&address.to_string());
    let mut first = Client::connect(address);
    first.reply().expect_code(220);
    Client::connect(address).reply().expect("421 4.3.2");
    onward.connect().reply().expect_code(220);
    first.command("NOOP").expect_code(250);
}

#[test]
fn a_thousand_idle_connections_are_served_in_little_memory() {
    const IDLE: usize = 1000;
    raise_descriptor_limit();
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.connections = 1112")
        .config("limits.connections_per_client = 1001")
        .start();
    let mut idle: Vec<Idle> = (0..IDLE).map(|_| Idle::connect(&onward)).collect();
    for client in &mut idle {
        client.say("EHLO client.test", "250 ");
    }
    send(&mut onward.session(), super::MESSAGE).expect_code(250);
    for client in &mut idle {
        client.say("NOOP", "250 ");
    }
    let memory = || memory_kilobytes(onward.process_id(), "VmRSS");
    // The allocator rounds what a session of an unoptimised build takes up to 40 KiB.
    assert!(memory() < 88 * 1024, "{} kB for {IDLE} idle connections", memory());
    drop(idle);
    wait_until("memory that came back", || (memory() < 60 * 1024).then_some(()));
}

/// A client that needs but one descriptor.
struct Idle(BufReader<TcpStream>);

impl Idle {
    fn connect(onward: &Onward) -> Self {
        let stream = TcpStream::connect(onward.address()).unwrap();
        stream.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
        let mut client = Self(BufReader::with_capacity(512, stream));
        client.read_up_to("220 ");
        client
    }

    fn say(&mut self, command: &str, last_line: &str) {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.read_up_to(last_line);
    }

    fn read_up_to(&mut self, start: &str) {
        let mut line = String::new();
        while !line.starts_with(start) {
            line.clear();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "closed before {start:?}");
        }
    }
}

/// Of this process and those it starts, where the limit is the usual 1024.
fn raise_descriptor_limit() {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft = line.split_whitespace().nth(3).unwrap();
    if soft.parse().is_ok_and(|soft: u64| soft < 4096) {
        let pid = std::process::id().to_string();
        let status = Command::new("prlimit").args(["--pid", &pid, "--nofile=4096:"]).status();
        assert!(status.unwrap().success(), "at most {soft} open files");
    }
}
