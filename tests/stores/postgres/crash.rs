//! Nodes and the server break down in the middle of their work: what was answered for arrives, and nothing twice but what may.

use super::{cluster::Cluster, connect};
use crate::{
    journal::record,
    place::{leg, message},
};
use onward::{
    clock::millis,
    store::{
        Options, Store, StoreError,
        journal::{Bounds, Journal},
        postgres::{Database, Node},
        spool::{Claim, Leg, LegState, NewMessage},
    },
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::HashMap,
    fs::{File, OpenOptions, read_to_string},
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::{Instant, interval, timeout};

/// Nodes at once.
const NODES: usize = 3;
/// What they are told by the environment: who they are, which database it is, and where they write what they did.
const NODE: &str = "STORE_NODE";
const URL: &str = "STORE_URL";
const LOGS: &str = "STORE_LOGS";
/// How often something breaks down: `STORE_CRASHES=60 cargo test --test stores crash`.
const CRASHES: &str = "STORE_CRASHES";

/// What all nodes write down: lines that stay when they are killed.
struct Logs(PathBuf);

impl Logs {
    fn file(&self, name: &str) -> File {
        OpenOptions::new().create(true).append(true).open(self.0.join(name)).unwrap()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = read_to_string(self.0.join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn is_over(&self) -> bool {
        self.0.join("over").exists()
    }
}

fn note(mut file: &File, line: &str) {
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// A node in a process of its own, if the environment says that this is one: takes messages, and delivers what it owns, until it
/// is killed or told that it is over.
#[tokio::test(flavor = "multi_thread")]
async fn node() {
    let (Ok(node), Ok(url), Ok(logs)) =
        (std::env::var(NODE), std::env::var(URL), std::env::var(LOGS))
    else {
        return;
    };
    let logs = Logs(logs.into());
    let mut looks = interval(Duration::from_millis(20));
    let store = loop {
        // Who was killed comes again.
        let node = Node { instance: node.clone(), ..Node::named(&node) };
        match Store::connect(Database::parse(&url).unwrap(), Some(node), Options::default()).await {
            Ok(store) => break store,
            Err(error) => assert!(!matches!(error, StoreError::Newer { .. }), "{error}"),
        }
        looks.tick().await;
    };
    let journal = loop {
        let database = Database::parse(&url).unwrap();
        match Journal::connect(database, node.clone(), Bounds::default()).await {
            Ok(journal) => break journal,
            Err(_) => drop(looks.tick().await),
        }
    };
    let (accepted, delivered) = (logs.file("accepted"), logs.file("delivered"));
    let run = std::process::id();
    for n in 0.. {
        looks.tick().await;
        if logs.is_over() {
            return;
        }
        let id = |part: &str| format!("{node}-{run}-{n}{part}");
        let octets = if n % 5 == 0 { 300_000 } else { 100 };
        let new: Vec<NewMessage> = vec![
            message(&id("a"), octets, &["p@x.test"]),
            message(&id("b"), 100, &["p@x.test", "q@x.test"]),
        ];
        // Only what is answered for counts.
        if store.spool(new).await.is_ok() {
            for part in ["a 0", "b 0", "b 1"] {
                note(&accepted, &id(part));
            }
            for part in ["a", "b"] {
                journal.record(record(&id(part), millis())).await;
            }
        }
        let _ = store.spool_claim(Claim::ahead(1_000)).await;
        if let Ok((open, finished)) = store.spool_open().await {
            for open in open {
                deliver(&store, open.message, &delivered).await;
            }
            let _ = store.spool_bury(finished).await;
        }
    }
}

/// Sends what is open of a message as the daemon does: not without a note that it may have arrived.
async fn deliver(store: &Store, seq: i64, delivered: &File) {
    let Ok(Some(whole)) = store.spooled_whole(seq, u64::MAX).await else { return };
    let (spooled, Some(source)) = (whole.message, whole.source) else { return };
    let Ok(legs) = store.spool_begin(seq, vec![0, 1]).await else { return };
    assert!(source.len() as u64 == spooled.size && source.iter().all(|octet| *octet == b'x'));
    for at in legs {
        if store.spool_uncertain(seq, vec![at]).await != Ok(true) {
            // Nothing is sent; an attempt that did not end begins again when the node does.
            continue;
        }
        note(delivered, &format!("{} {at}", spooled.head.id));
        let done = Leg { state: LegState::Delivered, ..leg("p@x.test") };
        while let Err(error) = store.spool_conclude(seq, vec![(at, done.clone())], Vec::new()).await
        {
            assert!(!matches!(error, StoreError::Unsound { .. }), "{error}");
            tokio::time::interval(Duration::from_millis(50)).tick().await;
        }
    }
}

/// Nodes, and what they wrote down.
struct Scene {
    url: String,
    logs: Logs,
    nodes: Vec<Child>,
    /// Legs that may arrive twice: each time, whoever breaks down may have sent one whose end nobody noted.
    may_repeat: usize,
    _directory: TempDir,
}

impl Scene {
    async fn new(url: String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let logs = Logs(directory.path().to_owned());
        let mut scene = Self { url, logs, nodes: Vec::new(), may_repeat: 0, _directory: directory };
        scene.nodes = (0..NODES).map(|n| scene.start(n)).collect();
        scene.goes_on().await;
        scene
    }

    fn start(&self, n: usize) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "postgres::crash::node", "--nocapture"])
            .env(NODE, format!("mx{n}.test"))
            .env(URL, &self.url)
            .env(LOGS, &self.logs.0)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// As if the lease of a node had ended: others take what it had.
    async fn ends_lease(&self, n: usize) {
        let sql = format!("UPDATE nodes SET lease_until = now() WHERE name = 'mx{n}.test'");
        connect(&self.url).await.batch_execute(&sql).await.unwrap();
    }

    /// A node is killed, and another begins in its place.
    async fn kill(&mut self, n: usize) {
        self.nodes[n].kill().unwrap();
        self.nodes[n].wait().unwrap();
        self.ends_lease(n).await;
        self.nodes[n] = self.start(n);
        self.may_repeat += 1;
    }

    /// A node stands still until its lease is over and others have gone on, and then goes on itself.
    async fn freeze(&mut self, n: usize) {
        let id = Pid::from_child(&self.nodes[n]);
        kill_process(id, Signal::STOP).unwrap();
        self.ends_lease(n).await;
        self.goes_on().await;
        kill_process(id, Signal::CONT).unwrap();
        self.may_repeat += 1;
    }

    /// Waits until the nodes have taken and delivered some more.
    async fn goes_on(&self) {
        for name in ["accepted", "delivered"] {
            let wanted = self.logs.lines(name).len() + 10;
            let mut looks = interval(Duration::from_millis(20));
            let written = async {
                while self.logs.lines(name).len() < wanted {
                    looks.tick().await;
                }
            };
            timeout(Duration::from_secs(60), written).await.expect("the nodes go on");
        }
    }

    /// Has the nodes end, and delivers what is left: nothing is lost, and nothing arrived twice but what may.
    async fn ends_well(mut self) {
        self.logs.file("over");
        for node in &mut self.nodes {
            assert!(node.wait().unwrap().success(), "a node ends well");
        }
        let client = connect(&self.url).await;
        client.batch_execute("UPDATE nodes SET lease_until = now()").await.unwrap();
        let (database, node) =
            (Database::parse(&self.url).unwrap(), Some(Node::named("last.test")));
        let last = Store::connect(database, node, Options::default()).await.unwrap();
        let delivered = self.logs.file("delivered");
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            last.spool_claim(Claim::ahead(1_000)).await.unwrap();
            let (open, finished) = last.spool_open().await.unwrap();
            if open.is_empty() && finished.is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "{} legs wait", open.len());
            for open in open {
                deliver(&last, open.message, &delivered).await;
            }
            last.spool_bury(finished).await.unwrap();
        }
        let mut arrived: HashMap<String, usize> = HashMap::new();
        for line in self.logs.lines("delivered") {
            *arrived.entry(line).or_default() += 1;
        }
        let accepted = self.logs.lines("accepted");
        let lost: Vec<&String> = accepted.iter().filter(|it| !arrived.contains_key(*it)).collect();
        assert!(lost.is_empty(), "of {} legs are lost: {lost:?}", accepted.len());
        let repeats: usize = arrived.values().map(|times| times - 1).sum();
        assert!(repeats <= self.may_repeat, "{repeats} repeats of {} that may be", self.may_repeat);
        let left = "SELECT count(*), (SELECT count(*) FROM spool_texts) FROM spool";
        let left = client.query_one(left, &[]).await.unwrap();
        assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (0, 0));
        // A server that breaks down may cost the last records, and brings none twice.
        let twice = client.query("SELECT id FROM journal GROUP BY id HAVING count(*) > 1", &[]);
        let twice: Vec<String> = twice.await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(twice.is_empty(), "recorded twice: {twice:?}");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // It has ended where all went well.
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_answered_for_arrives_whatever_breaks_down() {
    let Some(cluster) = Cluster::alone() else { return };
    let mut scene = Scene::new(cluster.database().await).await;
    let rounds = std::env::var(CRASHES).map_or(6, |rounds| rounds.parse::<usize>().unwrap());
    for round in 0..rounds {
        let n = (round * 7 + 1) % NODES;
        match round % 3 {
            0 => scene.kill(n).await,
            1 => scene.freeze(n).await,
            _ => {
                cluster.break_down();
                cluster.start_again();
                scene.may_repeat += NODES;
            }
        }
        scene.goes_on().await;
    }
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_answered_for_is_with_the_standby_that_takes_over() {
    let Some(cluster) = Cluster::alone() else { return };
    let url = cluster.database().await;
    let standby = cluster.standby().await;
    // Whichever of the two can be written to.
    let (one, other) = (cluster.directory().display(), standby.directory().display());
    let url = url.replace(&format!("host={one}"), &format!("host={one}&host={other}"));
    let mut scene = Scene::new(url + "&target_session_attrs=read-write").await;
    cluster.break_down();
    scene.may_repeat += NODES;
    standby.promote();
    scene.goes_on().await;
    scene.ends_well().await;
}
