//! A thousand clients that dawdle in every phase, half of them within a message: all are closed in time, what they cost
//! is bounded, and a client with something to bring is served meanwhile.

use super::{MESSAGE, begin_data, memory_kilobytes, send};
use crate::support::{certificates::Authority, client::Client, onward::Onward, receiver::Receiver};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

/// Of each kind within a message, and of each before one.
const WITHIN: usize = 250;
const BEFORE: usize = 100;
/// What each has brought of its message.
const PART: usize = 32 * 1024;
/// `limits.command_timeout` and `data_timeout`.
const PATIENCE: Duration = Duration::from_secs(20);
/// When the last has to be gone: who comes to a handshake has 30 s whatever is configured.
const ALL_GONE: Duration = Duration::from_secs(60);

struct Doors {
    plain: SocketAddr,
    implicit: SocketAddr,
    behind_a_proxy: SocketAddr,
}

/// How a client dawdles.
type Dawdler = fn(&Doors, IpAddr) -> Client;

const DAWDLERS: [(&str, usize, Dawdler); 7] = [
    ("a PROXY header that does not end", BEFORE, |doors, ip| {
        // What proxies send comes from their own address.
        let _ = ip;
        let mut client = Client::connect(doors.behind_a_proxy);
        client.send(b"PROXY TCP4 192.0.2.1 198");
        client
    }),
    ("a TLS handshake that does not begin", BEFORE, |doors, ip| {
        Client::connect_from(ip, doors.implicit)
    }),
    ("nothing behind the greeting", BEFORE, |doors, ip| greeted(doors, ip)),
    ("half of a command", BEFORE, |doors, ip| {
        let mut client = greeted(doors, ip);
        client.ehlo("dawdler.test").expect_code(250);
        client.send(b"MAIL FROM:<a@");
        client
    }),
    ("half of a TLS handshake", BEFORE, |doors, ip| {
        let mut client = greeted(doors, ip);
        client.ehlo("dawdler.test").expect_code(250);
        client.command("STARTTLS").expect_code(220);
        client.send(&[22, 3, 1, 2, 0, 1, 0]);
        client
    }),
    ("DATA", WITHIN, |doors, ip| {
        let mut client = greeted(doors, ip);
        client.ehlo("dawdler.test").expect_code(250);
        begin_data(&mut client);
        client.send(&part());
        client
    }),
    ("BDAT", WITHIN, |doors, ip| {
        let mut client = greeted(doors, ip);
        client.ehlo("dawdler.test").expect_code(250);
        client.mail("a@client.test").expect_code(250);
        client.rcpt("hello@example.org").expect_code(250);
        client.send(&[format!("BDAT {}\r\n", 2 * PART).as_bytes(), &part()].concat());
        client
    }),
];

fn greeted(doors: &Doors, ip: IpAddr) -> Client {
    let mut client = Client::connect_from(ip, doors.plain);
    client.reply().expect_code(220);
    client
}

fn part() -> Vec<u8> {
    let mut part = MESSAGE.to_vec();
    while part.len() < PART {
        part.extend_from_slice(&[b'x'; 70]);
        part.extend_from_slice(b"\r\n");
    }
    part
}

/// How long a message of somebody known takes, connection included.
fn honest(onward: &Onward) -> Duration {
    let began = Instant::now();
    let mut client = onward.session();
    send(&mut client, MESSAGE).expect_code(250);
    client.quit().expect_code(221);
    began.elapsed()
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() / 2]
}

#[test]
fn a_thousand_dawdlers_in_every_phase() {
    let authority = Authority::new();
    let certificate = authority.issue("mx.example.org", "a");
    let sink = Receiver::smtp().start();
    let patience = PATIENCE.as_secs();
    let builder = Onward::forwarding_to(&sink.route())
        .config("limits.connections = 1200")
        .config("limits.connections_per_client = 200")
        .config(&format!("limits.command_timeout = \"{patience}s\""))
        .config(&format!("limits.data_timeout = \"{patience}s\""));
    let (builder, implicit) = builder.listen("smtp", &["tls = \"implicit\""]);
    let (builder, behind_a_proxy) =
        builder.listen("smtp", &["proxy_protocol = [\"127.0.0.1/32\"]"]);
    let onward = builder.toml(&certificate.toml()).without_rates().start();
    let doors = Doors { plain: onward.address(), implicit, behind_a_proxy };
    let quiet = median((0..9).map(|_| honest(&onward)).collect());
    let before = memory_kilobytes(onward.process_id(), "VmRSS");

    let began = Instant::now();
    let mut busy = Vec::new();
    let mut clients = Vec::new();
    for (number, (phase, count, dawdler)) in DAWDLERS.iter().enumerate() {
        for host in 0..*count {
            // None of them is another's neighbour.
            let octet = u8::try_from(host % 250).unwrap();
            let ip = Ipv4Addr::new(127, u8::try_from(number + 1).unwrap(), octet, 1);
            clients.push((*phase, dawdler(&doors, ip.into())));
        }
        busy.push(honest(&onward));
    }
    let all_there = began.elapsed();
    busy.extend((0..9).map(|_| honest(&onward)));
    assert_eq!(clients.len(), 1000);
    for (phase, mut client) in clients {
        let left = ALL_GONE.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
        client.set_deadline(left + all_there);
        assert!(client.eof().is_ok(), "{phase}: not closed within {ALL_GONE:?}");
    }
    let took = began.elapsed();
    let most = memory_kilobytes(onward.process_id(), "VmHWM");
    let busy = median(busy);
    let allowed = (2 * quiet).max(quiet + Duration::from_millis(500));
    assert!(busy <= allowed, "an honest message took {busy:?}, before {quiet:?}");
    // 100 KB for a connection, as docs/OPERATIONS.md says, and the parts of messages.
    let parts = 2 * WITHIN * 2 * PART / 1024;
    let bound = before + 1000 * 100 + parts;
    assert!(most <= bound, "{most} KiB at most, {bound} allowed, {before} before");
    let after = memory_kilobytes(onward.process_id(), "VmRSS");
    honest(&onward);
    eprintln!(
        "{before} KiB before, {most} at most, {after} after; all gone after {took:?}; an honest \
         message {quiet:?} before, {busy:?} meanwhile"
    );
}
