//! The forwarders, each in a throw-away set-up: the mail of `u@fwd.test` goes on to `u@sink.test`, its reverse-path rewritten by
//! SRS.

use super::{
    daemon::Daemon,
    exim::Exim,
    kind::{ALIAS, Kind, MAILBOX},
    usage,
};
use crate::support::{postfix::Postfix, postsrsd::PostSrsd};
use std::{net::SocketAddr, time::Duration};

/// A forwarder that runs.
pub struct Forwarder {
    kind: Kind,
    address: SocketAddr,
    /// Its processes, or what began them.
    processes: Vec<u32>,
    parts: Parts,
}

enum Parts {
    Nothing,
    Onward(Daemon),
    Postfix(Postfix, #[allow(dead_code)] PostSrsd),
    Exim(#[allow(dead_code)] Exim),
}

/// What is still under way when the destination goes is over by then.
const SETTLES: Duration = Duration::from_secs(600);

impl Forwarder {
    /// Starts those that can be started, and says what the others want.
    pub fn start_all(kinds: &[Kind], sink: SocketAddr) -> Vec<Self> {
        let start = |kind: &Kind| match Self::start(*kind, sink) {
            Ok(forwarder) => Some(forwarder),
            Err(why) => {
                println!("left out: {} {why}", kind.name());
                None
            }
        };
        kinds.iter().filter_map(start).collect()
    }

    /// Starts one that sends on to `sink`; an error says what it wants.
    fn start(kind: Kind, sink: SocketAddr) -> Result<Self, &'static str> {
        let (address, processes, parts) = match kind {
            Kind::Direct => (sink, Vec::new(), Parts::Nothing),
            Kind::Unchecked | Kind::Checked | Kind::Signed => {
                let daemon = Daemon::start(kind, sink);
                (daemon.address(), vec![daemon.process_id()], Parts::Onward(daemon))
            }
            Kind::Postfix => {
                postfix(sink).ok_or("wants root, and Debian's packages postfix and postsrsd")?
            }
            Kind::Exim => {
                let exim = Exim::start(sink)?;
                (exim.address(), vec![exim.process_id()], Parts::Exim(exim))
            }
        };
        Ok(Self { kind, address, processes, parts })
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

    /// Waits until it has put off all that it took: what Postfix is trying by then, a flush would miss.
    pub fn settle(&self) {
        if let Parts::Postfix(postfix, _) = &self.parts {
            postfix.wait_until_idle(SETTLES);
        }
    }

    /// Has it try all that it keeps, as an administrator does when a destination is back.
    pub fn retry(&self) {
        match &self.parts {
            Parts::Onward(daemon) => daemon.retry(),
            Parts::Postfix(postfix, _) => postfix.flush(),
            Parts::Nothing | Parts::Exim(_) => {}
        }
    }
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
