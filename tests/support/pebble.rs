//! Pebble, the ACME server of Let's Encrypt's own tests.

use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use super::certificates::Authority;
use super::peer;
use super::port::free_address;
use super::process::Process;

pub struct Pebble {
    address: SocketAddr,
    management: SocketAddr,
    _directory: TempDir,
    process: Process,
}

impl Pebble {
    /// Asks for challenges on port `http`, and name servers at `dns`. `None`: skip.
    pub fn start(authority: &Authority, http: u16, dns: SocketAddr) -> Option<Self> {
        let program = peer::program("pebble")?;
        let (address, management) = (free_address(), free_address());
        let pair = authority.issue("localhost", "pebble");
        let config = serde_json::json!({ "pebble": {
            "listenAddress": address.to_string(),
            "managementListenAddress": management.to_string(),
            "certificate": pair.certificate,
            "privateKey": pair.key,
            "httpPort": http,
            "tlsPort": 5001,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pebble.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new(program);
        command.arg("-config").arg(&file).args(["-dnsserver", &dns.to_string(), "-strict"]);
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "20");
        let process = Process::spawn("pebble", &mut command);
        process.wait_for_line("its start", |line| line.contains("ACME directory available"));
        Some(Self { address, management, _directory: directory, process })
    }

    /// For `tls.acme`.
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.address.port())
    }

    /// Where its management listens.
    pub fn management(&self) -> SocketAddr {
        self.management
    }

    /// What a URL of its management begins with: `/roots/0` is the authority of what it issues.
    pub fn managed(&self) -> String {
        format!("https://localhost:{}", self.management.port())
    }

    pub fn wait_for_log(&self, text: &str) {
        self.process.wait_for_line(text, |line| line.contains(text));
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.process.end();
    }
}
