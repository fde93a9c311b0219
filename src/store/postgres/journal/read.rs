//! Reads records, a page at a time. Nothing is held from one page to the next.

use super::{
    record::{COLUMNS, list, positioned},
    search::{self, Search},
};
use crate::{
    address::Domain,
    store::{
        StoreError,
        journal::{
            AttemptLine, Class, Filter, HostCount, JournalError, Page, Position, Reading, Record,
            Span, TrafficCount, tally::length,
        },
        number::column,
        postgres::{
            access::{Access, reading},
            ask::{self, Result, count, get, millis, time},
        },
    },
    time::{Millis, UnixTime},
    verdict::NOT_KEPT,
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;
use std::collections::HashMap;
use tokio_postgres::Row;

/// Rows read at once.
const PAGE: i64 = 1000;
/// Latest attempts that are looked at.
const ATTEMPTS: i64 = 5000;

/// The reading side.
#[derive(Debug)]
pub(in crate::store) struct Records(Access);

impl Records {
    pub(super) fn new(access: Access) -> Self {
        Self(access)
    }
}

#[async_trait]
impl Reading for Records {
    async fn page(&self, filter: &Filter, after: Option<Position>) -> Result<Page, JournalError> {
        let Some(limit) = filter.limit else {
            let rows = self.rows(filter, false, after).await?;
            let next = rows.last().map(|(position, _)| *position);
            let records = rows.into_iter().filter_map(|(_, record)| filter.shown(record)).collect();
            return Ok(Page { records, next });
        };
        let mut latest = Vec::new();
        let mut after = None;
        while latest.len() < limit {
            let rows = self.rows(filter, true, after).await?;
            let Some((position, _)) = rows.last() else { break };
            after = Some(*position);
            latest.extend(rows.into_iter().filter_map(|(_, record)| filter.shown(record)));
        }
        latest.truncate(limit);
        latest.reverse();
        Ok(Page { records: latest, next: None })
    }

    async fn latest(
        &self,
        filter: &Filter,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Page, JournalError> {
        let search = Search::new(filter);
        let mut page = Page { records: Vec::new(), next: before };
        for step in search::steps(filter) {
            let end = self.ask(async |tx| search.step(tx, page.next, step).await).await?;
            // As many as are shown, and some more, as not each is.
            let some = column(limit.saturating_mul(2).clamp(50, 1000) as u64);
            loop {
                let from = page.next;
                let rows = self.ask(async |tx| {
                    let rows = search.records(tx, from, end, some).await?;
                    with_attempts(tx, rows).await
                });
                let rows = rows.await?;
                let is_last = column(rows.len() as u64) < some;
                for (position, record) in rows {
                    page.next = Some(position);
                    page.records.extend(filter.shown(record));
                    if page.records.len() >= limit {
                        return Ok(page);
                    }
                }
                if is_last {
                    break;
                }
            }
            page.next = end;
            if end.is_none() {
                break;
            }
        }
        Ok(page)
    }

    async fn count_failed(&self, since: Millis) -> Result<u64, JournalError> {
        // In these words the index of failures answers it.
        let sql = "SELECT count(*) FROM journal WHERE outcome = 'failed' AND time + ms >= $1";
        let since = column(since.as_millis());
        self.ask(async |tx| ask::one(tx, sql, &[&since], |row| count(row, 0)).await).await
    }

    async fn count_broken(&self, since: Millis) -> Result<u64, JournalError> {
        let sql = "SELECT count(*) FROM journal WHERE time >= $1 AND strpos(detail, $2) > 0";
        let since = column(since.as_millis());
        self.ask(async |tx| ask::one(tx, sql, &[&since, &NOT_KEPT], |row| count(row, 0)).await)
            .await
    }

    async fn traffic(
        &self,
        domain: Option<&Domain>,
        span: Span,
        since: UnixTime,
    ) -> Result<Vec<TrafficCount>, JournalError> {
        let domain = domain.map(Domain::to_key).unwrap_or_default();
        let since = column(since.as_secs());
        let sql = "SELECT start, class, messages FROM journal_traffic
                   WHERE domain = $1 AND span = $2 AND start >= $3 AND messages > 0 ORDER BY start, class";
        // A class that a later version wrote is left out.
        let one = |row: &Row| {
            let class = Class::parse(get(row, 1)?);
            let (start, messages) = (time(row, 0)?, count(row, 2)?);
            Ok(class.map(|class| TrafficCount { start, class, messages }))
        };
        let counts =
            self.ask(async |tx| ask::all(tx, sql, &[&domain, &length(span), &since], one).await);
        Ok(counts.await?.into_iter().flatten().collect())
    }

    async fn slowest(&self, since: Millis, limit: usize) -> Result<Vec<HostCount>, JournalError> {
        let (since, limit) = (column(since.as_millis()), column(limit as u64));
        let sql = "SELECT host, count(*), count(*) FILTER (WHERE verdict NOT IN ('delivered', 'refused')),
                          round(avg(ms))::bigint, max(ms)
                   FROM (SELECT host, ms, verdict, time FROM journal_attempts
                         ORDER BY came DESC, message DESC, seq DESC LIMIT $1) latest
                   WHERE time >= $2 AND host <> '' GROUP BY host ORDER BY avg(ms) DESC, host LIMIT $3";
        let one = |row: &Row| {
            Ok(HostCount {
                host: get(row, 0)?,
                attempts: count(row, 1)?,
                deferred: count(row, 2)?,
                average_ms: count(row, 3)?,
                longest_ms: count(row, 4)?,
            })
        };
        self.ask(async |tx| ask::all(tx, sql, &[&ATTEMPTS, &since, &limit], one).await).await
    }
}

impl Records {
    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T, JournalError> {
        let answer: Result<T, StoreError> =
            async { reading!(self.0, tx => question(tx).await) }.await;
        Ok(answer?)
    }

    /// Rows that `filter` wants as far as SQL goes.
    async fn rows(
        &self,
        filter: &Filter,
        newest_first: bool,
        after: Option<Position>,
    ) -> Result<Vec<(Position, Record)>, JournalError> {
        let (compare, order) = if newest_first { ("<", "DESC") } else { (">", "ASC") };
        let by_id = if filter.id.is_some() { "id = $1" } else { "$1::text IS NULL" };
        let sql = format!(
            "SELECT {COLUMNS} FROM journal
             WHERE {by_id} AND time >= $2 AND time < $3 AND (time, seq) {compare} ($4, $5)
             ORDER BY time {order}, seq {order} LIMIT {PAGE}"
        );
        let before_all = if newest_first { (i64::MAX, i64::MAX) } else { (-1, -1) };
        let (time, seq) = after.map_or(before_all, search::place);
        let since = column(filter.since.unwrap_or(Millis::EPOCH).as_millis());
        let until = filter.until.map_or(i64::MAX, |until| column(until.as_millis()));
        self.ask(async |tx| {
            let values: &ask::Values<'_> = &[&filter.id, &since, &until, &time, &seq];
            let rows = ask::all(tx, &sql, values, positioned).await?;
            with_attempts(tx, rows).await
        })
        .await
    }
}

/// Gives records their attempts.
async fn with_attempts(
    tx: &Transaction<'_>,
    mut rows: Vec<(Position, Record)>,
) -> Result<Vec<(Position, Record)>> {
    let places = rows.iter().map(|(position, _)| search::place(*position));
    let (came, messages): (Vec<i64>, Vec<i64>) = places.unzip();
    if came.is_empty() {
        return Ok(rows);
    }
    let sql = "SELECT a.message, a.time, a.rcpt, a.host, a.reply, a.ms, a.verdict, a.tls
               FROM unnest($1::bigint[], $2::bigint[]) AS u (came, message)
               JOIN journal_attempts a ON a.came = u.came AND a.message = u.message ORDER BY a.seq";
    let one = |row: &Row| {
        let line = AttemptLine {
            time: millis(row, 1)?,
            to: list(get(row, 2)?)?,
            host: get(row, 3)?,
            reply: get(row, 4)?,
            ms: count(row, 5)?,
            verdict: get(row, 6)?,
            tls: get(row, 7)?,
        };
        Ok((get::<i64>(row, 0)?, line))
    };
    let mut all: HashMap<i64, Vec<AttemptLine>> = HashMap::new();
    for (message, line) in ask::all(tx, sql, &[&came, &messages], one).await? {
        all.entry(message).or_default().push(line);
    }
    for (position, record) in &mut rows {
        record.attempts = all.remove(&position.seq).unwrap_or_default();
    }
    Ok(rows)
}
