use crate::{config::IpNet, rate::ClientBlock, reply::Reply};
use parking_lot::Mutex;
use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// How many clients' worth of connections the network around a client has.
const AROUND: usize = 4;

/// Who is connected, and how often.
#[derive(Debug)]
pub struct Clients(Mutex<Table>);

/// How many connections there may be.
#[derive(Debug, Clone, Default)]
pub struct ClientLimits {
    /// In all.
    pub all: usize,
    /// Of a client; four times that of the network around it.
    pub per_client: usize,
    /// Clients that only the number in all applies to.
    pub exempt: Vec<IpNet>,
}

#[derive(Debug)]
struct Table {
    limits: ClientLimits,
    connections: usize,
    /// Those of each client, and of each network around one. Whoever has none is not in it.
    blocks: HashMap<ClientBlock, usize>,
}

/// The right to be connected; given back on drop.
#[derive(Debug)]
pub struct Admission {
    clients: Arc<Clients>,
    blocks: Option<[ClientBlock; 2]>,
}

impl Clients {
    /// Nobody is connected.
    pub fn new(limits: ClientLimits) -> Self {
        Self(Mutex::new(Table { limits, connections: 0, blocks: HashMap::new() }))
    }

    /// Changes the limits, from now on.
    pub fn set_limits(&self, limits: ClientLimits) {
        self.0.lock().limits = limits;
    }

    /// Counts a new connection. `ip` is `None` for a unix socket, which only the total limits.
    ///
    /// # Errors
    /// The 421 to answer when a limit is reached.
    pub fn admit(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<Admission, Reply> {
        let table = &mut *self.0.lock();
        if table.connections >= table.limits.all {
            return Err(Reply::too_many_connections());
        }
        let counted = ip.filter(|ip| !table.limits.exempt.iter().any(|net| net.contains(*ip)));
        let blocks = counted.map(|ip| [ClientBlock::of(ip), ClientBlock::around(ip)]);
        let per_client = table.limits.per_client;
        let most = [per_client, per_client.saturating_mul(AROUND)];
        for (block, most) in blocks.iter().flatten().zip(most) {
            if table.blocks.get(block).is_some_and(|open| *open >= most) {
                return Err(Reply::too_many_connections_of(&block.to_string(), most));
            }
        }
        for block in blocks.iter().flatten() {
            *table.blocks.entry(*block).or_default() += 1;
        }
        table.connections += 1;
        Ok(Admission { clients: Arc::clone(self), blocks })
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.0.lock().connections
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut table = self.clients.0.lock();
        table.connections = table.connections.saturating_sub(1);
        for block in self.blocks.iter().flatten() {
            if let Some(open) = table.blocks.get_mut(block) {
                *open = open.saturating_sub(1);
                if *open == 0 {
                    table.blocks.remove(block);
                }
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

    fn clients(all: usize, per_client: usize, exempt: &[&str]) -> Arc<Clients> {
        let exempt = exempt.iter().map(|net| net.parse().unwrap()).collect();
        Arc::new(Clients::new(ClientLimits { all, per_client, exempt }))
    }

    #[test]
    fn limits_in_all_and_per_client() {
        let clients = clients(3, 2, &[]);
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
    fn twenty_neighbours_have_four_times_what_one_has() {
        let clients = clients(1000, 2, &[]);
        let admit = |host: u8| clients.admit(ip(&format!("192.0.2.{host}")));
        let admitted: Vec<_> = (0..20).filter_map(|host| admit(host).ok()).collect();
        assert_eq!(admitted.len(), 8);
        let told = admit(30).unwrap_err().to_string();
        assert!(told.contains("192.0.2.0/24") && told.contains('8'), "{told}");
        assert!(clients.admit(ip("192.0.3.1")).is_ok(), "another network");
        drop(admitted);
        assert!(clients.0.lock().blocks.is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn an_exempt_peer_is_limited_with_all_others_only() {
        let clients = clients(5, 1, &["192.0.2.0/24"]);
        let admitted: Vec<_> = (0..9).filter_map(|_| clients.admit(ip("192.0.2.9")).ok()).collect();
        assert_eq!(admitted.len(), 5);
    }
}
