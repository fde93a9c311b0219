//! What may come to the listeners for Postfix: each answers or closes, within bounds, and the others are
//! served.

use crate::support::onward::Onward;
use crate::support::postsrsd::tcp_table_get;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const IDLE: usize = 2000;
/// Memory that two thousand idle connections may cost, in MiB.
const MOST: usize = 64;

struct Ports {
    onward: Onward,
    socketmap: SocketAddr,
    forward: SocketAddr,
    policy: SocketAddr,
    milter: SocketAddr,
}

fn ports(lines: &[&str]) -> Ports {
    let builder = lines.iter().fold(Onward::builder(), |builder, line| builder.config(line));
    let (builder, socketmap) = builder.listen("socketmap", &[]);
    let (builder, forward) = builder.listen("tcp-table", &["direction = \"forward\""]);
    let (builder, policy) = builder.listen("policy", &[]);
    let (builder, milter) = builder.listen("milter", &[]);
    Ports { onward: builder.start(), socketmap, forward, policy, milter }
}

impl Ports {
    fn all(&self) -> [SocketAddr; 4] {
        [self.socketmap, self.forward, self.policy, self.milter]
    }

    fn is_served(&self) {
        let rewritten = tcp_table_get(self.forward, "alice@sender.test").unwrap();
        assert_eq!(rewritten, self.onward.srs_forward("alice@sender.test"));
    }

    /// A connection that has been served, so it has its place.
    fn served(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.socketmap).unwrap();
        stream.write_all(b"7:reverse,").unwrap();
        stream.read_exact(&mut [0; 32]).unwrap();
        stream
    }

    /// Until one of them is idle, and makes room for one more.
    fn wait_for_a_place(&self) {
        crate::support::wait_until("one of them to be idle", || {
            let mut stream = TcpStream::connect(self.forward).ok()?;
            stream.write_all(b"get alice@sender.test\n").ok()?;
            let mut first = [0; 3];
            stream.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
            stream.read_exact(&mut first).ok()?;
            (&first == b"200").then_some(())
        });
    }

    /// Resident memory in MiB.
    fn memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.onward.process_id()));
        let status = status.unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
    }
}

/// Sends it, says that no more comes, and reads to the end.
fn answer(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
    // It may close before it has read all.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => answer,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => answer,
        Err(error) => panic!("neither an answer nor an end: {error}"),
    }
}

#[test]
fn garbage_is_answered_or_closed() {
    let ports = ports(&[]);
    let mut noise = 0x5eed_u64;
    let mut random = |count: usize| -> Vec<u8> {
        let mut next = || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise as u8
        };
        (0..count).map(|_| next()).collect()
    };
    for server in ports.all() {
        for count in [1, 10, 1000, 300_000] {
            answer(server, &random(count));
        }
        for text in [
            "",
            "\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "EHLO x\r\n",
            "\x16\x03\x01\x02\0",
            "99999999999999999999:",
            "100001:",
            "4294967295:x,",
            "0:,",
            "5:hel",
            "get ",
            "get a%",
            "a=b\n",
            "=\n\n",
            "request=smtpd_access_policy",
            "\0\0\0\0",
            "\u{7f}\0\0\0O",
            "\0\0\0\x0d",
        ] {
            answer(server, text.as_bytes());
        }
        answer(server, &b"x".repeat(1 << 20));
        answer(server, &b"get x\n".repeat(20_000));
        answer(server, &b"1:x,".repeat(20_000));
    }
    assert_eq!(answer(ports.socketmap, b"100001:"), b"33:PERM Query exceeds 100000 octets.,");
    assert_eq!(answer(ports.socketmap, b"x"), b"19:PERM Invalid query.,");
    assert_eq!(answer(ports.forward, &b"x".repeat(2000)), b"500 Invalid request\n");
    assert_eq!(answer(ports.policy, b"what\n\n"), b"");
    ports.is_served();
    assert!(ports.memory() < MOST, "{} MiB", ports.memory());
}

#[test]
fn two_thousand_idle_connections() {
    let ports = ports(&[]);
    ports.is_served();
    let before = ports.memory();
    let mut idle: Vec<TcpStream> = Vec::with_capacity(IDLE);
    for at in 0..IDLE {
        let server = ports.all()[at % 4];
        let mut stream = TcpStream::connect(server).unwrap();
        // Half of them in the midst of a request.
        if at % 8 < 4 {
            let part: [&[u8]; 4] = [b"5:for", b"get al", b"request=", b"\0\0\0\x0dO\0"];
            stream.write_all(part[at % 4]).unwrap();
        }
        idle.push(stream);
    }
    let began = Instant::now();
    ports.is_served();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let after = ports.memory();
    assert!(after < before + MOST, "{before} MiB, then {after}");
}

/// Beyond the limit whoever has been idle for longest makes room; who is in the midst of nothing loses
/// nothing by that.
#[test]
fn a_new_connection_takes_the_place_of_an_idle_one() {
    let ports = ports(&["limits.map_connections = 20"]);
    let mut idle: Vec<TcpStream> = (0..20).map(|_| ports.served()).collect();
    ports.wait_for_a_place();
    crate::support::wait_until("the end of one that was idle", || {
        let mut is_closed = |stream: &mut TcpStream| {
            stream.set_nonblocking(true).unwrap();
            matches!(stream.read(&mut [0]), Ok(0))
        };
        idle.iter_mut().any(&mut is_closed).then_some(())
    });
}

/// A milter's connection is an SMTP session at its other end, which would fail with it.
#[test]
fn a_milter_at_work_is_not_closed_to_make_room() {
    let ports = ports(&["limits.map_connections = 4"]);
    let mut milter = TcpStream::connect(ports.milter).unwrap();
    milter.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
    let options = [6_u32, 0x1ff, 0x1f_ffff].map(u32::to_be_bytes).concat();
    milter.write_all(&[b"\0\0\0\x0dO", &options[..]].concat()).unwrap();
    milter.read_exact(&mut [0; 17]).unwrap();
    let _others: Vec<TcpStream> = (0..3).map(|_| ports.served()).collect();
    ports.wait_for_a_place();
    milter.write_all(b"\0\0\0\x10R<a@other.test>\0").unwrap();
    let mut answer = [0; 5];
    milter.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"\0\0\0\x01c");
}
