//! Nodes under load that are killed or stand still, and their database that breaks down: what was answered 250 arrives.

use super::{ALIAS, ALICE, BUSY, Nodes, now, queue};
use crate::support::client::{Client, NoReply, stuffed};
use crate::support::cluster::Cluster;
use crate::support::receiver::{Action, Step};
use crate::support::{poll, wait_until, wait_until_for};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How often something breaks, where the environment does not say (`NODE_CRASHES`).
const CRASHES: usize = 4;
/// Messages answered 250 between two of these, at the least.
const BETWEEN: usize = 6;
/// Behind a lease, and some.
const PAST_LEASE: Duration = Duration::from_secs(5);
const WITHIN: Duration = Duration::from_secs(60);
/// Attempts at once to the destination, of each node: what can be cut off.
const AT_ONCE: usize = 5;

struct Load {
    stop: AtomicBool,
    /// The subjects of what was answered 250.
    taken: Mutex<Vec<String>>,
    /// How often there was no answer to an end of data.
    lost: AtomicUsize,
}

impl Load {
    /// Sends one message after the other, each until it has an answer.
    fn send_to(&self, address: SocketAddr, name: &str) {
        let mut client = None;
        for n in 0.. {
            let subject = format!("{name}-{n}");
            while !self.stop.load(Ordering::SeqCst) {
                match self.attempt(address, &mut client, &subject) {
                    Ok(true) => {
                        self.taken.lock().unwrap().push(subject);
                        break;
                    }
                    Ok(false) => {}
                    Err(_) => client = None,
                }
                // Until it is time to come again, or the test ends.
                poll(Duration::from_millis(20), || self.stop.load(Ordering::SeqCst).then_some(()));
            }
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    fn attempt(
        &self,
        address: SocketAddr,
        client: &mut Option<Client>,
        subject: &str,
    ) -> Result<bool, NoReply> {
        let client = match client {
            Some(client) => client,
            none => {
                let new = Client::try_connect(address).map_err(|_| NoReply::Silent)?;
                let client = none.insert(new);
                client.set_deadline(WITHIN);
                client.try_reply()?;
                client.send(b"EHLO load.test\r\n");
                client.try_reply()?;
                client
            }
        };
        for line in [format!("MAIL FROM:<{ALICE}>"), format!("RCPT TO:<{ALIAS}>"), "DATA".into()] {
            client.send(format!("{line}\r\n").as_bytes());
            if client.try_reply()?.code >= 400 {
                client.send(b"RSET\r\n");
                client.try_reply()?;
                return Ok(false);
            }
        }
        let message = format!("From: <{ALICE}>\r\nSubject: {subject}\r\n\r\n{subject}\r\n");
        self.lost.fetch_add(1, Ordering::SeqCst);
        client.send(&stuffed(message.as_bytes()));
        let is_taken = client.try_reply()?.code == 250;
        self.lost.fetch_sub(1, Ordering::SeqCst);
        Ok(is_taken)
    }

    fn goes_on(&self) {
        let count = || self.taken.lock().unwrap().len();
        let enough = count() + BETWEEN;
        wait_until_for(WITHIN, "more messages", || (count() >= enough).then_some(()));
    }
}

#[test]
fn whatever_nodes_answered_250_arrives_though_they_and_their_database_are_killed() {
    let Some(cluster) = Cluster::alone() else { return };
    let mut nodes = Nodes::in_database(now(cluster.database()));
    for node in [&mut nodes.a, &mut nodes.b] {
        node.change_config(|config| config.set("spool.concurrency_per_destination", AT_ONCE));
        node.serve();
    }
    let load =
        Load { stop: AtomicBool::new(false), taken: Mutex::default(), lost: AtomicUsize::new(0) };
    let (a, b) = (nodes.a.address(), nodes.b.address());
    let crashes = std::env::var("NODE_CRASHES").map_or(CRASHES, |n| n.parse().unwrap());
    thread::scope(|scope| {
        scope.spawn(|| load.send_to(a, "a"));
        scope.spawn(|| load.send_to(b, "b"));
        for n in 0..crashes {
            load.goes_on();
            match n % 2 {
                0 => nodes.sink.on(Step::Rcpt, Action::reply(BUSY)),
                _ => nodes.sink.accept_all(),
            };
            load.goes_on();
            let node = if n % 3 == 0 { &mut nodes.a } else { &mut nodes.b };
            match n % 4 {
                0 | 1 => {
                    node.kill_9();
                    node.serve();
                }
                2 => {
                    cluster.break_down();
                    cluster.start_again();
                }
                _ => {
                    node.signal("STOP");
                    poll(PAST_LEASE, || None::<()>);
                    node.signal("CONT");
                }
            }
        }
        load.goes_on();
        load.stop.store(true, Ordering::SeqCst);
    });
    nodes.sink.accept_all();
    wait_until_for(WITHIN, "an empty spool", || queue(&nodes.a).is_empty().then_some(()));
    let mut arrived: HashMap<String, usize> = HashMap::new();
    for message in nodes.sink.messages() {
        *arrived.entry(message.header("Subject").unwrap()).or_default() += 1;
    }
    let taken = load.taken.lock().unwrap();
    let lost: Vec<_> = taken.iter().filter(|subject| !arrived.contains_key(*subject)).collect();
    assert!(lost.is_empty(), "of {} messages are lost: {lost:?}", taken.len());
    let repeats: usize = arrived.values().map(|times| times - 1).sum();
    let may_repeat = load.lost.load(Ordering::SeqCst) + crashes * 2 * AT_ONCE;
    assert!(repeats <= may_repeat, "{repeats} repeats of {may_repeat} that may be");
    drop(taken);
    wait_until("the nodes are told of", || {
        let told = super::status(&nodes.a);
        let nodes = told["nodes"].as_array()?;
        nodes.iter().all(|node| node["serves"] == true).then_some(())
    });
}
