//! Unbound, with zones of the test's own.

use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use super::peer;
use super::port::free_address;
use super::process::Process;

pub struct Unbound {
    address: SocketAddr,
    _directory: TempDir,
    process: Process,
}

impl Unbound {
    /// Knows these records, in the form of zone files, and that nothing else exists. `None`: skip.
    pub fn start(records: &[&str]) -> Option<Self> {
        let program = peer::program("unbound")?;
        let address = free_address();
        let directory = tempfile::tempdir().unwrap();
        let mut config = format!(
            "server:\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n directory: \"{0}\"\n pidfile: \"\"\n \
             use-syslog: no\n interface: {1}@{2}\n access-control: 127.0.0.0/8 allow\n \
             module-config: \"iterator\"\n num-threads: 1\n outgoing-range: 64\n verbosity: 1\n \
             local-zone: \"2.0.192.in-addr.arpa.\" nodefault\n local-zone: \".\" static\n",
            directory.path().display(),
            address.ip(),
            address.port()
        );
        for record in records {
            config.push_str(&format!(" local-data: '{record}'\n"));
        }
        config.push_str("remote-control:\n control-enable: no\n");
        let file = directory.path().join("unbound.conf");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(program);
        command.arg("-d").arg("-c").arg(&file);
        let process = Process::spawn("unbound", &mut command);
        process.wait_for_line("its start", |line| line.contains("start of service"));
        Some(Self { address, _directory: directory, process })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        self.process.end();
    }
}
