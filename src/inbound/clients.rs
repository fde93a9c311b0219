use crate::{
    config::IpNet,
    rate::{AROUND, ClientBlock},
    reply::Reply,
};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};
use tokio::sync::watch;

/// The part of all places that are for clients of whom mail was taken before.
const RESERVE: usize = 10;
/// The part of all places that may be free before they run short.
const FREE: usize = 5;
/// Clients of whom mail was taken that are known at once.
const KNOWN: usize = 10_000;

/// Who is connected, and how often.
#[derive(Debug)]
pub struct Clients {
    table: Mutex<Table>,
    is_short: watch::Sender<bool>,
}

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
    proven: Proven,
}

/// Clients of whom mail was taken; beyond [`KNOWN`], those of whom that is longest ago are forgotten.
#[derive(Debug, Default)]
struct Proven {
    turns: HashMap<ClientBlock, u64>,
    by_turn: BTreeMap<u64, ClientBlock>,
    turn: u64,
}

/// The right to be connected; given back on drop.
#[derive(Debug)]
pub struct Admission {
    clients: Arc<Clients>,
    blocks: Option<[ClientBlock; 2]>,
    is_proven: bool,
}

impl Clients {
    /// Nobody is connected.
    pub fn new(limits: ClientLimits) -> Self {
        let (blocks, proven) = (HashMap::new(), Proven::default());
        Self {
            table: Mutex::new(Table { limits, connections: 0, blocks, proven }),
            is_short: watch::Sender::new(false),
        }
    }

    /// Changes the limits, from now on.
    pub fn set_limits(&self, limits: ClientLimits) {
        let table = &mut *self.table.lock();
        table.limits = limits;
        self.look(table);
    }

    /// Counts a new connection. `ip` is `None` for a unix socket, which only the total limits.
    ///
    /// # Errors
    /// The 421 to answer when a limit is reached.
    pub fn admit(self: &Arc<Self>, ip: Option<IpAddr>) -> Result<Admission, Reply> {
        let table = &mut *self.table.lock();
        let counted = ip.filter(|ip| !table.limits.exempt.iter().any(|net| net.contains(*ip)));
        let blocks = counted.map(|ip| [ClientBlock::of(ip), ClientBlock::around(ip)]);
        // Whoever is not counted is a peer of ours.
        let is_proven = blocks.is_none_or(|[own, _]| table.proven.turns.contains_key(&own));
        let all = table.limits.all;
        if table.connections >= if is_proven { all } else { all - all / RESERVE } {
            return Err(Reply::too_many_connections());
        }
        let per_client = table.limits.per_client;
        let most = [per_client, per_client.saturating_mul(AROUND.get() as usize)];
        for (block, most) in blocks.iter().flatten().zip(most) {
            if table.blocks.get(block).is_some_and(|open| *open >= most) {
                return Err(Reply::too_many_connections_of(&block.to_string(), most));
            }
        }
        for block in blocks.iter().flatten() {
            *table.blocks.entry(*block).or_default() += 1;
        }
        table.connections += 1;
        self.look(table);
        Ok(Admission { clients: Arc::clone(self), blocks, is_proven })
    }

    /// Tells whether places run short now.
    fn look(&self, table: &Table) {
        let Table { limits: ClientLimits { all, .. }, connections, .. } = table;
        let is_short = *connections > all - all / FREE;
        self.is_short.send_if_modified(|was| std::mem::replace(was, is_short) != is_short);
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.table.lock().connections
    }
}

impl Proven {
    fn add(&mut self, client: ClientBlock) {
        self.turn += 1;
        if let Some(before) = self.turns.insert(client, self.turn) {
            self.by_turn.remove(&before);
        }
        self.by_turn.insert(self.turn, client);
        if self.turns.len() > KNOWN
            && let Some((_, oldest)) = self.by_turn.pop_first()
        {
            self.turns.remove(&oldest);
        }
    }
}

impl Admission {
    /// Whether places run short for this client; never for one of whom mail was taken before.
    pub(super) fn shortage(&self) -> watch::Receiver<bool> {
        match self.is_proven {
            true => watch::Sender::new(false).subscribe(),
            false => self.clients.is_short.subscribe(),
        }
    }

    /// Mail of this client was taken: it is served first while places run short.
    pub(super) fn prove(&self) {
        if let Some([own, _]) = self.blocks {
            self.clients.table.lock().proven.add(own);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let table = &mut *self.clients.table.lock();
        table.connections = table.connections.saturating_sub(1);
        self.clients.look(table);
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
        assert!(clients.table.lock().blocks.is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn the_last_places_are_for_those_of_whom_mail_was_taken() {
        let clients = clients(20, 20, &[]);
        let known = clients.admit(ip("192.0.2.1")).unwrap();
        known.prove();
        drop(known);
        let strangers: Vec<_> = (0..30)
            .filter_map(|host| clients.admit(ip(&format!("198.51.{host}.1"))).ok())
            .collect();
        assert_eq!(strangers.len(), 18);
        let short = strangers[0].shortage();
        assert!(*short.borrow());
        let known = clients.admit(ip("192.0.2.1")).unwrap();
        assert!(!*known.shortage().borrow(), "it is waited for as ever");
        drop(strangers);
        assert!(!*short.borrow());
    }

    #[test]
    fn fewer_places_by_a_reload_run_short_at_once() {
        let clients = clients(100, 100, &[]);
        let admitted: Vec<_> = (0..9).filter_map(|_| clients.admit(ip("192.0.2.1")).ok()).collect();
        let short = admitted[0].shortage();
        assert!(!*short.borrow());
        clients.set_limits(ClientLimits { all: 10, per_client: 10, exempt: Vec::new() });
        assert!(*short.borrow());
    }

    #[test]
    fn of_clients_that_are_known_those_longest_ago_are_forgotten() {
        let mut proven = Proven::default();
        let block = |n: u32| ClientBlock::of(IpAddr::V4(n.into()));
        for n in 0..=KNOWN as u32 {
            proven.add(block(0));
            proven.add(block(n));
        }
        assert_eq!((proven.turns.len(), proven.by_turn.len()), (KNOWN, KNOWN));
        assert!(proven.turns.contains_key(&block(0)) && !proven.turns.contains_key(&block(1)));
    }

    #[test]
    fn an_exempt_peer_is_limited_with_all_others_only() {
        let clients = clients(5, 1, &["192.0.2.0/24"]);
        let admitted: Vec<_> = (0..9).filter_map(|_| clients.admit(ip("192.0.2.9")).ok()).collect();
        assert_eq!(admitted.len(), 5);
    }
}
