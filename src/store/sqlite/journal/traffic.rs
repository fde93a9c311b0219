//! Messages counted by the hour and by the day, in the journal's file and in the transactions that write records.

use crate::{
    store::{
        journal::{
            Class, HostCount, Span, TrafficCount,
            tally::{Tally, kept_since, length, most_rows},
        },
        sqlite::{column, number},
    },
    time::{Millis, UnixTime},
};
use rusqlite::{Connection, params};

/// The counts: of all messages where `domain` is empty, else of those that count for it. Starts are seconds since 1970.
pub(super) const CREATE: &str = "
    CREATE TABLE traffic (
        domain   TEXT NOT NULL,
        span     INTEGER NOT NULL,
        start    INTEGER NOT NULL,
        class    TEXT NOT NULL,
        messages INTEGER NOT NULL,
        PRIMARY KEY (domain, span, start, class)
    ) WITHOUT ROWID;
    CREATE INDEX traffic_start ON traffic (span, start);
";

/// Latest attempts that are looked at.
const ATTEMPTS: u32 = 5000;

/// Adds to the counts that are kept.
pub(super) fn add(connection: &Connection, tally: Tally) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO traffic VALUES (?1, ?2, ?3, ?4, max(?5, 0))
         ON CONFLICT DO UPDATE SET messages = max(messages + ?5, 0)",
    )?;
    for (key, by) in tally.changes() {
        add.execute(params![key.domain, key.span, key.start, key.class, by])?;
    }
    Ok(())
}

/// Deletes counts of spans that are over for long, and, where the rows for domains are too many, the oldest of these.
pub(super) fn prune(connection: &Connection, size: u64, now: Millis) -> rusqlite::Result<()> {
    for span in Span::ALL {
        connection.execute(
            "DELETE FROM traffic WHERE span = ?1 AND start < ?2",
            params![length(span), kept_since(span, now)],
        )?;
    }
    let rows: i64 = connection.query_row("SELECT count(*) FROM traffic", (), |row| row.get(0))?;
    let surplus = number(rows).saturating_sub(most_rows(size));
    if surplus > 0 {
        connection.execute(
            "DELETE FROM traffic WHERE (domain, span, start, class) IN (
                 SELECT domain, span, start, class FROM traffic INDEXED BY traffic_start
                 WHERE domain != '' ORDER BY span DESC, start LIMIT ?1)",
            [column(surplus)],
        )?;
    }
    Ok(())
}

/// The counts of spans that began at `since` or later. A class that a later version wrote is left out.
pub(super) fn since(
    connection: &Connection,
    domain: &str,
    span: Span,
    since: UnixTime,
) -> rusqlite::Result<Vec<TrafficCount>> {
    let mut statement = connection.prepare_cached(
        "SELECT start, class, messages FROM traffic
         WHERE domain = ?1 AND span = ?2 AND start >= ?3 AND messages > 0 ORDER BY start, class",
    )?;
    let rows =
        statement.query_map(params![domain, length(span), column(since.as_secs())], |row| {
            let (start, class, messages): (i64, String, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let start = UnixTime::new(number(start));
            let class = Class::parse(&class);
            Ok(class.map(|class| TrafficCount { start, class, messages: number(messages) }))
        })?;
    rows.filter_map(Result::transpose).collect()
}

/// The hosts of the latest attempts, the slowest first.
pub(super) fn slowest(
    connection: &Connection,
    since: Millis,
    limit: usize,
) -> rusqlite::Result<Vec<HostCount>> {
    let mut statement = connection.prepare_cached(
        "SELECT host, count(*), sum(verdict NOT IN ('delivered', 'refused')), avg(ms), max(ms)
         FROM (SELECT host, ms, verdict, time FROM attempt ORDER BY rowid DESC LIMIT ?1)
         WHERE time >= ?2 AND host != '' GROUP BY host ORDER BY avg(ms) DESC, host LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![ATTEMPTS, since, limit], |row| {
        let average: f64 = row.get(3)?;
        Ok(HostCount {
            host: row.get(0)?,
            attempts: number(row.get(1)?),
            deferred: number(row.get(2)?),
            // Milliseconds are far from what a float holds no more.
            average_ms: average.round() as u64,
            longest_ms: number(row.get(4)?),
        })
    })?;
    rows.collect()
}
