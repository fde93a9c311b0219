//! Every message is accounted for: by its id there, by mailbox, and by the life of the daemon that
//! brought it.

use super::super::body_of;
use super::destination::{Arrival, Destination};
use super::{AT_ONCE, Sent};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

pub(super) struct Account {
    pub(super) seed: u64,
    pub(super) sent: Vec<Sent>,
    /// Records by Onward's id.
    pub(super) journal: HashMap<String, Value>,
}

impl Account {
    /// Each message is where its replies say that it is, and nothing else is anywhere.
    pub(super) fn is_nothing_lost(
        &self,
        here: &Destination,
        gone: &Destination,
        notices: &Destination,
    ) {
        let seed = self.seed;
        let mut arrived: HashMap<(&str, &str), Vec<&Arrival>> = HashMap::new();
        for arrival in here.arrivals().iter().chain(gone.arrivals()) {
            let body = body_of(&arrival.message_id);
            assert_eq!(arrival.body, body.as_bytes(), "{}; seed {seed}", arrival.message_id);
            for mailbox in &arrival.to {
                arrived.entry((&arrival.message_id, mailbox)).or_default().push(arrival);
            }
        }
        let mut told: HashMap<&str, HashSet<&str>> = HashMap::new();
        for notice in notices.arrivals() {
            assert_eq!((notice.from.as_str(), notice.to.len()), ("", 1), "{notice:?}; seed {seed}");
            told.entry(&notice.to[0]).or_default().insert(&notice.id);
        }
        for sent in &self.sent {
            let notices = told.remove(sent.from.as_str()).unwrap_or_default().len();
            for mailbox in sent.mailboxes {
                let arrivals = arrived.remove(&(&sent.message_id, mailbox)).unwrap_or_default();
                if sent.is_bad() {
                    assert!(arrivals.is_empty(), "{sent:?}: {arrivals:?}; seed {seed}");
                } else {
                    self.is_here(sent, mailbox, &arrivals);
                }
            }
            self.is_told(sent, notices);
        }
        assert!(arrived.is_empty() && told.is_empty(), "{arrived:?} {told:?}; seed {seed}");
    }

    fn is_here(&self, sent: &Sent, mailbox: &str, arrivals: &[&Arrival]) {
        let context = || format!("{mailbox}: {sent:?}: {arrivals:#?}; seed {}", self.seed);
        let taken = sent.taken().unwrap_or_else(|| panic!("refused: {}", context()));
        let confirmed: HashSet<&str> = arrivals
            .iter()
            .filter(|arrival| !arrival.is_cut)
            .map(|arrival| arrival.id.as_str())
            .collect();
        assert!(!confirmed.is_empty(), "lost: {}", context());
        let by_taken = arrivals.iter().filter(|arrival| arrival.id == taken).count();
        if sent.spooled().is_none() {
            // Of one alias with two mailboxes, one may have it of an earlier try.
            let is_of_earlier_try = sent.mailboxes.len() > 1 && sent.deferred + sent.lost > 0;
            assert!(by_taken == 1 || by_taken == 0 && is_of_earlier_try, "{}", context());
        }
        // A destination that has confirmed a message is never given another copy of it, but where our
        // own answer was lost to the sender, who then sends it again.
        let others = confirmed.iter().filter(|id| **id != taken).count();
        let remembered = usize::from(by_taken == 0);
        assert!(others <= sent.lost + remembered, "{}", context());
        // What was answered 4xx was given away at most once.
        let unanswered = |id: &str| {
            let times = arrivals.iter().filter(|arrival| arrival.id == id).count();
            id != taken && times > 1
        };
        let ids: HashSet<&str> = arrivals.iter().map(|arrival| arrival.id.as_str()).collect();
        let spooled_unheard = ids.iter().filter(|id| unanswered(id)).count();
        assert!(spooled_unheard <= sent.lost, "{}", context());
        assert!(ids.len() <= 1 + sent.lost + sent.deferred, "{}", context());
    }

    /// At most one notice for each time that it was taken, and none if the sender knows already.
    fn is_told(&self, sent: &Sent, notices: usize) {
        let context = || format!("{notices} notices: {sent:?}; seed {}", self.seed);
        let most = sent.lost + usize::from(sent.taken().is_some());
        if !sent.is_bad() || !sent.is_authenticated {
            assert_eq!(notices, 0, "{}", context());
        } else {
            assert!(notices >= usize::from(sent.taken().is_some()), "{}", context());
            assert!(notices <= most, "{}", context());
        }
        if sent.is_bad() && !sent.is_authenticated {
            assert!(sent.reply.starts_with("550 5.1.1"), "{}", context());
        }
    }

    /// A message comes again only where the destination cut its answer, or where a kill met it, and then
    /// the journal says so. How often.
    pub(super) fn are_repeats_explained(&self, destination: &Destination) -> usize {
        let seed = self.seed;
        let mut last: HashMap<(&str, &str), &Arrival> = HashMap::new();
        let mut by_kill: HashMap<usize, HashSet<&str>> = HashMap::new();
        let mut repeats = 0;
        for arrival in destination.arrivals() {
            for mailbox in &arrival.to {
                let Some(before) = last.insert((&arrival.id, mailbox), arrival) else { continue };
                repeats += 1;
                if !before.is_cut {
                    assert_ne!(
                        before.life, arrival.life,
                        "twice in one life: {arrival:?}; seed {seed}"
                    );
                    by_kill.entry(before.life).or_default().insert(&arrival.id);
                }
                // Notices have no record of their own.
                if let Some(record) = self.journal.get(&arrival.id) {
                    let note = record["note"].as_str().unwrap_or_default();
                    let twice = format!("{mailbox} may have got it twice");
                    assert!(note.contains(&twice), "{record}: {arrival:?}; seed {seed}");
                }
            }
        }
        for (life, ids) in by_kill {
            // As many are written down as are tried.
            assert!(ids.len() <= 2 * AT_ONCE, "{ids:?} at the end of life {life}; seed {seed}");
        }
        repeats
    }
}
