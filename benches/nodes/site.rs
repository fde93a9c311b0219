//! Nodes, and what they and their database have used so far.

use crate::{
    support::{
        cluster::{Cluster, connect},
        dns::Dns,
        onward::Onward,
        wait_until,
    },
    usage,
};
use std::{
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    process::{Child, Command},
    time::Duration,
};
use tokio::runtime::Runtime;

/// The address that is forwarded.
pub const ALIAS: &str = "u@fwd.test";
const MAILBOX: &str = "u@sink.test";

/// A daemon whose log goes to a file.
pub struct Node {
    process: Child,
    onward: Onward,
}

/// Nodes that share a store.
pub struct Site {
    pub nodes: Vec<Node>,
    _dns: Dns,
}

/// What was used so far.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    pub nodes: Duration,
    pub database: Duration,
    pub commits: i64,
    pub syncs: i64,
}

impl Site {
    /// So many nodes that send on to `sink`; without a URL it is one, with SQLite.
    pub fn start(count: usize, url: Option<&str>, sink: SocketAddr) -> Self {
        let dns = Dns::start();
        dns.keep(3600);
        dns.a("client.sender.test", [127, 0, 0, 1].into());
        dns.txt("sender.test", "v=spf1 ip4:127.0.0.1 -all");
        dns.txt("_dmarc.sender.test", "v=DMARC1; p=none");
        let nodes = (0..count).map(|n| Node::start(n, url, sink, &dns)).collect();
        Self { nodes, _dns: dns }
    }

    /// The time that the daemons had of the processors so far.
    pub fn cpu(&self) -> Duration {
        usage::cpu(&self.processes())
    }

    pub fn processes(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.process.id()).collect()
    }

    /// With the database of `cluster` that has this URL.
    pub fn used(&self, runtime: &Runtime, cluster: &Cluster, url: &str) -> Used {
        let sql =
            "SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
                       (SELECT wal_sync FROM pg_stat_wal)";
        let row = runtime.block_on(async { connect(url).await.query_one(sql, &[]).await.unwrap() });
        let database = usage::cpu(&[server(cluster)]);
        Used { nodes: self.cpu(), database, commits: row.get(0), syncs: row.get(1) }
    }
}

/// The process that began all others of a server.
pub fn server(cluster: &Cluster) -> u32 {
    let text = fs::read_to_string(cluster.directory().join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().trim().parse().unwrap()
}

impl Node {
    fn start(n: usize, url: Option<&str>, sink: SocketAddr, dns: &Dns) -> Self {
        let mut builder = Onward::builder()
            .dns(dns)
            .without_rates()
            .config(&format!("hostname = \"mx{n}.fwd.test\""))
            .config("srs.domain = \"fwd.test\"")
            .config("limits.connections_per_client = 1000")
            .config("spool.retry = [\"1s\"]")
            .config("spool.concurrency = 200")
            .config("spool.concurrency_per_destination = 50")
            .route("sink.test", &sink.to_string());
        if let Some(url) = url {
            builder = builder.config(&format!("store.postgres = \"{url}\""));
        }
        if n == 0 {
            builder = builder.domain("fwd.test").alias(ALIAS, &[MAILBOX]);
        }
        let onward = builder.build();
        let log = File::create(onward.state_dir().join("log")).unwrap();
        let mut command = Command::new(onward.program());
        command.arg("--config").arg(onward.config_path()).arg("serve").stderr(log);
        let node = Self { process: command.spawn().unwrap(), onward };
        let address = node.address();
        wait_until("onward to listen", || TcpStream::connect(address).ok());
        node
    }

    pub fn address(&self) -> SocketAddr {
        self.onward.address()
    }

    /// Octets that the process has, whatever it shares.
    pub fn memory(&self) -> u64 {
        usage::memory(&[self.process.id()])
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}
