//! Look-ups a second, and how long each takes, beside PostSRSd 1.10 (Debian's package) in one run, in turns:
//! `cargo bench --bench lookups`. Both answer tcp_table(5) with the same secret; Onward also socketmap.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::{
    fs,
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const ROUNDS: usize = 5;
/// Of one round.
const TIME: Duration = Duration::from_secs(1);

/// Look-ups a second; the 50th and the 99th percentile of what one batch took.
type Round = (f64, [Duration; 2]);

struct Server {
    name: &'static str,
    process: Child,
    /// Each with how its requests are written and answered.
    ports: Vec<(&'static str, SocketAddr, Kind)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    TcpTable,
    Socketmap,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn wait_for(address: SocketAddr) {
    for _ in 0..200 {
        if TcpStream::connect(address).is_ok() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody listens on {address}");
}

fn postsrsd(directory: &Path) -> Option<Server> {
    let [forward, reverse] = [free(), free()];
    let process = Command::new("/usr/sbin/postsrsd")
        .arg(format!("-s{}", directory.join("secret").display()))
        .args(["-dsrs.example.net", "-4", "-l127.0.0.1"])
        .arg(format!("-f{}", forward.port()))
        .arg(format!("-r{}", reverse.port()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    wait_for(forward);
    let ports = vec![("forward", forward, Kind::TcpTable), ("reverse", reverse, Kind::TcpTable)];
    Some(Server { name: "PostSRSd 1.10", process, ports })
}

fn onward(directory: &Path) -> Server {
    let [forward, reverse, map] = [free(), free(), free()];
    let config = format!(
        "hostname = \"mx.test\"\nstate_dir = \"{directory}/state\"\n\
         [[listen]]\nprotocol = \"tcp-table\"\ndirection = \"forward\"\naddress = \"{forward}\"\n\
         [[listen]]\nprotocol = \"tcp-table\"\ndirection = \"reverse\"\naddress = \"{reverse}\"\n\
         [[listen]]\nprotocol = \"socketmap\"\naddress = \"{map}\"\n\
         [srs]\ndomain = \"srs.example.net\"\nsecret_file = \"{directory}/secret\"\ntag = \"sha1-base64\"\n",
        directory = directory.display()
    );
    fs::create_dir_all(directory.join("state")).unwrap();
    fs::write(directory.join("onward.toml"), config).unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_onward"))
        .args(["serve", "--config"])
        .arg(directory.join("onward.toml"))
        .env_remove("STATE_DIRECTORY")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(map);
    let ports = vec![
        ("forward", forward, Kind::TcpTable),
        ("reverse", reverse, Kind::TcpTable),
        ("forward", map, Kind::Socketmap),
        ("reverse", map, Kind::Socketmap),
    ];
    Server { name: "Onward", process, ports }
}

fn request(kind: Kind, direction: &str, key: &str) -> Vec<u8> {
    match kind {
        Kind::TcpTable => format!("get {key}\n").into_bytes(),
        Kind::Socketmap => {
            let question = format!("{direction} {key}");
            format!("{}:{question},", question.len()).into_bytes()
        }
    }
}

/// Octets of one answer, which is the same each time.
fn answer(address: SocketAddr, request: &[u8], kind: Kind) -> Vec<u8> {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_mut().write_all(request).unwrap();
    let end = if kind == Kind::TcpTable { b'\n' } else { b',' };
    let mut answer = Vec::new();
    while answer.last() != Some(&end) {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        answer.push(octet[0]);
    }
    answer
}

/// Asks over `connections` with `depth` requests outstanding on each; look-ups a second, and the 50th
/// and 99th percentile of what one batch took.
fn run(
    address: SocketAddr,
    request: &[u8],
    answer: &[u8],
    connections: usize,
    depth: usize,
) -> Round {
    let (batch, length) = (request.repeat(depth), answer.len() * depth);
    let began = Instant::now();
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let batch = batch.clone();
            thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut read = vec![0; length];
                let mut times = Vec::new();
                while began.elapsed() < TIME {
                    let asked = Instant::now();
                    stream.write_all(&batch).unwrap();
                    stream.read_exact(&mut read).unwrap();
                    times.push(asked.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times: Vec<Duration> =
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let elapsed = began.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100];
    ((times.len() * depth) as f64 / elapsed, [at(50), at(99)])
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("secret"), "a secret of the bench that is long enough\n")
        .unwrap();
    let mut servers = vec![onward(directory.path())];
    match postsrsd(directory.path()) {
        Some(server) => servers.push(server),
        None => println!("PostSRSd is not installed (apt-get install postsrsd): Onward alone"),
    }
    let rewritten = answer(servers[0].ports[0].1, b"get alice@example.com\n", Kind::TcpTable);
    let rewritten = String::from_utf8(rewritten).unwrap();
    let rewritten = rewritten.trim_end().trim_start_matches("200 ").to_owned();
    println!(
        "{:<14} {:<10} {:<8} {:>5} {:>6} {:>12} {:>9} {:>9}",
        "", "protocol", "", "conns", "depth", "look-ups/s", "p50 µs", "p99 µs"
    );
    for (connections, depth) in [(1, 1), (8, 1), (1, 32), (8, 32), (64, 1)] {
        for direction in ["forward", "reverse"] {
            let mut results: Vec<(&str, &str, Vec<Round>)> = Vec::new();
            for _ in 0..ROUNDS {
                for server in &servers {
                    for (of, address, kind) in
                        server.ports.iter().filter(|port| port.0 == direction)
                    {
                        let key = if *of == "forward" { "alice@example.com" } else { &rewritten };
                        let question = request(*kind, of, key);
                        let answer = answer(*address, &question, *kind);
                        let result = run(*address, &question, &answer, connections, depth);
                        let protocol =
                            if *kind == Kind::TcpTable { "tcp-table" } else { "socketmap" };
                        match results
                            .iter_mut()
                            .find(|known| (known.0, known.1) == (server.name, protocol))
                        {
                            Some(known) => known.2.push(result),
                            None => results.push((server.name, protocol, vec![result])),
                        }
                    }
                }
            }
            for (name, protocol, mut rounds) in results {
                // The median round.
                rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
                let (rate, [p50, p99]) = rounds[rounds.len() / 2];
                println!(
                    "{name:<14} {protocol:<10} {direction:<8} {connections:>5} {depth:>6} {rate:>12.0} {:>9} {:>9}",
                    p50.as_micros(),
                    p99.as_micros()
                );
            }
        }
    }
}
