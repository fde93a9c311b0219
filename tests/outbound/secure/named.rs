//! BIND 9 with zones that its own programmes sign.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};
use tempfile::TempDir;

pub(super) struct Named {
    pub(super) address: SocketAddr,
    directory: TempDir,
    process: Child,
}

/// What becomes of a zone below `test.`
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    Signed,
    /// And changed afterwards.
    Bogus,
    Unsigned,
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let directories = path.split(':').chain(["/usr/sbin"]);
    let found = directories.map(|directory| Path::new(directory).join(program));
    found.into_iter().find(|file| file.is_file())
}

impl Named {
    /// Serves `test.` and these zones of it. `None`: skip, which CI does not allow.
    pub(super) fn start(zones: &[(&str, Signing, &str)]) -> Option<Self> {
        let Some(named) = find("named") else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "named is not installed");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let mut parent = String::new();
        let mut conf = String::new();
        for (zone, signing, records) in zones {
            fs::write(at.join(zone), head(zone) + records).unwrap();
            parent.push_str(&format!("{zone}. NS ns.test.\n"));
            let mut file = (*zone).to_owned();
            if *signing != Signing::Unsigned {
                file = sign(at, zone);
                parent.push_str(&fs::read_to_string(at.join(format!("dsset-{zone}."))).unwrap());
            }
            if *signing == Signing::Bogus {
                let signed = fs::read_to_string(at.join(&file)).unwrap();
                fs::write(
                    at.join(&file),
                    signed
                        .replace("127.0.0.66", "127.0.0.67")
                        .replace("TLSA\t3 1 1", "TLSA\t3 0 1"),
                )
                .unwrap();
            }
            conf.push_str(&format!("zone \"{zone}\" {{ type primary; file \"{file}\"; }};\n"));
        }
        fs::write(at.join("test"), head("test") + &parent).unwrap();
        let file = sign(at, "test");
        conf.push_str(&format!("zone \"test\" {{ type primary; file \"{file}\"; }};\n"));
        let address = free_address();
        let options = format!(
            "options {{ directory \"{0}\"; listen-on port {1} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
             recursion no; dnssec-validation no; notify no; pid-file \"{0}/pid\";\n\
             session-keyfile \"{0}/session\"; }};\ncontrols {{ }};\n{conf}",
            at.display(),
            address.port()
        );
        fs::write(at.join("named.conf"), options).unwrap();
        let mut process = Command::new(named)
            .args(["-g", "-4", "-c", "named.conf"])
            .current_dir(at)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut told = Vec::new();
        // It says so when it has all zones and listens.
        while told.last().is_none_or(|line: &String| !line.ends_with(" running")) {
            told.push(log.next().unwrap_or_else(|| panic!("named ended: {}", told.join("\n"))));
        }
        thread::spawn(move || log.for_each(drop));
        Some(Self { address, directory, process })
    }

    /// The key that proves `test.`
    pub(super) fn trust_anchor(&self) -> PathBuf {
        let mut files = fs::read_dir(self.directory.path().join("keys-test")).unwrap();
        let key = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "key");
        files.find_map(|file| Some(file.unwrap().path()).filter(key)).unwrap()
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn head(zone: &str) -> String {
    format!(
        "$TTL 300\n$ORIGIN {zone}.\n@ SOA ns.test. hostmaster.test. 1 3600 600 86400 300\n@ NS ns.test.\n{}",
        if zone == "test" { "ns A 127.0.0.1\n" } else { "" }
    )
}

/// With one key for all; gives the name of the signed file.
fn sign(directory: &Path, zone: &str) -> String {
    let keys = format!("keys-{zone}");
    fs::create_dir(directory.join(&keys)).unwrap();
    run(
        directory,
        "dnssec-keygen",
        &["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K", &keys, zone],
    );
    let signed = format!("{zone}.signed");
    run(
        directory,
        "dnssec-signzone",
        &["-q", "-S", "-z", "-K", &keys, "-o", zone, "-f", &signed, zone],
    );
    signed
}

fn run(directory: &Path, program: &str, arguments: &[&str]) {
    let program = find(program).unwrap();
    let done = Command::new(program).args(arguments).current_dir(directory).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn free_address() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
