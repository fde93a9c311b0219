//! Every message is accounted for: by the id that a node gave it, by the fences that it passed in the database, and by what happened
//! to the node that sent it.

use super::load::Sent;
use crate::nodes::{now, raw};
use crate::support::cluster::connect;
use crate::support::receiver::Receiver;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Has the database write down each time that a node notes that a destination may have a message: what is behind that may have
/// arrived, and nothing else has. An attempt that begins anew on what another left is told from that by its statement.
const AUDIT: &str = "
    CREATE TABLE audit (n bigserial, at bigint NOT NULL, id text NOT NULL, node text);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit (at, id, node)
        SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, s.id, (SELECT name FROM nodes WHERE id = s.owner)
        FROM spool s WHERE s.seq = new.message AND current_query() LIKE '%SET state = ''uncertain''%';
        RETURN NULL;
    END $$;
    CREATE TRIGGER audit AFTER UPDATE OF state ON spool_legs FOR EACH ROW
    WHEN (new.state = 'uncertain') EXECUTE FUNCTION audit()";

/// Something that went wrong on purpose.
#[derive(Debug, Clone)]
pub(in crate::nodes) struct Accident {
    pub(in crate::nodes) what: What,
    pub(in crate::nodes) from: i64,
    pub(in crate::nodes) to: i64,
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::nodes) enum What {
    Killed(String),
    StoodStill(String),
    Database,
}

/// One time that a message was let through to its end.
#[derive(Debug)]
struct Fence {
    at: i64,
    node: String,
}

pub(in crate::nodes) struct Account {
    sent: Vec<Sent>,
    accidents: Vec<Accident>,
    /// By id.
    fences: HashMap<String, Vec<Fence>>,
    /// Records by id.
    journal: HashMap<String, Value>,
}

/// What came of it all.
#[derive(Debug, Default)]
pub(in crate::nodes) struct Figures {
    /// Messages answered 250, and those of them that were spooled.
    pub(in crate::nodes) taken: usize,
    pub(in crate::nodes) spooled: usize,
    /// Notices that arrived.
    pub(in crate::nodes) notices: usize,
    /// Copies that arrived again out of the spool: of each message how often, and how many attempts the journal knows.
    pub(in crate::nodes) repeats: BTreeMap<String, (usize, usize)>,
    /// Copies that a sender caused who had no answer, or none that said that it was taken.
    pub(in crate::nodes) sent_again: usize,
}

pub(in crate::nodes) fn begin(url: &str) {
    raw(url, AUDIT);
}

impl Account {
    pub(in crate::nodes) fn new(
        url: &str,
        sent: Vec<Sent>,
        accidents: Vec<Accident>,
        journal: HashMap<String, Value>,
    ) -> Self {
        let rows = now(async {
            let sql = "SELECT id, at, coalesce(node, '') FROM audit ORDER BY n";
            connect(url).await.query(sql, &[]).await.unwrap()
        });
        let mut fences: HashMap<String, Vec<Fence>> = HashMap::new();
        for row in rows {
            let fence = Fence { at: row.get(1), node: row.get(2) };
            fences.entry(row.get(0)).or_default().push(fence);
        }
        Self { sent, accidents, fences, journal }
    }

    /// What was answered 250 has arrived or is told, once but where the rules allow more.
    pub(in crate::nodes) fn balance(&self, sink: &Receiver, notices: &Receiver) -> Figures {
        let mut figures = Figures::default();
        // By the sender's name of it: how often it arrived under which id.
        let mut arrived: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for message in sink.messages() {
            assert_eq!(message.to, ["bob@sink.test"]);
            let from = message.header("Subject").unwrap();
            assert_eq!(message.body(), format!(".{from}\r\n").as_bytes());
            let received = message.header("Received").unwrap();
            let id = received.split(" id ").nth(1).and_then(|rest| rest.split([' ', ';']).next());
            *arrived.entry(from).or_default().entry(id.unwrap().to_owned()).or_default() += 1;
        }
        let mut told: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for notice in notices.messages() {
            assert_eq!((notice.from.as_str(), notice.to.len()), ("", 1), "{notice:?}");
            let id = notice.header("Message-ID").unwrap();
            let id = id.trim_start_matches('<').split('@').next().unwrap().to_owned();
            *told.entry(notice.to[0].clone()).or_default().entry(id).or_default() += 1;
            figures.notices += 1;
        }
        for sent in &self.sent {
            let copies = arrived.remove(&sent.from).unwrap_or_default();
            let notices = told.remove(&sent.from).unwrap_or_default();
            figures.taken += usize::from(sent.taken().is_some());
            figures.spooled += usize::from(sent.spooled().is_some());
            figures.sent_again += self.is_here(sent, &copies, &notices);
            for (id, times) in copies.iter().chain(&notices) {
                if self.is_explained(id, *times) {
                    let attempts = self.journal.get(id).map_or(0, attempts);
                    figures.repeats.insert(id.clone(), (times - 1, attempts));
                }
            }
        }
        assert!(arrived.is_empty() && told.is_empty(), "sent by nobody: {arrived:?} {told:?}");
        figures
    }

    /// A message is where its replies say that it is; gives the copies that its sender caused beside the one that was taken.
    fn is_here(
        &self,
        sent: &Sent,
        copies: &HashMap<String, usize>,
        notices: &HashMap<String, usize>,
    ) -> usize {
        let context = || format!("{sent:?}: {copies:?}, told {notices:?}");
        // Of what was answered 4xx nothing is kept, but where the answer to the commit was lost.
        let unheard = sent.deferred.iter().filter(|(from, to)| {
            self.accidents.iter().any(|it| it.what == What::Database && it.meets(*from, *to))
        });
        let unanswered = sent.lost + unheard.count();
        match (sent.taken(), sent.is_bad) {
            (Some(_), true) => {
                assert!(copies.is_empty() && !notices.is_empty(), "not told: {}", context());
                assert!(notices.len() <= 1 + unanswered, "told twice: {}", context());
                return 0;
            }
            (None, true) => {
                assert!(copies.is_empty() && notices.len() <= unanswered, "{}", context());
                return 0;
            }
            (Some(id), false) => assert!(copies.contains_key(id), "lost: {}", context()),
            (None, false) => {}
        }
        assert!(notices.is_empty(), "told: {}", context());
        let others = copies.keys().filter(|id| Some(id.as_str()) != sent.taken()).count();
        assert!(others <= unanswered, "twice without a cause: {}", context());
        others
    }

    /// Each copy out of the spool has passed a fence of its own, and a second one only behind an accident of who passed the first;
    /// the journal tells of it. True where there were two.
    fn is_explained(&self, id: &str, times: usize) -> bool {
        let none = Vec::new();
        let fences = self.fences.get(id).unwrap_or(&none);
        let context = || {
            let record = self.journal.get(id).map(ToString::to_string).unwrap_or_default();
            format!("{id} came {times} times: {fences:#?}\n{record}\n{:#?}", self.accidents)
        };
        // What went straight through has none.
        assert!(times <= fences.len().max(1), "sent without leave: {}", context());
        let mut may_repeat = 0;
        for (before, after) in fences.iter().zip(fences.iter().skip(1)) {
            let met: Vec<&Accident> =
                self.accidents.iter().filter(|it| it.meets(before.at, after.at)).collect();
            let was_killed = What::Killed(before.node.clone());
            let stood_still = What::StoodStill(before.node.clone());
            let of_others = before.node != after.node;
            let is_cause = |it: &&&Accident| {
                // Who stands still past his lease may come by a message again that he had before.
                it.what == was_killed
                    || it.what == stood_still
                    || of_others && it.what == What::Database
            };
            // A commit of which nobody heard: that node has sent nothing, and tries again.
            let was_unheard = met.iter().any(|it| it.what == What::Database);
            let cause = met.iter().find(is_cause);
            assert!(cause.is_some() || was_unheard, "again without a cause: {}", context());
            may_repeat += usize::from(cause.is_some());
        }
        assert!(times - 1 <= may_repeat, "twice without a cause: {}", context());
        let ended = |record: &&Value| record["outcome"] != "spooled";
        if let Some(record) = self.journal.get(id).filter(ended).filter(|_| times > 1) {
            let note = record["note"].as_str().unwrap_or_default();
            assert!(note.contains(" may have got it twice"), "{}", context());
        }
        times > 1
    }

    /// Of no message two notices were made.
    pub(in crate::nodes) fn is_nothing_told_twice(&self) {
        let mut told: HashMap<&str, Vec<&str>> = HashMap::new();
        for (id, record) in &self.journal {
            let note = record["note"].as_str().unwrap_or_default();
            let of =
                note.split("; ").find_map(|it| it.strip_prefix("tells the sender what became of "));
            if let Some(of) = of {
                told.entry(of).or_default().push(id);
            }
        }
        told.retain(|_, notices| notices.len() > 1);
        assert!(told.is_empty(), "told twice: {told:?}");
    }
}

/// Whoever goes on after standing still has its lease back by then, in milliseconds: until it has, it passes fences and sends nothing.
const LEASE_IS_BACK: i64 = 2_000;

impl Accident {
    fn meets(&self, from: i64, to: i64) -> bool {
        let lasts = match self.what {
            What::StoodStill(_) => LEASE_IS_BACK,
            What::Killed(_) | What::Database => 0,
        };
        self.from <= to && self.to + lasts >= from
    }
}

fn attempts(record: &Value) -> usize {
    record["attempts"].as_array().map_or(0, Vec::len)
}
