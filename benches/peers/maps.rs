//! SRS look-ups as Postfix makes them, beside PostSRSd: 1.10 of Debian's package by tcp_table(5), and by socketmap a 2.x that the
//! variable `POSTSRSD2` names, as Debian has none yet. All have the same secret.

use super::{
    chart::median,
    report::{Figures, Report},
};
use crate::support::{port::free_address, wait_until};
use std::{
    fs,
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Of one round.
const TIME: Duration = Duration::from_secs(1);
/// Connections, and how many requests are outstanding on each.
const WAYS: [(usize, usize); 5] = [(1, 1), (8, 1), (64, 1), (1, 32), (8, 32)];
const DIRECTIONS: [&str; 2] = ["forward", "reverse"];

struct Server {
    name: &'static str,
    process: Child,
    /// A direction, and how its requests are written and answered.
    ports: Vec<(&'static str, SocketAddr, Protocol)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    TcpTable,
    Socketmap,
}

/// Look-ups a second, and microseconds that half and all but a hundredth of the batches took at most.
type Round = [f64; 3];

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

pub fn measure(report: &mut Report, rounds: usize) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("secret"), "a secret of the bench that is long enough\n")
        .unwrap();
    let servers: Vec<Server> =
        [Some(onward(directory.path())), postsrsd(directory.path()), postsrsd_2(directory.path())]
            .into_iter()
            .flatten()
            .collect();
    let mut figures = Figures::new("look-ups", &["look-ups/s", "p50 µs", "p99 µs"]);
    let rewritten = answer(servers[0].ports[0].1, b"get alice@example.com\n", Protocol::TcpTable);
    let rewritten = String::from_utf8(rewritten).unwrap();
    let rewritten = rewritten.trim_end().trim_start_matches("200 ");
    for (connections, depth) in WAYS {
        for direction in DIRECTIONS {
            let key = if direction == "forward" { "alice@example.com" } else { rewritten };
            let mut measured: Vec<(String, Vec<Round>)> = Vec::new();
            for round in 0..rounds {
                let ports = servers.iter().flat_map(|server| {
                    server
                        .ports
                        .iter()
                        .map(|(of, address, kind)| (server.name, *of, *address, *kind))
                });
                let ports = ports.filter(|(_, of, ..)| *of == direction);
                for (nth, (name, _, address, protocol)) in ports.enumerate() {
                    let question = request(protocol, direction, key);
                    let answer = answer(address, &question, protocol);
                    let result = round_of(address, &question, &answer, connections, depth);
                    if round == 0 {
                        let depth = if depth == 1 { String::new() } else { format!(" × {depth}") };
                        let name = format!("{name} {protocol:?} {direction}, {connections}{depth}");
                        measured.push((name, Vec::new()));
                    }
                    measured[nth].1.push(result);
                }
            }
            for (name, rounds) in measured {
                let of = |what: usize| median(rounds.iter().map(|round| round[what])).unwrap();
                figures.add(name, &[of(0), of(1), of(2)]);
            }
        }
    }
    report.add_figures(figures);
}

/// Asks over `connections` with `depth` requests outstanding on each.
fn round_of(
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
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e6;
    [(times.len() * depth) as f64 / elapsed, at(50), at(99)]
}

fn request(protocol: Protocol, direction: &str, key: &str) -> Vec<u8> {
    match protocol {
        Protocol::TcpTable => format!("get {key}\n").into_bytes(),
        Protocol::Socketmap => {
            let question = format!("{direction} {key}");
            format!("{}:{question},", question.len()).into_bytes()
        }
    }
}

/// Octets of one answer, which is the same each time.
fn answer(address: SocketAddr, request: &[u8], protocol: Protocol) -> Vec<u8> {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_mut().write_all(request).unwrap();
    let end = if protocol == Protocol::TcpTable { b'\n' } else { b',' };
    let mut answer = Vec::new();
    while answer.last() != Some(&end) {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        answer.push(octet[0]);
    }
    answer
}

fn onward(directory: &Path) -> Server {
    let [forward, reverse, map] = [free_address(), free_address(), free_address()];
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
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.args(["serve", "--config"]).arg(directory.join("onward.toml"));
    let ports = [
        tcp_tables([forward, reverse]),
        DIRECTIONS.map(|direction| (direction, map, Protocol::Socketmap)),
    ];
    start("onward", command.env_remove("STATE_DIRECTORY"), &ports.concat()).unwrap()
}

fn postsrsd(directory: &Path) -> Option<Server> {
    let ports = [free_address(), free_address()];
    let mut command = Command::new("/usr/sbin/postsrsd");
    command
        .arg(format!("-s{}", directory.join("secret").display()))
        .args(["-dsrs.example.net", "-4", "-l127.0.0.1"])
        .arg(format!("-f{}", ports[0].port()))
        .arg(format!("-r{}", ports[1].port()));
    let server = start("postsrsd 1.10", &mut command, &tcp_tables(ports));
    if server.is_none() {
        println!("left out: postsrsd 1.10 wants Debian's package postsrsd");
    }
    server
}

fn postsrsd_2(directory: &Path) -> Option<Server> {
    let program = std::env::var_os("POSTSRSD2")?;
    let map = free_address();
    let config = format!(
        "domains = {{ \"example.net\" }}\nsrs-domain = \"srs.example.net\"\n\
         secrets-file = \"{directory}/secret\"\nsocketmap = inet:{map}\n\
         unprivileged-user = \"\"\nchroot-dir = \"\"\nsyslog = off\n",
        directory = directory.display()
    );
    let path = directory.join("postsrsd.conf");
    fs::write(&path, config).unwrap();
    let ports = DIRECTIONS.map(|direction| (direction, map, Protocol::Socketmap));
    start("postsrsd 2", Command::new(program).arg("-C").arg(path), &ports)
}

fn tcp_tables(ports: [SocketAddr; 2]) -> [(&'static str, SocketAddr, Protocol); 2] {
    let [forward, reverse] = ports;
    [("forward", forward, Protocol::TcpTable), ("reverse", reverse, Protocol::TcpTable)]
}

fn start(
    name: &'static str,
    command: &mut Command,
    ports: &[(&'static str, SocketAddr, Protocol)],
) -> Option<Server> {
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let server = Server { name, process, ports: ports.to_vec() };
    for (_, address, _) in ports {
        wait_until(format!("{name} to listen"), || TcpStream::connect(address).ok());
    }
    Some(server)
}
