//! Onward in a throw-away set-up: as it comes, but for the limits that the load would meet, since all of it comes from one client
//! and goes to one alias.

use super::{
    kind::{ALIAS, Kind, MAILBOX},
    usage,
};
use crate::support::{dns::Dns, onward::Onward, wait_until};
use std::{
    fs::File,
    net::{SocketAddr, TcpStream},
    process::{Child, Command},
};

/// A daemon whose log goes to a file.
pub struct Daemon {
    process: Child,
    onward: Onward,
    _dns: Dns,
}

/// What DNS says of who writes.
pub fn dns() -> Dns {
    let dns = Dns::start();
    dns.keep(3600);
    dns.a("client.sender.test", [127, 0, 0, 1].into());
    vouch(&dns, "sender.test");
    dns
}

/// Whoever is on this machine may write in the name of this domain.
pub fn vouch(dns: &Dns, domain: &str) {
    dns.txt(domain, "v=spf1 ip4:127.0.0.1 -all");
    dns.txt(&format!("_dmarc.{domain}"), "v=DMARC1; p=none");
}

impl Daemon {
    /// Starts one that sends on to `sink`.
    pub fn start(kind: Kind, sink: SocketAddr) -> Self {
        let dns = dns();
        let name_server = dns.address();
        Self::start_with(kind, sink, dns, name_server)
    }

    /// The same with a name server that has what it says from `dns`.
    pub fn start_with(kind: Kind, sink: SocketAddr, dns: Dns, name_server: SocketAddr) -> Self {
        let mut builder = Onward::builder()
            .name_server(name_server)
            .without_rates()
            .config("hostname = \"mx.fwd.test\"")
            .config("srs.domain = \"fwd.test\"")
            .config("limits.connections = 12000")
            .config("limits.connections_per_client = 12000")
            .config("spool.max_messages = 1000000")
            .route("sink.test", &sink.to_string())
            .domain("fwd.test")
            .alias(ALIAS, &[MAILBOX]);
        if kind == Kind::Unchecked {
            let checks = ["spf", "dkim", "dmarc"];
            builder = checks
                .iter()
                .fold(builder, |builder, check| builder.config(&format!("auth.{check} = \"off\"")));
        }
        if kind == Kind::Signed {
            builder = builder.run_first(&["dkim", "key", "add", "fwd.test"]);
        }
        let onward = builder.build();
        let log = File::create(onward.state_dir().join("log")).unwrap();
        let mut command = Command::new(onward.program());
        command.arg("--config").arg(onward.config_path()).arg("serve").stderr(log);
        let daemon = Self { process: command.spawn().unwrap(), onward, _dns: dns };
        wait_until("onward to listen", || TcpStream::connect(daemon.address()).ok());
        daemon
    }

    /// Where it takes mail.
    pub fn address(&self) -> SocketAddr {
        self.onward.address()
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What it has in memory, in octets, whatever it shares (RSS).
    pub fn resident(&self) -> u64 {
        usage::resident(self.process.id())
    }

    /// The most that it had so far.
    pub fn peak(&self) -> u64 {
        usage::peak(self.process.id())
    }

    /// Has it try all that is spooled.
    pub fn retry(&self) {
        self.onward.run(&["queue", "retry", "--all"]);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}
