//! PostSRSd 1.10, as Debian packages it, and Onward with the same secrets reverse each other's
//! addresses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

use onward::{
    address::{Domain, Mailbox},
    srs::{Forwarded, Keyring, Reversed, Rewriter, Separator, Settings, TagKind},
};
use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

const POSTSRSD: &str = "/usr/sbin/postsrsd";
const SRS_DOMAIN: &str = "srs.example.net";
const SECRETS: &str = "a new secret, with spaces \nthe one before\n";

/// The daemon, ended when dropped, with a connection to each of its two maps.
struct PostSrsd {
    child: Child,
    forward: BufReader<TcpStream>,
    reverse: BufReader<TcpStream>,
    _secrets: tempfile::NamedTempFile,
}

impl PostSrsd {
    fn start(separator: &str, hash_length: usize) -> Self {
        let mut secrets = tempfile::NamedTempFile::new().unwrap();
        secrets.write_all(SECRETS.as_bytes()).unwrap();
        // Somebody may take a port between our looking and its binding: then once more.
        for _ in 0..5 {
            let (forward, reverse) = (free_port(), free_port());
            let mut child = Command::new(POSTSRSD)
                .args(["-4", "-l", "127.0.0.1", "-d", SRS_DOMAIN, "-a", separator])
                .args(["-n", &hash_length.to_string(), "-s"])
                .arg(secrets.path())
                .args(["-f", &forward.to_string(), "-r", &reverse.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let connections = connect(&mut child, forward).zip(connect(&mut child, reverse));
            if let Some((forward, reverse)) = connections {
                return Self { child, forward, reverse, _secrets: secrets };
            }
            let _ = child.kill();
            child.wait().unwrap();
        }
        panic!("{POSTSRSD} does not listen");
    }

    fn forward(&mut self, address: &str) -> Result<String, String> {
        get(&mut self.forward, address)
    }

    fn reverse(&mut self, address: &str) -> Result<String, String> {
        get(&mut self.reverse, address)
    }
}

impl Drop for PostSrsd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Tries until the port is open or the process gone: it does not say when it is ready.
fn connect(child: &mut Child, port: u16) -> Option<BufReader<TcpStream>> {
    let end = Instant::now() + Duration::from_secs(20);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    while Instant::now() < end && child.try_wait().unwrap().is_none() {
        if let Ok(stream) = TcpStream::connect(address) {
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            return Some(BufReader::new(stream));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

/// One request of tcp_table(5): the address, or what was said instead.
fn get(connection: &mut BufReader<TcpStream>, address: &str) -> Result<String, String> {
    let mut request = "get ".to_owned();
    for octet in address.bytes() {
        match octet {
            b'!'..=b'~' if octet != b'%' => request.push(char::from(octet)),
            _ => write!(request, "%{octet:02x}").unwrap(),
        }
    }
    request.push('\n');
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_line(&mut answer).unwrap();
    let (code, text) = answer.trim_end().split_once(' ').unwrap();
    match code {
        "200" => Ok(decoded(text)),
        _ => Err(answer),
    }
}

fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            octets.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8(octets).unwrap()
}

fn onward(tag: TagKind, tag_length: usize, separator: &str, secrets: &str) -> Rewriter {
    let separator = Separator::parse(separator).unwrap();
    let settings = Settings::new(Domain::parse(SRS_DOMAIN).unwrap());
    let settings = Settings { tag, tag_length, separator, ..settings };
    Rewriter::new(settings, Keyring::parse(secrets.as_bytes()).unwrap()).unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

fn reversed(rewriter: &Rewriter, address: &str) -> String {
    match rewriter.reverse(&Mailbox::parse(address).unwrap(), now()) {
        Ok(Reversed::Mailbox(mailbox)) => mailbox.to_string(),
        other => panic!("{address}: {other:?}"),
    }
}

/// Some hundreds of senders, each with what a bounce to its rewritten address must reach.
fn senders() -> Vec<(String, String)> {
    let locals = [
        "alice",
        "Alice.Smith",
        "user+tag",
        "user-tag",
        "bob=sales",
        "a=b=c",
        "=",
        "o'brien",
        "user/dept",
        "user%remote",
        "!#$%&'*+/=?^_`{|}~-",
        "bounce+alice=example.com",
        "prvs=0123456789=alice",
        "btv1==abc==alice",
        "SRS0",
        "srs2=x",
        "jürgen",
        "用户",
    ];
    let domains =
        ["example.com", "Example.COM", "a.b.c.example.co.uk", "xn--bcher-kva.example", "localhost"];
    let mut senders = Vec::new();
    for domain in domains {
        for local in locals {
            let sender = format!("{local}@{domain}");
            // PostSRSd 1.10 takes the bare word for an address of the scheme.
            if local != "SRS0" {
                senders.push((sender.clone(), sender));
            }
        }
        for length in 1..=64 {
            let sender = format!("{}@{domain}", "x".repeat(length));
            senders.push((sender.clone(), sender));
        }
        for separator in ["=", "+", "-"] {
            let rest = format!("{separator}aB/d=XY=orig.example=Us=er");
            senders.push((format!("SRS0{rest}@{domain}"), format!("SRS0{rest}@{domain}")));
            senders.push((format!("srs0{rest}@{domain}"), format!("SRS0{rest}@{domain}")));
            senders.push((
                format!("SRS1{separator}WxYz=first.example={rest}@{domain}"),
                format!("SRS0{rest}@first.example"),
            ));
        }
    }
    senders
}

fn both_ways(separator: &str, length: usize) {
    let mut postsrsd = PostSrsd::start(separator, length);
    let ours = onward(TagKind::Sha1Base64, length, separator, SECRETS);
    let url = onward(TagKind::Sha1Base64Url, length, separator, SECRETS);
    let (mut rewritten, mut too_long) = (0, 0);
    for (sender, back) in senders() {
        let mailbox = Mailbox::parse(&sender).unwrap();
        let theirs = postsrsd.forward(&sender).unwrap();
        match ours.forward(&mailbox, &ours.settings().domain, now()) {
            Forwarded::Rewritten(there) => {
                assert_eq!(postsrsd.reverse(&there.to_string()), Ok(back.clone()), "{sender}");
                for rewriter in [&ours, &url] {
                    assert_eq!(reversed(rewriter, &theirs), back, "{sender}");
                    let folded = theirs.to_ascii_lowercase();
                    assert!(reversed(rewriter, &folded).eq_ignore_ascii_case(&back), "{sender}");
                }
                rewritten += 1;
            }
            Forwarded::TooLong => {
                let (local, _) = theirs.split_once('@').unwrap();
                assert!(local.len() > 64, "{theirs}");
                too_long += 1;
            }
            Forwarded::Unchanged => panic!("{sender} stayed"),
        }
    }
    assert!(rewritten > 250 && too_long > 50, "{rewritten} rewritten, {too_long} too long");
}

fn skipped() -> bool {
    if Path::new(POSTSRSD).exists() {
        return false;
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{POSTSRSD} is missing");
    eprintln!("skipped: {POSTSRSD} is missing (apt-get install postsrsd)");
    true
}

#[test]
fn each_reverses_what_the_other_made() {
    if !skipped() {
        both_ways("=", 4);
        both_ways("+", 4);
        both_ways("-", 8);
    }
}

#[test]
fn each_takes_the_older_secret_and_refuses_an_unknown_one() {
    if skipped() {
        return;
    }
    let mut postsrsd = PostSrsd::start("=", 4);
    let sender = Mailbox::parse("alice@example.com").unwrap();
    let made_with = |secret: &str| {
        let rewriter = onward(TagKind::Sha1Base64, 4, "=", secret);
        match rewriter.forward(&sender, &rewriter.settings().domain, now()) {
            Forwarded::Rewritten(there) => there.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(postsrsd.reverse(&made_with("the one before")), Ok(sender.to_string()));
    assert!(postsrsd.reverse(&made_with("the one be4ore")).is_err());

    let theirs = postsrsd.forward(&sender.to_string()).unwrap();
    let second = onward(TagKind::Sha1Base64, 4, "=", "newest\na new secret, with spaces ");
    assert_eq!(reversed(&second, &theirs), sender.to_string());
    let stranger = onward(TagKind::Sha1Base64, 4, "=", "a new secret, with spaces");
    assert!(stranger.reverse(&Mailbox::parse(&theirs).unwrap(), now()).is_err());
}
