//! What can be read of the state of Onward from outside, by case.

use super::case::case_of;
use super::expected::{ANOTHER_GROUP, Leg, World};
use crate::support::onward::Onward;
use crate::support::receiver::Message;
use serde_json::Value;
use std::collections::HashMap;

/// The queue as `onward queue list --json` shows it.
pub(super) struct Queue {
    by_case: HashMap<usize, Vec<Value>>,
    /// DSNs that wait.
    pub(super) notices: usize,
}

/// The journal as `onward trace --json` shows it.
pub(super) struct Journal {
    by_case: HashMap<usize, Vec<Value>>,
    notices: HashMap<usize, Vec<Value>>,
}

impl Queue {
    pub(super) fn read(onward: &Onward) -> Self {
        let (mut by_case, mut notices) = (HashMap::<_, Vec<_>>::new(), 0);
        for message in objects(onward, &["queue", "list", "--json"]) {
            let address = text(&message["legs"][0], "to");
            if address.starts_with("case") {
                notices += 1;
            } else {
                by_case.entry(number(address)).or_default().push(message);
            }
        }
        Self { by_case, notices }
    }

    /// How the queue differs from what it should hold of this case.
    pub(super) fn differs(&self, case: usize, world: &World) -> Option<String> {
        let seen = self.by_case.get(&case).map_or(&[][..], Vec::as_slice);
        let shown: Vec<_> = seen.iter().map(outline).collect();
        let expected: Vec<_> = world
            .queued
            .iter()
            .map(|queued| {
                let open = || queued.legs.iter().filter(|leg| leg.is_open());
                let mut to: Vec<String> = open().map(|leg| leg.alias.clone()).collect();
                to.dedup();
                let is_uncertain = open().any(|leg| leg.state == "uncertain");
                let state = if is_uncertain { "uncertain" } else { "queued" };
                (to, state.to_owned(), queued.attempts, queued.legs.clone())
            })
            .collect();
        (shown != expected).then(|| format!("queue: expected {expected:?}, saw {shown:?}"))
    }
}

/// Recipients, state, attempts and legs of one object.
fn outline(message: &Value) -> (Vec<String>, String, usize, Vec<Leg>) {
    let to = message["to"].as_array().unwrap().iter().map(|to| to.as_str().unwrap().to_owned());
    let legs = message["legs"].as_array().unwrap().iter().map(|leg| Leg {
        alias: text(leg, "to").to_owned(),
        mailbox: text(leg, "destination").to_owned(),
        state: known(text(leg, "state")),
    });
    let attempts = message["attempts"].as_u64().unwrap();
    (to.collect(), text(message, "state").to_owned(), attempts as usize, legs.collect())
}

fn known(state: &str) -> &'static str {
    let all = ["queued", "sending", "uncertain", "delivered", "failed", "dropped"];
    all.into_iter().find(|known| *known == state).unwrap_or("a state nobody knows")
}

impl Journal {
    pub(super) fn read(onward: &Onward) -> Self {
        let (mut by_case, mut notices) = (HashMap::new(), HashMap::new());
        let is_own = |record: &Value| !text(record, "reply").starts_with(ANOTHER_GROUP);
        for record in objects(onward, &["trace", "--json"]).into_iter().filter(is_own) {
            let address = record["to"][0].as_str().unwrap();
            let map = if address.starts_with("case") { &mut notices } else { &mut by_case };
            let of_case: &mut Vec<Value> = map.entry(number(address)).or_default();
            of_case.push(record);
        }
        Self { by_case, notices }
    }

    pub(super) fn differs(&self, case: usize, world: &World) -> Option<String> {
        let outcomes = |of: &HashMap<usize, Vec<Value>>| -> Vec<String> {
            let records = of.get(&case).map_or(&[][..], Vec::as_slice);
            records.iter().map(|record| text(record, "outcome").to_owned()).collect()
        };
        let (seen, notices) = (outcomes(&self.by_case), outcomes(&self.notices));
        if seen != world.journal {
            return Some(format!("journal: expected {:?}, saw {seen:?}", world.journal));
        }
        let expected = vec!["forwarded"; world.notices];
        (notices != expected)
            .then(|| format!("journal of DSNs: expected {expected:?}, saw {notices:?}"))
    }

    /// The outcome of the message with the id that a 250 named.
    pub(super) fn outcome(&self, case: usize, id: &str) -> Option<&str> {
        let records = self.by_case.get(&case)?;
        let record = records.iter().find(|record| record["id"] == id)?;
        record["outcome"].as_str()
    }
}

/// How often each mailbox has this message, as far as its destination knows.
pub(super) fn copies(messages: &[Message], original: &[u8]) -> HashMap<String, usize> {
    let mut copies = HashMap::new();
    for message in messages.iter().filter(|message| message.data.ends_with(original)) {
        for (at, mailbox) in message.to.iter().enumerate() {
            // SMTP: one reply for all.
            let reply = message.replies.get(at).or(message.replies.first());
            if reply.is_some_and(|reply| reply.starts_with('2')) {
                *copies.entry(mailbox.clone()).or_insert(0) += 1;
            }
        }
    }
    copies
}

fn number(address: &str) -> usize {
    case_of(address).unwrap_or_else(|| panic!("Onward has something for {address}"))
}

fn objects(onward: &Onward, arguments: &[&str]) -> Vec<Value> {
    onward.run(arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_else(|| panic!("{field} in {object}"))
}
