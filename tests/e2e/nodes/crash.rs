//! Nodes under load that are killed or stand still, and their database that breaks down: what was answered 250 arrives or is told,
//! and whatever comes twice is accounted for.
//!
//! `NODE_KILLS=50` makes it as long as it should be once before a release: with each fifth kill the server breaks down and a
//! node stands still.
#![allow(clippy::print_stdout)]

pub(super) mod account;
pub(super) mod load;

use super::{BUSY, node, now, queue, status};
use crate::crash::Random;
use crate::support::cluster::{Cluster, connect};
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, At, Receiver, Step};
use crate::support::{poll, wait_until, wait_until_for};
use account::{Accident, Account, Figures, What};
use load::{Load, Sent, clock};
use onward::message::MessageId;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const KILLS: usize = 3;
/// Long enough that who serves keeps it on a machine that has much else to do.
const LEASE: &str = "6s";
/// Behind a lease, and some.
const PAST_LEASE: Duration = Duration::from_secs(8);
/// The longest that something is put off, in milliseconds.
const JITTER: u64 = 400;
/// How long the destination takes for an answer to the end of a message.
const ANSWER: Duration = Duration::from_millis(100);
const EMPTY_WITHIN: Duration = Duration::from_secs(120);
/// How long the journal may take for what is over.
const WRITTEN_WITHIN: Duration = Duration::from_secs(20);
/// Of so many messages one may have no end in the journal, as its node was killed.
const UNTOLD: usize = 20;
/// Attempts at once to the destination, of each node: what can be cut off.
const AT_ONCE: usize = 5;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Nodes on one database, a destination with moods, and one for notices of failure.
pub(super) struct Scene {
    pub(super) nodes: Vec<Onward>,
    sink: Receiver,
    notices: Receiver,
    is_busy: Arc<AtomicBool>,
    random: Random,
    seed: u64,
    pub(super) accidents: Vec<Accident>,
    /// Where the database is looked at.
    pub(super) url: String,
    _dns: Dns,
}

impl Scene {
    /// Nodes that reach the database by `way`; what they do is looked at by `url`.
    pub(super) fn with(count: usize, way: &str, url: &str) -> Self {
        let (dns, is_busy) = (Dns::start(), Arc::<AtomicBool>::default());
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
        let of_sink = Arc::clone(&is_busy);
        let answers = move |at: &At<'_>| match (at.step, of_sink.load(Ordering::SeqCst)) {
            (Step::Rcpt, true) => Some(Action::reply(BUSY)),
            (Step::Rcpt, false) if at.recipient.starts_with("bad@") => {
                Some(Action::reply("550 5.1.1 no such mailbox"))
            }
            // So what goes wrong meets messages whose end was sent, and not answered yet.
            (Step::FinalDot, _) => poll(ANSWER, || None),
            _ => None,
        };
        let sink = Receiver::smtp().rule(answers).start();
        let notices = Receiver::smtp().start();
        let mut nodes: Vec<Onward> = Vec::new();
        for name in &NAMES[..count] {
            let mut builder = node(way, name, &sink, &dns)
                .without_rates()
                .config(&format!("store.lease = \"{LEASE}\""))
                .config(&format!("spool.concurrency_per_destination = {AT_ONCE}"))
                .route("spf.test", notices.name());
            if nodes.is_empty() {
                builder = builder
                    .domain("example.org")
                    .alias("hello@example.org", &["bob@sink.test"])
                    .alias("bad@example.org", &["bad@sink.test"]);
            }
            nodes.push(builder.build());
        }
        account::begin(url);
        for node in &mut nodes {
            node.serve();
        }
        let random = Random::new();
        let (seed, accidents) = (random.seed(), Vec::new());
        let url = url.to_owned();
        Self { nodes, sink, notices, is_busy, random, seed, accidents, url, _dns: dns }
    }

    pub(super) fn load(&self) -> Load {
        Load::on(self.nodes.iter().map(Onward::address).collect())
    }

    /// Has some messages wait in the spool, of all nodes, and then the destination take them.
    pub(super) fn begin_draining(&mut self, load: &Load) {
        self.is_busy.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            load.goes_on();
        }
        self.is_busy.store(false, Ordering::SeqCst);
        let jitter = Duration::from_millis(self.random.next() % JITTER);
        poll(jitter, || None::<()>);
    }

    pub(super) fn happens(&mut self, what: What, accident: impl FnOnce(&mut Self)) {
        let from = clock();
        accident(self);
        self.accidents.push(Accident { what, from, to: clock() });
    }

    fn any_node(&mut self) -> usize {
        let any = self.random.next() >> 16;
        usize::try_from(any).unwrap() % self.nodes.len()
    }

    fn kill(&mut self) {
        let at = self.any_node();
        self.happens(What::Killed(NAMES[at].to_owned()), |scene| scene.nodes[at].kill_9());
        self.nodes[at].serve();
    }

    /// Has one read its configuration anew.
    fn reload(&mut self) {
        let at = self.any_node();
        self.nodes[at].signal("HUP");
    }

    /// Past its lease.
    fn stop(&mut self) {
        let at = self.any_node();
        self.happens(What::StoodStill(NAMES[at].to_owned()), |scene| {
            scene.nodes[at].signal("STOP");
            poll(PAST_LEASE, || None::<()>);
            scene.nodes[at].signal("CONT");
        });
    }

    /// Waits until nothing is left to do, and settles the account.
    pub(super) fn end(self, sent: Vec<Sent>) -> Figures {
        wait_until_for(EMPTY_WITHIN, format!("an empty spool, seed {}", self.seed), || {
            queue(&self.nodes[0]).is_empty().then_some(())
        });
        wait_until("the nodes are told of", || {
            let told = status(&self.nodes[0]);
            let nodes = told["nodes"].as_array()?;
            nodes.iter().all(|node| node["serves"] == true).then_some(())
        });
        let journal = self.journal(&sent);
        let account = Account::new(&self.url, sent, self.accidents.clone(), journal);
        account.is_nothing_told_twice();
        let figures = account.balance(&self.sink, &self.notices);
        wait_until(format!("no rows that are left, seed {}", self.seed), || {
            (self.rows() == [0; 3]).then_some(())
        });
        let accidents = |is: fn(&What) -> bool| {
            self.accidents.iter().filter(|accident| is(&accident.what)).count()
        };
        println!(
            "{} nodes, {} killed, {} stood still, {} of the database: {figures:?}",
            self.nodes.len(),
            accidents(|what| matches!(what, What::Killed(_))),
            accidents(|what| matches!(what, What::StoodStill(_))),
            accidents(|what| *what == What::Database),
        );
        figures
    }

    /// Messages, legs and texts that the spool has. What is finished goes a while after its end, the longer where the database
    /// broke down just then.
    fn rows(&self) -> [i64; 3] {
        let sql = "SELECT (SELECT count(*) FROM spool), (SELECT count(*) FROM spool_legs), (SELECT count(*) FROM spool_texts)";
        let rows = now(async { connect(&self.url).await.query_one(sql, &[]).await.unwrap() });
        [rows.get(0), rows.get(1), rows.get(2)]
    }

    /// The records by id, once each message that was spooled has an end. The journal is written behind what happens, so that
    /// whoever is killed takes with him what he had to tell of the last moment.
    fn journal(&self, sent: &[Sent]) -> HashMap<String, Value> {
        let spooled: Vec<&str> = sent.iter().filter_map(Sent::spooled).collect();
        let (mut without_end, mut last) = (Vec::new(), HashMap::new());
        let records = poll(WRITTEN_WITHIN, || {
            let lines = self.nodes[0].run(&["trace", "--json", "--limit", "1000000"]);
            let records: HashMap<String, Value> = lines
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .map(|record| (record["id"].as_str().unwrap().to_owned(), record))
                .collect();
            let has_end = |id: &str| {
                let outcome = records.get(id).map(|record| record["outcome"].as_str().unwrap());
                matches!(outcome, Some("forwarded" | "failed"))
            };
            let without = spooled.iter().filter(|id| !has_end(id));
            without_end = without.map(|id| ((*id).to_owned(), records.get(*id).cloned())).collect();
            last.clone_from(&records);
            without_end.is_empty().then_some(records)
        });
        records.unwrap_or_else(|| {
            let accidents = &self.accidents;
            let was_killed_since = |id: &str| {
                let taken = MessageId::parse(id).unwrap().time().as_millis();
                let is_since = |it: &Accident| u64::try_from(it.to).unwrap() >= taken;
                accidents.iter().any(|it| matches!(it.what, What::Killed(_)) && is_since(it))
            };
            let is_excused = without_end.iter().all(|(id, _)| was_killed_since(id))
                && without_end.len() * UNTOLD <= spooled.len().max(UNTOLD);
            assert!(is_excused, "no end: {without_end:#?}; {accidents:?}, seed {}", self.seed);
            last
        })
    }
}

fn crash(count: usize) {
    let Some(cluster) = Cluster::alone() else { return };
    let url = now(cluster.database());
    let mut scene = Scene::with(count, &url, &url);
    let load = scene.load();
    let kills = std::env::var("NODE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    thread::scope(|scope| {
        let over = Over(&load);
        load.begin(scope);
        for kill in 0..kills {
            scene.reload();
            scene.begin_draining(&load);
            scene.kill();
            if kill % 5 == 1 {
                scene.begin_draining(&load);
                scene.happens(What::Database, |_| {
                    cluster.break_down();
                    if kill % 10 == 6 {
                        poll(PAST_LEASE, || None::<()>);
                    }
                    cluster.start_again();
                });
            }
            if kill % 5 == 2 {
                scene.begin_draining(&load);
                scene.stop();
            }
        }
        load.goes_on();
        drop(over);
    });
    let figures = scene.end(load.into_sent());
    assert!(figures.spooled > 0 && figures.notices > 0, "{figures:?}");
    assert!(kills < 20 || !figures.repeats.is_empty(), "nothing was cut off: {figures:?}");
}

/// Has senders end where the test does not come to its end, too.
pub(super) struct Over<'a>(pub(super) &'a Load);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[test]
fn whatever_two_nodes_answered_250_arrives_though_they_and_their_database_are_killed() {
    crash(2);
}

#[test]
fn whatever_four_nodes_answered_250_arrives_though_they_and_their_database_are_killed() {
    crash(4);
}
