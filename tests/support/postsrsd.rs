//! PostSRSd 1.x in a throw-away set-up, asked over tcp_table(5).

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use tempfile::TempDir;

use super::port::free_address;
use super::process::Process;
use super::{DEADLINE, peer, wait_until};

pub struct PostSrsd {
    forward: SocketAddr,
    reverse: SocketAddr,
    process: Process,
    _directory: TempDir,
}

impl PostSrsd {
    /// Starts it for an SRS domain; the first secret signs, all verify. `None` if it is not
    /// installed.
    pub fn start(domain: &str, secrets: &[&str]) -> Option<Self> {
        Self::start_with(domain, secrets, &[])
    }

    /// [`PostSrsd::start`] with further options, such as `-a+` for the separator or `-n8` for the
    /// hash length.
    pub fn start_with(domain: &str, secrets: &[&str], options: &[&str]) -> Option<Self> {
        let program = peer::program("postsrsd")?;
        let directory = tempfile::tempdir().unwrap();
        let secret_file = directory.path().join("secret");
        fs::write(&secret_file, secrets.join("\n") + "\n").unwrap();
        let (forward, reverse) = (free_address(), free_address());
        let mut command = Command::new(program);
        command
            .arg(format!("-s{}", secret_file.display()))
            .arg(format!("-d{domain}"))
            .args(["-4", "-l127.0.0.1"])
            .arg(format!("-f{}", forward.port()))
            .arg(format!("-r{}", reverse.port()))
            .args(options);
        let process = Process::spawn("postsrsd", &mut command);
        for address in [forward, reverse] {
            wait_until(format!("postsrsd at {address}"), || TcpStream::connect(address).ok());
        }
        Some(Self { forward, reverse, process, _directory: directory })
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The rewritten address, or the reason why not.
    pub fn forward(&self, address: &str) -> Result<String, String> {
        tcp_table_get(self.forward, address)
    }

    /// Where it rewrites, and where it turns back.
    pub fn addresses(&self) -> [SocketAddr; 2] {
        [self.forward, self.reverse]
    }

    /// The original address, or the reason why not.
    pub fn reverse(&self, address: &str) -> Result<String, String> {
        tcp_table_get(self.reverse, address)
    }
}

/// One look-up by tcp_table(5); also for the listeners of Onward that speak it.
pub fn tcp_table_get(server: SocketAddr, key: &str) -> Result<String, String> {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(format!("get {}\n", encoded(key)).as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    match line.trim_end().split_once(' ') {
        Some(("200", value)) => Ok(decoded(value)),
        Some((_, reason)) => Err(decoded(reason)),
        None => panic!("not a tcp_table reply: {line:?}"),
    }
}

/// A connection of tcp_table(5) that stays.
pub struct TcpTable(BufReader<TcpStream>);

impl TcpTable {
    pub fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// The answers as they come, asked for all at once.
    pub fn ask(&mut self, keys: &[String]) -> Vec<String> {
        let requests: String = keys.iter().map(|key| format!("get {}\n", encoded(key))).collect();
        self.0.get_mut().write_all(requests.as_bytes()).unwrap();
        let mut answer = || {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            line
        };
        keys.iter().map(|_| answer()).collect()
    }
}

fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'!'..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%').then(|| after.get(..2)).flatten();
        let value = hex.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        match value {
            Some(value) => (bytes.push(value), rest = &after[2..]).1,
            None => (bytes.push(first), rest = after).1,
        }
    }
    String::from_utf8(bytes).unwrap()
}
