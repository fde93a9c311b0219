//! Nodes and the server break down in the middle of their work: what was answered for arrives, and nothing twice but what may.

use super::{cluster::Cluster, connect};
use crate::place::{leg, message};
use onward::store::{
    Options, Store, StoreError,
    postgres::Database,
    spool::{Leg, LegState, NewMessage},
};
use std::{
    collections::HashMap,
    fs::{File, OpenOptions, read_to_string},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::{Instant, interval, timeout};

/// Nodes at once.
const NODES: usize = 3;
/// What they are told by the environment: who they are, which database it is, and where they write what they did.
const NODE: &str = "STORE_NODE";
const URL: &str = "STORE_URL";
const LOGS: &str = "STORE_LOGS";
/// How often something breaks down.
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
        match Store::connect(Database::parse(&url).unwrap(), Some(node.clone()), Options::default())
            .await
        {
            Ok(store) => break store,
            Err(error) => assert!(!matches!(error, StoreError::Newer { .. }), "{error}"),
        }
        looks.tick().await;
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
        }
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
    let Ok(Some(spooled)) = store.spooled(seq).await else { return };
    let Ok(legs) = store.spool_begin(seq, vec![0, 1]).await else { return };
    let is_whole = async {
        let form = store.spooled_form(seq).await.ok()??;
        store.spooled_source(form.source, spooled.size).await.ok()?
    };
    let Some(source) = is_whole.await else { return };
    assert!(source.len() as u64 == spooled.size && source.iter().all(|octet| *octet == b'x'));
    for at in legs {
        if store.spool_uncertain(seq, vec![at]).await.is_err() {
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

fn start(n: usize, url: &str, logs: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::crash::node", "--nocapture"])
        .env(NODE, format!("mx{n}.test"))
        .env(URL, url)
        .env(LOGS, logs)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Waits until so many lines more were written.
async fn goes_on(logs: &Logs, name: &str, more: usize) {
    let wanted = logs.lines(name).len() + more;
    let mut looks = interval(Duration::from_millis(20));
    let written = async {
        while logs.lines(name).len() < wanted {
            looks.tick().await;
        }
    };
    timeout(Duration::from_secs(60), written).await.expect("the nodes go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_answered_for_arrives_whatever_breaks_down() {
    let Some(cluster) = Cluster::alone() else { return };
    let url = cluster.database().await;
    let directory = tempfile::tempdir().unwrap();
    let logs = Logs(directory.path().to_owned());
    let rounds = std::env::var(CRASHES).map_or(6, |rounds| rounds.parse::<usize>().unwrap());
    let mut nodes: Vec<Child> = (0..NODES).map(|n| start(n, &url, &logs.0)).collect();
    goes_on(&logs, "accepted", 10).await;
    // Each time, whoever breaks down may have sent one leg whose end nobody noted.
    let mut may_repeat = 0;
    for round in 0..rounds {
        if round % 3 == 2 {
            cluster.break_down();
            cluster.start_again();
            may_repeat += NODES;
        } else {
            let n = (round * 7 + 1) % NODES;
            kill(&mut nodes[n]);
            // As if its lease had ended meanwhile: others take what it had.
            let sql = format!("UPDATE nodes SET lease_until = now() WHERE name = 'mx{n}.test'");
            connect(&url).await.batch_execute(&sql).await.unwrap();
            nodes[n] = start(n, &url, &logs.0);
            may_repeat += 1;
        }
        goes_on(&logs, "accepted", 10).await;
        goes_on(&logs, "delivered", 10).await;
    }
    logs.file("over");
    for node in &mut nodes {
        assert!(node.wait().unwrap().success(), "a node ends well");
    }

    // What is left is for who comes then.
    let client = connect(&url).await;
    client.batch_execute("UPDATE nodes SET lease_until = now()").await.unwrap();
    let last = Some("last.test".to_owned());
    let last =
        Store::connect(Database::parse(&url).unwrap(), last, Options::default()).await.unwrap();
    let delivered = logs.file("delivered");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
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
    for line in logs.lines("delivered") {
        *arrived.entry(line).or_default() += 1;
    }
    let accepted = logs.lines("accepted");
    let lost: Vec<&String> = accepted.iter().filter(|it| !arrived.contains_key(*it)).collect();
    assert!(lost.is_empty(), "of {} legs are lost: {lost:?}", accepted.len());
    let repeats: usize = arrived.values().map(|times| times - 1).sum();
    assert!(repeats <= may_repeat, "{repeats} repeats of {may_repeat} that may be: {arrived:?}");
    let left =
        client.query_one("SELECT count(*), (SELECT count(*) FROM spool_texts) FROM spool", &[]);
    let left = left.await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (0, 0));
}
