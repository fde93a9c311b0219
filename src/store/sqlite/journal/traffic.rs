//! Messages counted by the hour and by the day, in the journal's file and in the transactions that write records.

use crate::{
    store::{
        journal::{Class, HostCount, Span, TrafficCount},
        sqlite::{column, number},
    },
    time::{Millis, UnixTime},
};
use rusqlite::{Connection, params};
use std::collections::{BTreeSet, HashMap};

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

/// Octets of the journal for each of which one row of counts is kept: with 512 MiB half a million rows, a tenth of it.
const OCTETS_FOR_ROW: u64 = 1024;

/// Latest attempts that are looked at.
const ATTEMPTS: u32 = 5000;

/// What one transaction adds to the counts.
pub(super) struct Tally {
    now: Millis,
    /// By domain.
    counts: HashMap<String, Vec<Count>>,
}

struct Count {
    span: Span,
    start: UnixTime,
    class: String,
    by: i64,
}

impl Tally {
    pub(super) fn new(now: Millis) -> Self {
        Self { now, counts: HashMap::new() }
    }

    /// Counts a message that came at `time`, for these domains and among all.
    pub(super) fn add(&mut self, time: Millis, class: &str, domains: &BTreeSet<String>) {
        self.count(time, class, domains, 1);
    }

    /// Counts it no more.
    pub(super) fn take(&mut self, time: Millis, class: &str, domains: &BTreeSet<String>) {
        self.count(time, class, domains, -1);
    }

    fn count(&mut self, time: Millis, class: &str, domains: &BTreeSet<String>, by: i64) {
        if class.is_empty() {
            return;
        }
        for span in Span::ALL {
            let start = span.start(time.unix_time());
            if is_over(span, start, self.now) {
                continue;
            }
            for domain in domains.iter().map(String::as_str).chain([""]) {
                let counts = match self.counts.get_mut(domain) {
                    Some(counts) => counts,
                    None => self.counts.entry(domain.to_owned()).or_default(),
                };
                let is_same = |count: &&mut Count| {
                    count.span == span && count.start == start && count.class == class
                };
                match counts.iter_mut().find(is_same) {
                    Some(count) => count.by += by,
                    None => counts.push(Count { span, start, class: class.to_owned(), by }),
                }
            }
        }
    }

    /// Adds it to the counts that are kept.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(
            "INSERT INTO traffic VALUES (?1, ?2, ?3, ?4, max(?5, 0))
             ON CONFLICT DO UPDATE SET messages = max(messages + ?5, 0)",
        )?;
        for (domain, counts) in self.counts {
            for Count { span, start, class, by } in counts.into_iter().filter(|count| count.by != 0)
            {
                add.execute(params![domain, length(span), column(start.as_secs()), class, by])?;
            }
        }
        Ok(())
    }
}

/// Messages of a span that began then are counted no more.
fn is_over(span: Span, start: UnixTime, now: Millis) -> bool {
    now.unix_time().since(start) > span.kept() + span.length()
}

fn length(span: Span) -> i64 {
    column(span.length().as_secs())
}

/// Deletes counts of spans that are over for long, and, where the rows for domains are too many, the oldest of these.
pub(super) fn prune(connection: &Connection, size: u64, now: Millis) -> rusqlite::Result<()> {
    for span in Span::ALL {
        let kept = (span.kept() + span.length()).as_secs();
        let before = column(now.unix_time().as_secs().saturating_sub(kept));
        connection.execute(
            "DELETE FROM traffic WHERE span = ?1 AND start < ?2",
            params![length(span), before],
        )?;
    }
    let rows: i64 = connection.query_row("SELECT count(*) FROM traffic", (), |row| row.get(0))?;
    let surplus = number(rows).saturating_sub(size / OCTETS_FOR_ROW);
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
