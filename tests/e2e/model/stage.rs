//! Plays the cases against one daemon, and compares.

use super::case::{Case, Recipient, Sender};
use super::destination::Now;
use super::expected::{Answer, Exchange, World};
use super::lane::Lane;
use super::reading::{Journal, Queue, copies};
use crate::support::client::{Client, Reply};
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Message, Receiver};
use crate::support::wait_until;
use std::io::Write;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// How long the state may take to become what is expected.
const PATIENCE: Duration = Duration::from_secs(12);
/// Senders at work beside those that wait for a silent destination.
const SENDERS: usize = 8;
/// More tries than any sender needs.
const TRIES: usize = 4;

struct Actor {
    case: Case,
    world: World,
    lane: Lane,
    /// Ids of messages that were answered 250.
    accepted: Vec<String>,
    differences: Vec<String>,
}

struct Stage {
    onward: Onward,
    /// Accepts everything, all the time.
    sound: Receiver,
    /// Takes the DSNs for authenticated senders.
    senders: Receiver,
    /// Takes what must not be: everything else.
    strangers: Receiver,
    actors: Vec<Actor>,
    /// Says whose SPF passes.
    _dns: Dns,
}

/// What differs, one text a case.
pub(super) fn run(cases: Vec<Case>) -> Vec<String> {
    let mut stage = Stage::set_up(cases);
    stage.senders_try(Now::Faulty);
    stage.look("first");
    // A copy that is on its way is not sent again meanwhile (tests/e2e/late.rs): it is lost.
    stage.actors.iter_mut().for_each(|actor| actor.lane.lose_silence());
    for actor in stage.actors.iter().filter(|actor| actor.case.is_busy_again()) {
        actor.lane.be_busy();
    }
    stage.spool_tries(Now::Again);
    stage.senders_try(Now::Again);
    stage.look("again");
    for actor in &mut stage.actors {
        actor.lane.come_back(actor.case.back);
    }
    stage.spool_tries(Now::Back);
    for _ in 0..TRIES {
        stage.senders_try(Now::Back);
    }
    stage.look("end");
    let foreign = stage.invariants();
    let texts = stage.actors.into_iter().filter(|actor| !actor.differences.is_empty());
    let text = |actor: Actor| format!("{}:\n  {}", actor.case, actor.differences.join("\n  "));
    texts.map(text).chain(foreign).collect()
}

impl Stage {
    fn set_up(cases: Vec<Case>) -> Self {
        let [sound, senders, strangers] = [(); 3].map(|()| Receiver::smtp().start());
        let dns = Dns::start();
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").txt("nospf.test", "v=spf1 -all");
        let aliases = NamedTempFile::new().unwrap();
        for Recipient { alias, mailboxes } in cases.iter().flat_map(Case::recipients) {
            let to: Vec<String> = mailboxes.into_iter().map(|mailbox| mailbox.address).collect();
            let line = serde_json::json!({"address": alias, "destinations": to});
            writeln!(aliases.as_file(), "{line}").unwrap();
        }
        let mut builder = Onward::builder()
            .dns(&dns)
            .domain("example.org")
            .run_first(&["alias", "apply", aliases.path().to_str().unwrap()])
            .config("delivery.budget = \"1s\"")
            .config("delivery.final_patience = \"1s\"")
            // Tried again on command: what is looked at stands still.
            .config("spool.retry = [\"1d\"]")
            .config("spool.concurrency = 1000")
            .config("limits.connections_per_client = 500")
            .route("sound.test", sound.name())
            .route("spf.test", senders.name());
        let actors: Vec<Actor> = cases
            .into_iter()
            .map(|case| {
                let (world, lane) = (World::new(&case), Lane::new(&case));
                Actor { case, world, lane, accepted: Vec::new(), differences: Vec::new() }
            })
            .collect();
        for Actor { case, lane, .. } in &actors {
            builder = builder.route(&case.lane(), &lane.route());
        }
        let onward = builder.route("*", strangers.name()).start();
        Self { onward, sound, senders, strangers, actors, _dns: dns }
    }

    /// Every sender that has something left sends it.
    fn senders_try(&mut self, now: Now) {
        let address = self.onward.address();
        let busy = self.actors.iter_mut().filter(|actor| !actor.world.sender_is_done());
        let busy: Vec<Mutex<&mut Actor>> = busy.map(Mutex::new).collect();
        let silent = busy.iter().filter(|actor| actor.lock().unwrap().case.is_silent()).count();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..silent + SENDERS {
                scope.spawn(|| {
                    while let Some(actor) = busy.get(next.fetch_add(1, Ordering::SeqCst)) {
                        actor.lock().unwrap().send(address, now);
                    }
                });
            }
        });
    }

    /// The spool tries everything that waits, and is waited for.
    fn spool_tries(&mut self, now: Now) {
        let expects_some = self.actors.iter().any(|actor| actor.world.queued.is_some());
        self.actors.iter_mut().for_each(|actor| actor.world.retry(now));
        // What waits against expectation was told by the look before.
        let retried = self.onward.cli(&["queue", "retry", "--all"]);
        assert!(retried.code == Some(0) || !expects_some, "{}", retried.stderr);
        let until = Instant::now() + PATIENCE;
        wait_until("the attempts of the spool", || {
            let queue = Queue::read(&self.onward);
            let mut is_settled = true;
            for actor in &mut self.actors {
                if queue.differs(actor.case.number, &actor.world).is_some() {
                    is_settled = false;
                    let attempts = actor.world.queued.as_ref().map_or(0, |queued| queued.attempts);
                    if now == Now::Again && actor.case.is_silent() {
                        actor.lane.cut_silence(attempts);
                    }
                }
            }
            (is_settled || Instant::now() > until).then_some(())
        });
    }

    /// Compares everything that can be seen with the model.
    fn look(&mut self, when: &str) {
        let until = Instant::now() + PATIENCE;
        let mut differences = Vec::new();
        wait_until("the model and what is seen to be the same", || {
            differences = self.differences();
            (differences.is_empty() || Instant::now() > until).then_some(())
        });
        for (at, what) in differences {
            self.actors[at].differences.push(format!("{when}: {what}"));
        }
    }

    fn differences(&self) -> Vec<(usize, String)> {
        // First what is to be done, then what has been done: nothing falls in between.
        let queue = Queue::read(&self.onward);
        let journal = Journal::read(&self.onward);
        let (sound, notices) = (self.sound.attempts(), self.senders.attempts());
        let mut differences = Vec::new();
        for (at, actor) in self.actors.iter().enumerate() {
            let (case, world) = (&actor.case, &actor.world);
            let found = [
                queue.differs(case.number, world),
                journal.differs(case.number, world),
                actor.copies_differ(&sound),
                notices_differ(case, world, &notices),
            ];
            differences.extend(found.into_iter().flatten().map(|what| (at, what)));
        }
        if differences.is_empty() && queue.notices > 0 {
            differences.push((0, format!("queue: {} DSNs do not leave", queue.notices)));
        }
        differences
    }

    /// What holds whatever the model says.
    ///
    /// Gives what belongs to no case.
    fn invariants(&mut self) -> Vec<String> {
        let journal = Journal::read(&self.onward);
        let notices = self.senders.attempts();
        let strays = self.strangers.attempts();
        for actor in &mut self.actors {
            let case = &actor.case;
            for id in &actor.accepted {
                let outcome = journal.outcome(case.number, id);
                if !matches!(outcome, Some("forwarded" | "partial" | "failed")) {
                    actor.differences.push(format!("{id} was answered 250 and is {outcome:?}"));
                }
            }
            let is_for_it = |message: &&Message| message.to.contains(&case.from());
            for notice in notices.iter().chain(&strays).filter(is_for_it) {
                if case.sender != Sender::Authenticated {
                    actor.differences.push("a DSN left for a stranger".to_owned());
                }
                if !notice.from.is_empty() {
                    actor.differences.push(format!("a DSN came from {:?}", notice.from));
                }
                if String::from_utf8_lossy(&notice.data).contains(&case.lane()) {
                    actor.differences.push("a DSN shows the destination".to_owned());
                }
            }
        }
        let of_cases: Vec<String> = self.actors.iter().map(|actor| actor.case.from()).collect();
        let foreign = strays.iter().filter(|it| !it.to.iter().any(|to| of_cases.contains(to)));
        foreign.map(|it| format!("left for nobody's case: {:?} to {:?}", it.from, it.to)).collect()
    }
}

impl Actor {
    fn send(&mut self, address: SocketAddr, now: Now) {
        let exchange = self.world.send(now);
        let played = catch_unwind(AssertUnwindSafe(|| self.play(address, &exchange)));
        if played.is_err() {
            self.differences.push(format!("{now:?}: no reply in {exchange:?}"));
        }
    }

    fn play(&mut self, address: SocketAddr, exchange: &Exchange) {
        let mut client = Client::session(address);
        client.mail(&self.case.from()).expect_code(250);
        for (alias, start) in &exchange.recipients {
            let reply = client.rcpt(alias);
            self.compare(&format!("RCPT {alias}"), &[*start], &reply);
        }
        let Some(Answer { any_of, says_spooled }) = &exchange.answer else { return };
        let reply = client.data(&self.case.message());
        self.compare("end of data", any_of, &reply);
        if *says_spooled != reply.text().contains("spooled") {
            self.differences.push(format!("spooled: expected {says_spooled}, saw {reply}"));
        }
        if reply.code == 250 {
            let id = reply.text().split(' ').nth(2).unwrap_or_default().to_owned();
            self.accepted.push(id);
        }
        client.quit();
    }

    fn compare(&mut self, what: &str, any_of: &[&str], reply: &Reply) {
        let text = reply.text();
        if !any_of.iter().any(|start| text.starts_with(start)) {
            self.differences.push(format!("{what}: expected {any_of:?}, saw {text}"));
        }
        if text.contains(&self.case.lane()) {
            self.differences.push(format!("{what}: shows the destination: {text}"));
        }
    }

    fn copies_differ(&self, sound: &[Message]) -> Option<String> {
        let messages = [&self.lane.messages()[..], sound].concat();
        let seen = copies(&messages, &self.case.message());
        let of = |mailbox: &str| seen.get(mailbox).copied().unwrap_or(0);
        let wrong = self.world.copies.iter().find(|(mailbox, (least, most))| {
            let count = of(mailbox);
            count < *least || count > *most
        });
        let stray = seen.keys().find(|mailbox| !self.world.copies.contains_key(*mailbox));
        match (wrong, stray) {
            (Some((mailbox, (least, most))), _) => Some(format!(
                "copies for {mailbox}: expected {least} to {most}, saw {}",
                of(mailbox)
            )),
            (None, Some(mailbox)) => Some(format!("a copy for {mailbox}")),
            (None, None) => None,
        }
    }
}

fn notices_differ(case: &Case, world: &World, notices: &[Message]) -> Option<String> {
    let from = case.from();
    let seen = notices.iter().filter(|notice| notice.to.contains(&from)).count();
    (seen != world.notices).then(|| format!("DSNs: expected {}, saw {seen}", world.notices))
}
