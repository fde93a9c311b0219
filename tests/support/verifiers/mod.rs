//! Independent verifiers of mail authentication, and a signer: dkimpy, pyspf and authheaders in a
//! child process (`tests/verifiers/`), and Debian's spfquery.

pub mod findings;
mod published;
mod sign;
mod strict;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{ChildStdin, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use serde_json::{Value, json};

pub use findings::{Findings, Signature};
pub use published::{facts, published};
pub use sign::Signing;
pub use strict::{judge, strict};

use super::dns::Dns;
use super::peer;
use super::process::Process;
use super::receiver::Message;

/// The running verifiers; they ask the name server of each question and no other.
pub struct Verifiers {
    process: Process,
    questions: Mutex<ChildStdin>,
    asked: AtomicUsize,
}

/// A message as it comes to a receiver.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    pub client: IpAddr,
    pub helo: &'a str,
    /// Empty: the null reverse-path, and SPF is that of `helo`.
    pub mail_from: &'a str,
    pub message: &'a [u8],
}

impl<'a> Arrival<'a> {
    /// From 127.0.0.1, whose name is `mx.example.org`, as Onward's in these tests.
    pub fn from_onward(mail_from: &'a str, message: &'a [u8]) -> Self {
        Self { client: Ipv4Addr::LOCALHOST.into(), helo: "mx.example.org", mail_from, message }
    }

    /// What a scripted receiver took or refused.
    pub fn of(message: &'a Message) -> Self {
        Self::from_onward(&message.from, &message.data)
    }
}

impl Verifiers {
    /// Starts them. `None` means: skip, as with [`peer::program`].
    pub fn start() -> Option<Arc<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/verifiers/bin/python");
        let complete = root.join("target/verifiers/requirements.txt").is_file();
        if !complete {
            peer::skipped("target/verifiers is not there: tests/run makes it");
            return None;
        }
        let mut command = Command::new(python);
        // -B: no byte code beside the sources.
        command.arg("-B").arg(root.join("tests/verifiers/serve.py"));
        let (process, questions) = Process::spawn_fed("the verifiers", &mut command);
        let asked = AtomicUsize::new(0);
        Some(Arc::new(Self { process, questions: Mutex::new(questions), asked }))
    }

    /// All that a receiver would find.
    pub fn verify(&self, dns: SocketAddr, arrival: &Arrival<'_>) -> Findings {
        let answer = self.ask(json!({
            "operation": "verify",
            "message": BASE64.encode(arrival.message),
            "dns_server": [dns.ip().to_string(), dns.port()],
            "client": arrival.client.to_string(),
            "helo": arrival.helo,
            "mail_from": arrival.mail_from,
        }));
        serde_json::from_value(answer).unwrap()
    }

    /// The signatures alone, the topmost first.
    pub fn verify_dkim(&self, dns: SocketAddr, message: &[u8]) -> Vec<Signature> {
        let answer = self.ask(json!({
            "operation": "verify_dkim",
            "message": BASE64.encode(message),
            "dns_server": [dns.ip().to_string(), dns.port()],
        }));
        serde_json::from_value(answer["dkim"].clone()).unwrap()
    }

    /// The answer to one request; several threads may wait for theirs.
    fn ask(&self, mut question: Value) -> Value {
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        question["id"] = id.into();
        let mut pipe = self.questions.lock().unwrap();
        writeln!(pipe, "{question}").expect("the verifiers are running");
        drop(pipe);
        let begin = format!("{{\"id\": {id}, ");
        let line = self.process.wait_for_line(&begin, |line| line.starts_with(&begin));
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert!(answer["error"].is_null(), "the verifiers: {}", answer["error"]);
        answer
    }
}

/// What Debian's spfquery (Mail::SPF) says of MAIL FROM, as `pass`. `None` means: skip.
pub fn spfquery(dns: &Dns, arrival: &Arrival<'_>) -> Option<String> {
    let mut command = Command::new(peer::program("spfquery")?);
    command
        .args(["--scope", "mfrom", "--identity", arrival.mail_from])
        .args(["--ip-address", &arrival.client.to_string(), "--helo-identity", arrival.helo])
        // How Net::DNS is told of another name server.
        .env("RES_NAMESERVERS", dns.address().ip().to_string())
        .env("RES_OPTIONS", format!("port:{}", dns.address().port()));
    let mut process = Process::spawn("spfquery", &mut command);
    process.wait_exit(super::DEADLINE);
    process.finished_output().lines().next().map(str::to_owned)
}
