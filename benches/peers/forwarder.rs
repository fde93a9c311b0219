//! The forwarders, each in a throw-away set-up: the mail of `u@fwd.test` goes on to `u@sink.test`, its reverse-path rewritten by
//! SRS.

use super::{exim::Exim, usage};
use crate::support::{dns::Dns, onward::Onward, postfix::Postfix, postsrsd::PostSrsd, wait_until};
use std::{
    fs::File,
    net::{SocketAddr, TcpStream},
    process::{Child, Command},
    time::Duration,
};

/// The address that is forwarded.
pub const ALIAS: &str = "u@fwd.test";
/// Where it leads.
pub const MAILBOX: &str = "u@sink.test";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No forwarder: the load goes to the receiver.
    Direct,
    /// Onward with `[auth]` off.
    Unchecked,
    /// Onward as it comes: SPF, DKIM and DMARC, whose answers DNS has cached.
    Checked,
    /// The same, and forwards are signed by an RSA key of 2048 bits.
    Signed,
    /// Postfix with PostSRSd 1.10.
    Postfix,
    /// Exim with its own SRS.
    Exim,
}

/// All of them, in the order of the tables.
pub const ALL: [Kind; 6] =
    [Kind::Direct, Kind::Unchecked, Kind::Checked, Kind::Signed, Kind::Postfix, Kind::Exim];

impl Kind {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Unchecked => "onward, no checks",
            Self::Checked => "onward",
            Self::Signed => "onward, signed",
            Self::Postfix => "postfix+postsrsd",
            Self::Exim => "exim",
        }
    }

    /// Whether it is a peer of Onward.
    pub fn is_peer(self) -> bool {
        matches!(self, Self::Postfix | Self::Exim)
    }
}

/// A forwarder that runs.
pub struct Forwarder {
    kind: Kind,
    address: SocketAddr,
    /// Its processes, or what began them.
    processes: Vec<u32>,
    _parts: Parts,
}

#[allow(dead_code)]
enum Parts {
    Nothing,
    Onward(Daemon, Onward, Dns),
    Postfix(Postfix, PostSrsd),
    Exim(Exim),
}

impl Forwarder {
    /// Starts one that sends on to `sink`; an error says what it wants.
    pub fn start(kind: Kind, sink: SocketAddr) -> Result<Self, &'static str> {
        let (address, processes, parts) = match kind {
            Kind::Direct => (sink, Vec::new(), Parts::Nothing),
            Kind::Unchecked | Kind::Checked | Kind::Signed => onward(kind, sink),
            Kind::Postfix => {
                postfix(sink).ok_or("wants root, and Debian's packages postfix and postsrsd")?
            }
            Kind::Exim => {
                let exim = Exim::start(sink)?;
                (exim.address(), vec![exim.process_id()], Parts::Exim(exim))
            }
        };
        Ok(Self { kind, address, processes, _parts: parts })
    }

    /// Which one it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it takes mail.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whom the load writes to.
    pub fn recipient(&self) -> &'static str {
        if self.kind == Kind::Direct { MAILBOX } else { ALIAS }
    }

    /// The time that it had of the processors so far.
    pub fn cpu(&self) -> Duration {
        usage::cpu(&self.processes)
    }

    /// The octets that it has.
    pub fn memory(&self) -> u64 {
        usage::memory(&self.processes)
    }
}

/// A daemon whose log goes to a file.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn onward(kind: Kind, sink: SocketAddr) -> (SocketAddr, Vec<u32>, Parts) {
    let dns = Dns::start();
    dns.keep(3600);
    dns.a("client.sender.test", [127, 0, 0, 1].into());
    dns.txt("sender.test", "v=spf1 ip4:127.0.0.1 -all");
    dns.txt("_dmarc.sender.test", "v=DMARC1; p=none");
    let mut builder = Onward::builder()
        .dns(&dns)
        .without_rates()
        .config("hostname = \"mx.fwd.test\"")
        .config("srs.domain = \"fwd.test\"")
        .config("limits.connections_per_client = 1000")
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
    let daemon = Daemon(command.spawn().unwrap());
    let address = onward.address();
    wait_until("onward to listen", || TcpStream::connect(address).ok());
    let process = daemon.0.id();
    (address, vec![process], Parts::Onward(daemon, onward, dns))
}

fn postfix(sink: SocketAddr) -> Option<(SocketAddr, Vec<u32>, Parts)> {
    let postsrsd = PostSrsd::start("fwd.test", &["the secret of the benchmark"])?;
    let [forward, _] = postsrsd.addresses();
    let postfix = Postfix::builder()?
        .set("myhostname", "mx.fwd.test")
        .set("virtual_alias_domains", "fwd.test")
        .set("virtual_alias_maps", &format!("inline:{{ {ALIAS}={MAILBOX} }}"))
        .set("sender_canonical_maps", &format!("tcp:{forward}"))
        .set("sender_canonical_classes", "envelope_sender")
        .set("transport_maps", &format!("inline:{{ sink.test=smtp:[127.0.0.1]:{} }}", sink.port()))
        .set("smtpd_client_connection_count_limit", "0")
        .start();
    let processes = vec![postfix.process_id(), postsrsd.process_id()];
    Some((postfix.address(), processes, Parts::Postfix(postfix, postsrsd)))
}
