//! One record: written, added to, put in the place of another.

use super::traffic::Tally;
use crate::{
    account::AccountId,
    address::Mailbox,
    slots::Cause,
    store::{
        journal::{AttemptLine, Bounce, Class, Outcome, Record},
        sqlite::{column, rows::ways_text},
    },
    time::Millis,
};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// Writes a record without attempts in the place of another.
pub(super) fn replace(
    connection: &Connection,
    record: &Record,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    if let Some(found) = Found::of(connection, &record.id)? {
        tally.take(found.time, &found.class, &found.counts_for());
        connection.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([&record.id])?;
    }
    insert(connection, record, tally)
}

/// What is there of a message already.
struct Found {
    seq: i64,
    time: Millis,
    outcome: String,
    detail: String,
    reply: String,
    class: String,
    sender: String,
    rcpt: String,
    auth: String,
}

impl Found {
    fn of(connection: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        let columns = "seq, time, outcome, detail, reply, class, sender, rcpt, auth";
        connection
            .prepare_cached(&format!("SELECT {columns} FROM message WHERE id = ?1"))?
            .query_row([id], |row| {
                Ok(Self {
                    seq: row.get(0)?,
                    time: row.get(1)?,
                    outcome: row.get(2)?,
                    detail: row.get(3)?,
                    reply: row.get(4)?,
                    class: row.get(5)?,
                    sender: row.get(6)?,
                    rcpt: row.get(7)?,
                    auth: row.get(8)?,
                })
            })
            .optional()
    }

    /// The domains for which it is counted.
    fn counts_for(&self) -> BTreeSet<String> {
        let Some(class) = Class::parse(&self.class) else { return BTreeSet::new() };
        let to: Vec<String> = serde_json::from_str(&self.rcpt).unwrap_or_default();
        let is_of_account = AccountId::of_cause(&Cause::named(&self.auth)).is_some();
        class.counts_for(Mailbox::parse(&self.sender).ok().as_ref(), is_of_account, &to)
    }

    /// Counts it as what came to `outcome`; gives its class from then on.
    fn turn(mut self, outcome: Outcome, by_destination: bool, tally: &mut Tally) -> String {
        let class = Class::of_outcome(outcome, &self.reply, &self.detail, by_destination);
        let class = class.map(Class::to_key).unwrap_or_default();
        if class != self.class {
            tally.take(self.time, &self.class, &self.counts_for());
            self.class = class;
            tally.add(self.time, &self.class, &self.counts_for());
        }
        self.class
    }
}

/// Writes a record that is not there, and counts it.
pub(super) fn insert(
    connection: &Connection,
    record: &Record,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    let class = Class::of(record);
    let key = class.map(Class::to_key).unwrap_or_default();
    if let Some(class) = class {
        let is_of_account = record.account().is_some();
        let domains = class.counts_for(record.from.mailbox(), is_of_account, &record.to);
        tally.add(record.time, &key, &domains);
    }
    connection
        .prepare_cached(
            "INSERT INTO message (id, time, client, helo, sender, srs_from, rcpt, outcome, reply,
             size, ms, detail, auth, tls, filter, ways, class)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            record.id,
            record.time,
            record.client.map(|ip| ip.to_string()),
            record.helo,
            record.sender(),
            record.srs_from,
            list(&record.to),
            record.outcome.as_str(),
            record.reply,
            column(record.size),
            column(record.ms),
            record.detail,
            record.auth,
            record.tls,
            record
                .filter
                .as_ref()
                .and_then(|it| serde_json::to_string(it).ok())
                .unwrap_or_default(),
            record.ways.as_ref().map(ways_text),
            key,
        ])?;
    insert_attempts(connection, connection.last_insert_rowid(), &record.attempts)
}

fn insert_attempts(
    connection: &Connection,
    message: i64,
    attempts: &[AttemptLine],
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
    for AttemptLine { time, to, host, reply, ms, verdict, tls } in attempts {
        let ms = column(*ms);
        statement.execute(params![message, time, list(to), host, reply, ms, verdict, tls])?;
    }
    Ok(())
}

/// What stays of a record that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Outcome,
    Nothing,
}

/// Adds to a record; a record that is not there, as after a crash, is made.
pub(super) fn merge(
    connection: &Connection,
    record: &Record,
    keep: Keep,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    let Some(mut found) = Found::of(connection, &record.id)? else {
        return insert(connection, record, tally);
    };
    add_detail(&mut found.detail, &record.detail);
    let is_bounced =
        found.outcome == Outcome::Bounced.as_str() && record.outcome != Outcome::Failed;
    let (message, detail) = (found.seq, found.detail.clone());
    let (outcome, class) = if keep == Keep::Outcome || is_bounced {
        (found.outcome.clone(), found.class)
    } else {
        let class = found.turn(record.outcome, record.is_by_destination(), tally);
        (record.outcome.to_string(), class)
    };
    connection
        .prepare_cached(
            "UPDATE message SET outcome = ?2, detail = ?3, ms = max(ms, ?4), class = ?5 WHERE seq = ?1",
        )?
        .execute(params![message, outcome, detail, column(record.ms), class])?;
    insert_attempts(connection, message, &record.attempts)
}

/// Longest detail that bounces add to. They come from strangers.
const MAX_DETAIL: usize = 2000;

/// False when there is no record of the message.
pub(super) fn add_bounce(
    connection: &Connection,
    bounce: &Bounce,
    tally: &mut Tally,
) -> rusqlite::Result<bool> {
    let Some(mut found) = Found::of(connection, &bounce.id)? else { return Ok(false) };
    if found.detail.len() < MAX_DETAIL {
        add_detail(&mut found.detail, &bounce.detail);
    }
    let had_left = Outcome::parse(&found.outcome).is_some_and(|outcome| {
        matches!(outcome, Outcome::Forwarded | Outcome::Partial | Outcome::Spooled)
    });
    let (message, detail) = (found.seq, found.detail.clone());
    let (outcome, class) = if bounce.is_final && had_left {
        let class = found.turn(Outcome::Bounced, false, tally);
        (Outcome::Bounced.to_string(), class)
    } else {
        (found.outcome.clone(), found.class)
    };
    connection
        .prepare_cached("UPDATE message SET outcome = ?2, detail = ?3, class = ?4 WHERE seq = ?1")?
        .execute(params![message, outcome, detail, class])?;
    Ok(true)
}

/// Adds what is not there yet.
fn add_detail(detail: &mut String, more: &str) {
    for part in more.split("; ").filter(|part| !part.is_empty()) {
        if !detail.split("; ").any(|known| known == part) {
            let separator = if detail.is_empty() { "" } else { "; " };
            *detail = format!("{detail}{separator}{part}");
        }
    }
}

fn list(items: &[String]) -> String {
    serde_json::to_string(items).unwrap_or_default()
}
