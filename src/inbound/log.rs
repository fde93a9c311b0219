use super::Peer;
use crate::{
    clock,
    config::{IpNet, Limits},
    rate::ClientLines,
};
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::sleep;

/// Most clients of which something is kept at once.
const CAPACITY: usize = 65_536;
/// How often it is told what was left out.
const TELL: Duration = Duration::from_mins(1);

/// Keeps clients from filling the log (`limits.log_lines_per_client`).
#[derive(Debug)]
pub struct LogBudget(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    lines: ClientLines,
    exempt: Vec<IpNet>,
}

impl LogBudget {
    /// A budget by these limits, of which nothing is used yet.
    pub fn new(limits: &Limits) -> Self {
        let lines = ClientLines::new(limits.log_lines_per_client, CAPACITY);
        Self(Mutex::new(Kept { lines, exempt: limits.exempt.clone() }))
    }

    /// Goes by other limits from now on.
    pub fn set_limits(&self, limits: &Limits) {
        let mut kept = self.0.lock();
        kept.lines.set_rate(limits.log_lines_per_client);
        kept.exempt.clone_from(&limits.exempt);
    }

    /// Whether to log something that a client can repeat as often as it likes. What is left out is counted. Whoever may
    /// use a unix socket is not bounded.
    pub fn allows(&self, client: &Peer) -> bool {
        let Some(ip) = client.ip else { return true };
        let mut kept = self.0.lock();
        kept.exempt.iter().any(|net| net.contains(ip))
            || kept.lines.take(ip, clock::steady_millis())
    }

    /// Logs each minute what was left out, for ever.
    pub async fn tell(&self) {
        loop {
            sleep(TELL).await;
            self.tell_now();
        }
    }

    /// Logs what was left out so far.
    pub fn tell_now(&self) {
        let left_out = self.0.lock().lines.left_out();
        for (client, lines) in left_out.by_client {
            tracing::warn!(%client, lines, "lines about this client were left out");
        }
        if left_out.elsewhere > 0 {
            let lines = left_out.elsewhere;
            tracing::warn!(lines, "lines about further clients were left out");
        }
    }
}
