use crate::{rate::ClientBlock, reply::Reply};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// For how long a forged SRS address counts against its client.
const BAD_TAG_WINDOW: Duration = Duration::from_secs(3600);
/// Clients remembered at once; only those without connection and without bad tags are forgotten.
const MAX_CLIENTS: usize = 65_536;

/// Who is connected, how often, and who has been guessing SRS tags.
#[derive(Debug)]
pub struct Clients {
    max: AtomicUsize,
    max_per_client: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    connections: usize,
    clients: HashMap<ClientBlock, Tally>,
}

/// What is counted against one client.
#[derive(Debug, Default)]
struct Tally {
    connections: usize,
    bad_tags: u32,
    window_began: Option<Instant>,
}

/// The right to be connected; given back on drop.
#[derive(Debug)]
pub struct Admission {
    clients: Arc<Clients>,
    key: Option<ClientBlock>,
}

impl Clients {
    /// Limits are `limits.connections` and `limits.connections_per_client`.
    pub fn new(max: usize, max_per_client: usize) -> Self {
        Self { max: max.into(), max_per_client: max_per_client.into(), table: Mutex::default() }
    }

    /// Changes the limits, from now on.
    pub fn set_limits(&self, max: usize, max_per_client: usize) {
        self.max.store(max, Ordering::Relaxed);
        self.max_per_client.store(max_per_client, Ordering::Relaxed);
    }

    /// Counts a new connection. `ip` is `None` for a unix socket, which only the total limits.
    ///
    /// # Errors
    /// The 421 to answer when a limit is reached.
    pub fn admit(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<Admission, Reply> {
        let key = ip.map(ClientBlock::of);
        let mut table = self.table.lock();
        if table.connections >= self.max.load(Ordering::Relaxed) {
            return Err(Reply::too_many_connections());
        }
        if let Some(key) = key {
            table.make_room();
            let client = table.clients.entry(key).or_default();
            if client.connections >= self.max_per_client.load(Ordering::Relaxed) {
                return Err(Reply::too_many_connections());
            }
            client.connections += 1;
        }
        table.connections += 1;
        drop(table);
        Ok(Admission { clients: Arc::clone(self), key })
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.table.lock().connections
    }
}

impl Table {
    fn make_room(&mut self) {
        if self.clients.len() >= MAX_CLIENTS {
            self.clients.retain(|_, client| client.connections > 0 || client.recent() > 0);
        }
        if self.clients.len() >= MAX_CLIENTS {
            self.clients.retain(|_, client| client.connections > 0);
        }
    }
}

impl Tally {
    fn recent(&self) -> u32 {
        match self.window_began {
            Some(began) if began.elapsed() < BAD_TAG_WINDOW => self.bad_tags,
            _ => 0,
        }
    }
}

impl Admission {
    /// Forged SRS addresses that this client tried within the last hour, in this session and others.
    pub fn bad_tags(&self) -> u32 {
        let table = self.clients.table.lock();
        self.key.and_then(|key| table.clients.get(&key)).map_or(0, Tally::recent)
    }

    /// Counts a forged SRS address against the client.
    pub fn count_bad_tag(&self) {
        let mut table = self.clients.table.lock();
        if let Some(client) = self.key.and_then(|key| table.clients.get_mut(&key)) {
            if client.recent() == 0 {
                client.bad_tags = 0;
                client.window_began = Some(Instant::now());
            }
            client.bad_tags = client.bad_tags.saturating_add(1);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut table = self.clients.table.lock();
        table.connections = table.connections.saturating_sub(1);
        let Some(key) = self.key else { return };
        if let Some(client) = table.clients.get_mut(&key) {
            client.connections = client.connections.saturating_sub(1);
            if client.connections == 0 && client.recent() == 0 {
                table.clients.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn limits_in_all_and_per_client() {
        let clients = Arc::new(Clients::new(3, 2));
        let first = clients.admit(ip("2001:db8::1")).unwrap();
        let _second = clients.admit(ip("2001:db8::ffff:2")).unwrap();
        assert!(clients.admit(ip("2001:db8::3")).is_err(), "third of one /64");
        let _third = clients.admit(ip("192.0.2.1")).unwrap();
        assert!(clients.admit(None).is_err(), "fourth in all");
        drop(first);
        assert!(clients.admit(ip("::ffff:192.0.2.1")).is_ok());
        assert_eq!(clients.connections(), 2);
    }

    #[test]
    fn bad_tags_outlive_the_session() {
        let clients = Arc::new(Clients::new(9, 9));
        let admission = clients.admit(ip("192.0.2.1")).unwrap();
        admission.count_bad_tag();
        admission.count_bad_tag();
        drop(admission);
        assert_eq!(clients.admit(ip("192.0.2.1")).unwrap().bad_tags(), 2);
        assert_eq!(clients.admit(ip("192.0.2.2")).unwrap().bad_tags(), 0);
        assert_eq!(
            clients.table.lock().clients.len(),
            1,
            "nothing is kept of a client without bad tags"
        );
    }
}
