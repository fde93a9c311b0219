//! One record: written, added to, put in the place of another.

use crate::store::{
    journal::{
        AttemptLine, Bounce, Record,
        noted::{Keep, Noted, count_new, list},
        tally::Tally,
    },
    sqlite::{column, rows::ways_text},
};
use ecow::{EcoString, eco_format};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

const INSERT_MESSAGE: &str =
    "INSERT INTO message (id, time, client, helo, sender, srs_from, rcpt, outcome, reply,
    size, ms, detail, auth, tls, filter, ways, class)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const INSERT_ATTEMPT: &str = "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/// Writes the records of one transaction.
pub(super) struct Rows<'c> {
    connection: &'c Connection,
    message: CachedStatement<'c>,
    attempt: CachedStatement<'c>,
    /// Room for a text that is not kept.
    text: Vec<u8>,
}

impl<'c> Rows<'c> {
    pub(super) fn of(connection: &'c Connection) -> rusqlite::Result<Self> {
        let message = connection.prepare_cached(INSERT_MESSAGE)?;
        let attempt = connection.prepare_cached(INSERT_ATTEMPT)?;
        Ok(Self { connection, message, attempt, text: Vec::new() })
    }

    /// Writes a record without attempts in the place of another.
    pub(super) fn replace(&mut self, record: &Record, tally: &mut Tally) -> rusqlite::Result<()> {
        if let Some((_, noted)) = self.find(&record.id)? {
            noted.uncount(tally);
            let mut delete = self.connection.prepare_cached("DELETE FROM message WHERE id = ?1")?;
            delete.execute([&record.id])?;
        }
        self.insert(record, tally)
    }

    /// Writes a record that is not there, and counts it.
    pub(super) fn insert(&mut self, record: &Record, tally: &mut Tally) -> rusqlite::Result<()> {
        let class = count_new(record, tally);
        let Record { id, time, helo, from, srs_from, to, reply, detail, auth, tls, .. } = record;
        let sender: EcoString = from.mailbox().map_or("<>".into(), |from| eco_format!("{from}"));
        let filter = record.filter.as_ref().and_then(|it| serde_json::to_string(it).ok());
        self.message.execute(params![
            id,
            time,
            record.client.map(|ip| eco_format!("{ip}")).as_deref(),
            helo,
            sender.as_str(),
            srs_from,
            list(to, &mut self.text),
            record.outcome.as_str(),
            reply,
            column(record.size),
            column(record.ms),
            detail,
            auth,
            tls,
            filter.as_deref().unwrap_or_default(),
            record.ways.as_ref().map(ways_text),
            class,
        ])?;
        self.insert_attempts(self.connection.last_insert_rowid(), &record.attempts)
    }

    /// Adds to a record; a record that is not there, as after a crash, is made.
    pub(super) fn merge(
        &mut self,
        record: &Record,
        keep: Keep,
        tally: &mut Tally,
    ) -> rusqlite::Result<()> {
        let Some((message, mut noted)) = self.find(&record.id)? else {
            return self.insert(record, tally);
        };
        noted.add(record, keep, tally);
        let Noted { outcome, detail, class, .. } = noted;
        self.connection
            .prepare_cached(
                "UPDATE message SET outcome = ?2, detail = ?3, ms = max(ms, ?4), class = ?5 WHERE seq = ?1",
            )?
            .execute(params![message, outcome, detail, column(record.ms), class])?;
        self.insert_attempts(message, &record.attempts)
    }

    /// False when there is no record of the message.
    pub(super) fn add_bounce(
        &mut self,
        bounce: &Bounce,
        tally: &mut Tally,
    ) -> rusqlite::Result<bool> {
        let Some((message, mut noted)) = self.find(&bounce.id)? else { return Ok(false) };
        noted.bounce(bounce, tally);
        let Noted { outcome, detail, class, .. } = noted;
        let sql = "UPDATE message SET outcome = ?2, detail = ?3, class = ?4 WHERE seq = ?1";
        let mut update = self.connection.prepare_cached(sql)?;
        update.execute(params![message, outcome, detail, class])?;
        Ok(true)
    }

    fn insert_attempts(&mut self, message: i64, attempts: &[AttemptLine]) -> rusqlite::Result<()> {
        for AttemptLine { time, to, host, reply, ms, verdict, tls } in attempts {
            let (ms, to) = (column(*ms), list(to, &mut self.text));
            self.attempt.execute(params![message, time, to, host, reply, ms, verdict, tls])?;
        }
        Ok(())
    }

    /// What is there of a message already, and its number.
    fn find(&self, id: &str) -> rusqlite::Result<Option<(i64, Noted)>> {
        let columns = "seq, time, outcome, detail, reply, class, sender, rcpt, auth";
        self.connection
            .prepare_cached(&format!("SELECT {columns} FROM message WHERE id = ?1"))?
            .query_row([id], |row| {
                let noted = Noted {
                    time: row.get(1)?,
                    outcome: row.get(2)?,
                    detail: row.get(3)?,
                    reply: row.get(4)?,
                    class: row.get(5)?,
                    sender: row.get(6)?,
                    rcpt: row.get(7)?,
                    auth: row.get(8)?,
                };
                Ok((row.get(0)?, noted))
            })
            .optional()
    }
}
