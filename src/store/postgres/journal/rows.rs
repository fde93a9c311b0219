//! Rows of `journal` and `journal_attempts`, written many at a time.

use super::days::Day;
use crate::{
    store::{
        journal::{
            AttemptLine, Outcome, Record,
            noted::{Noted, list},
            tally::Tally,
        },
        number::column,
        postgres::{
            ask::{self, Result, count, get, millis},
            error::unreadable,
            rows::spool::clean,
        },
        ways::ways_text,
    },
    time::Millis,
};
use deadpool_postgres::Transaction;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio_postgres::types::{ToSql, Type};

/// Locks by which nodes that write of the same messages wait for each other: few, as a server has a bounded number.
const LOCKS: u32 = 64;
/// Stands before their numbers (`Onwj`).
const LOCK: i32 = 0x4f6e_776a;
/// What a row takes beside its texts.
const ROW: usize = 200;
const ATTEMPT_ROW: usize = 100;

/// What a new row of `journal` is written with, and one of `journal_attempts`, whose number the table gives.
const COLUMNS: [(&str, Type); 20] = [
    ("seq", INT8),
    ("time", INT8),
    ("id", TEXT),
    ("node", TEXT),
    ("client", TEXT),
    ("helo", TEXT),
    ("sender", TEXT),
    ("srs_from", TEXT),
    ("rcpt", TEXT),
    ("outcome", TEXT),
    ("reply", TEXT),
    ("size", INT8),
    ("ms", INT8),
    ("detail", TEXT),
    ("auth", TEXT),
    ("tls", TEXT),
    ("filter", TEXT),
    ("ways", TEXT),
    ("class", TEXT),
    ("octets", INT8),
];
const ATTEMPT_COLUMNS: [(&str, Type); 9] = [
    ("came", INT8),
    ("message", INT8),
    ("time", INT8),
    ("rcpt", TEXT),
    ("host", TEXT),
    ("reply", TEXT),
    ("ms", INT8),
    ("verdict", TEXT),
    ("tls", TEXT),
];
const INT8: Type = Type::INT8;
const TEXT: Type = Type::TEXT;

/// A record that is there, and what is to be added to it.
pub(super) struct Change {
    pub(super) seq: i64,
    pub(super) noted: Noted,
    pub(super) ms: u64,
    pub(super) added: Vec<AttemptLine>,
    pub(super) is_changed: bool,
    was_refusal: bool,
    /// Of its detail, and with all that it has.
    detail_was: usize,
    octets: i64,
}

/// A record that is not there.
pub(super) struct New<'a> {
    record: &'a Record,
    pub(super) noted: Noted,
    pub(super) ms: u64,
    pub(super) attempts: Vec<&'a AttemptLine>,
    pub(super) is_gone: bool,
}

impl<'a> New<'a> {
    pub(super) fn of(record: &'a Record, class: String) -> Self {
        let noted = Noted {
            time: record.time,
            outcome: record.outcome.to_string(),
            detail: record.detail.clone(),
            reply: record.reply.clone(),
            class,
            sender: record.sender(),
            rcpt: list(&record.to, &mut Vec::new()).to_owned(),
            auth: record.auth.clone(),
        };
        let attempts = record.attempts.iter().collect();
        Self { record, noted, ms: record.ms, attempts, is_gone: false }
    }

    fn octets(&self) -> i64 {
        let Noted { detail, reply, sender, rcpt, auth, .. } = &self.noted;
        let texts = [&self.record.id, &self.record.helo, detail, reply, sender, rcpt, auth];
        let own = ROW + texts.iter().map(|text| text.len()).sum::<usize>();
        signed(own) + attempts_octets(self.attempts.iter().copied())
    }
}

/// Has nobody else write of these messages until the end of the transaction.
pub(super) async fn lock(tx: &Transaction<'_>, ids: &BTreeSet<&str>) -> Result<()> {
    // In one order, so that two nodes do not wait for each other.
    let locks: BTreeSet<u32> = ids.iter().map(|id| checksum(id) % LOCKS).collect();
    for lock in locks {
        let lock = i32::try_from(lock).map_err(unreadable)?;
        ask::exists(tx, "SELECT pg_advisory_xact_lock($1, $2)", &[&LOCK, &lock]).await?;
    }
    Ok(())
}

/// The same in every process.
fn checksum(id: &str) -> u32 {
    id.bytes().fold(7, |sum: u32, octet| sum.wrapping_mul(31).wrapping_add(octet.into()))
}

/// What is there of these messages, by id.
pub(super) async fn find(
    tx: &Transaction<'_>,
    ids: &BTreeSet<&str>,
) -> Result<HashMap<String, Change>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<&str> = ids.iter().copied().collect();
    let sql = "SELECT id, seq, time, outcome, detail, reply, class, sender, rcpt, auth, ms, octets FROM journal
               WHERE id = ANY ($1) ORDER BY time DESC, seq DESC";
    let found = ask::all(tx, sql, &[&ids], |row| {
        let noted = Noted {
            time: millis(row, 2)?,
            outcome: get(row, 3)?,
            detail: get(row, 4)?,
            reply: get(row, 5)?,
            class: get(row, 6)?,
            sender: get(row, 7)?,
            rcpt: get(row, 8)?,
            auth: get(row, 9)?,
        };
        let change = Change {
            seq: get(row, 1)?,
            ms: count(row, 10)?,
            added: Vec::new(),
            is_changed: false,
            was_refusal: is_refusal(&noted),
            detail_was: noted.detail.len(),
            octets: get(row, 11)?,
            noted,
        };
        Ok((get::<String>(row, 0)?, change))
    })
    .await?;
    // Of several, the first.
    Ok(found.into_iter().collect())
}

/// Writes records that are not there.
pub(super) async fn insert(
    tx: &Transaction<'_>,
    new: &[New<'_>],
    node: &str,
    days: &mut DayCounts,
) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let sql = "SELECT array_agg(nextval('journal_seq')) FROM generate_series(1, $1::bigint)";
    let seqs: Vec<i64> = ask::one(tx, sql, &[&column(new.len() as u64)], |row| get(row, 0)).await?;
    let octets: Vec<i64> = new.iter().map(New::octets).collect();
    for (it, octets) in new.iter().zip(&octets) {
        days.add(it.record.time, 1, i64::from(is_refusal(&it.noted)), *octets);
    }
    ask::copy(tx, "journal", &COLUMNS, async |mut rows| {
        for ((New { record, noted, ms, .. }, seq), octets) in new.iter().zip(&seqs).zip(&octets) {
            let filter = record.filter.as_ref().and_then(|it| serde_json::to_string(it).ok());
            let values: [&(dyn ToSql + Sync); COLUMNS.len()] = [
                seq,
                &time(record.time),
                &clean(&record.id),
                &node,
                &record.client.map(|ip| ip.to_string()),
                &clean(&record.helo),
                &clean(&noted.sender),
                &record.srs_from.as_deref().map(clean),
                &clean(&noted.rcpt),
                &noted.outcome,
                &clean(&noted.reply),
                &column(record.size),
                &column(*ms),
                &clean(&noted.detail),
                &clean(&noted.auth),
                &clean(&record.tls),
                &clean(filter.as_deref().unwrap_or_default()),
                &record.ways.as_ref().map(ways_text),
                &clean(&noted.class),
                octets,
            ];
            rows.as_mut().write(&values).await?;
        }
        Ok(())
    })
    .await?;
    let attempts = new.iter().zip(&seqs);
    let attempts = attempts.flat_map(|(it, seq)| {
        it.attempts.iter().map(move |line| (time(it.record.time), *seq, *line))
    });
    insert_attempts(tx, &attempts.collect::<Vec<_>>()).await
}

/// Writes what was added to records that are there.
pub(super) async fn update(
    tx: &Transaction<'_>,
    changed: &[Change],
    days: &mut DayCounts,
) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let numbers = |of: fn(&Change) -> i64| changed.iter().map(of).collect::<Vec<_>>();
    let texts =
        |of: fn(&Change) -> &str| changed.iter().map(|it| clean(of(it))).collect::<Vec<_>>();
    let more: Vec<i64> = changed
        .iter()
        .map(|it| {
            signed(it.noted.detail.len()) - signed(it.detail_was) + attempts_octets(it.added.iter())
        })
        .collect();
    for (it, more) in changed.iter().zip(&more) {
        let refused = i64::from(is_refusal(&it.noted)) - i64::from(it.was_refusal);
        days.add(it.noted.time, 0, refused, *more);
    }
    let sql = "UPDATE journal j SET outcome = u.outcome, detail = u.detail, ms = u.ms, class = u.class,
                   octets = j.octets + u.more
               FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[])
               AS u (time, seq, outcome, detail, ms, class, more) WHERE j.time = u.time AND j.seq = u.seq";
    let values: &ask::Values<'_> = &[
        &numbers(|it| time(it.noted.time)),
        &numbers(|it| it.seq),
        &texts(|it| &it.noted.outcome),
        &texts(|it| &it.noted.detail),
        &numbers(|it| column(it.ms)),
        &texts(|it| &it.noted.class),
        &more,
    ];
    ask::run(tx, sql, values).await?;
    let attempts = changed
        .iter()
        .flat_map(|it| it.added.iter().map(move |line| (time(it.noted.time), it.seq, line)));
    insert_attempts(tx, &attempts.collect::<Vec<_>>()).await
}

/// Deletes records, and their attempts.
pub(super) async fn delete(
    tx: &Transaction<'_>,
    gone: &[Change],
    days: &mut DayCounts,
) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    for it in gone {
        days.add(it.noted.time, -1, -i64::from(it.was_refusal), -it.octets);
    }
    let times: Vec<i64> = gone.iter().map(|it| time(it.noted.time)).collect();
    let seqs: Vec<i64> = gone.iter().map(|it| it.seq).collect();
    delete_at(tx, &times, &seqs).await
}

/// Deletes the records at these places, and their attempts.
pub(super) async fn delete_at(tx: &Transaction<'_>, times: &[i64], seqs: &[i64]) -> Result<()> {
    let of = "USING unnest($1::bigint[], $2::bigint[]) AS u (time, seq)";
    let sql =
        format!("DELETE FROM journal_attempts a {of} WHERE a.came = u.time AND a.message = u.seq");
    ask::run(tx, &sql, &[&times, &seqs]).await?;
    let sql = format!("DELETE FROM journal j {of} WHERE j.time = u.time AND j.seq = u.seq");
    ask::run(tx, &sql, &[&times, &seqs]).await.map(drop)
}

/// Adds to the counts.
pub(super) async fn add_counts(tx: &Transaction<'_>, tally: Tally) -> Result<()> {
    let sql = "INSERT INTO journal_traffic VALUES ($1, $2, $3, $4, greatest($5::bigint, 0))
               ON CONFLICT (domain, span, start, class)
               DO UPDATE SET messages = greatest(journal_traffic.messages + $5, 0)";
    // All at once: others wait for these rows until the end of the transaction.
    for (key, by) in tally.changes() {
        ask::run(tx, sql, &[&key.domain, &key.span, &key.start, &key.class, &by]).await?;
    }
    Ok(())
}

/// The batch that a writer wrote last.
pub(super) async fn last_batch(tx: &Transaction<'_>, writer: &str) -> Result<Option<i64>> {
    let sql = "SELECT batch FROM journal_writers WHERE writer = $1";
    ask::first(tx, sql, &[&writer], |row| get(row, 0)).await
}

/// Notes which that is.
pub(super) async fn note_batch(tx: &Transaction<'_>, writer: &str, batch: i64) -> Result<()> {
    let sql = "INSERT INTO journal_writers (writer, batch) VALUES ($1, $2)
               ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, at = now()";
    ask::run(tx, sql, &[&writer, &batch]).await.map(drop)
}

async fn insert_attempts(
    tx: &Transaction<'_>,
    attempts: &[(i64, i64, &AttemptLine)],
) -> Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    ask::copy(tx, "journal_attempts", &ATTEMPT_COLUMNS, async |mut rows| {
        let mut room = Vec::new();
        for (came, message, line) in attempts {
            let values: [&(dyn ToSql + Sync); ATTEMPT_COLUMNS.len()] = [
                came,
                message,
                &time(line.time),
                &clean(list(&line.to, &mut room)),
                &clean(&line.host),
                &clean(&line.reply),
                &column(line.ms),
                &clean(&line.verdict),
                &clean(&line.tls),
            ];
            rows.as_mut().write(&values).await?;
        }
        Ok(())
    })
    .await
    .map(drop)
}

/// What is to be added to the figures of days.
#[derive(Default)]
pub(super) struct DayCounts(BTreeMap<Day, [i64; 3]>);

impl DayCounts {
    pub(super) fn add(&mut self, time: Millis, records: i64, refused: i64, octets: i64) {
        let [all, refusals, size] = self.0.entry(Day::of(time)).or_default();
        *all += records;
        *refusals += refused;
        *size += octets;
    }

    /// Adds it, in one order.
    pub(super) async fn write(self, tx: &Transaction<'_>) -> Result<()> {
        let sql = "UPDATE journal_days SET records = records + $2, refused = refused + $3, octets = octets + $4
                   WHERE day = $1";
        for (day, [records, refused, octets]) in self.0 {
            ask::run(tx, sql, &[&day.number(), &records, &refused, &octets]).await?;
        }
        Ok(())
    }
}

fn is_refusal(noted: &Noted) -> bool {
    Outcome::parse(&noted.outcome).is_some_and(Outcome::is_refusal)
}

fn attempts_octets<'a>(attempts: impl Iterator<Item = &'a AttemptLine>) -> i64 {
    let texts = |line: &AttemptLine| {
        let to: usize = line.to.iter().map(String::len).sum();
        signed(ATTEMPT_ROW + to + line.host.len() + line.reply.len())
    };
    attempts.map(texts).sum()
}

fn time(time: Millis) -> i64 {
    column(time.as_millis())
}

fn signed(octets: usize) -> i64 {
    column(octets as u64)
}
