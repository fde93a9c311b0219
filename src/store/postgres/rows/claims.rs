//! Who has which messages of `spool` in hand: how they are claimed, left, and taken from who serves no more.

use super::{
    legs::wait_again,
    spool::{OPEN, clean},
};
use crate::{
    retry::{Left, Line},
    store::{
        number::column,
        postgres::ask::{self, Result, get, millis},
        spool::LineLeft,
    },
    time::Millis,
};
use deadpool_postgres::Transaction;

/// Messages that change their owner at once: others wait for those.
const AT_ONCE: i64 = 1_000;
/// Lines that are told of at once.
const LINES: usize = 10_000;

/// What is in no line, and what is in the line `$4`; both in the order in which it is due.
const IN_NONE: &str = "s.line IS NULL";
const IN_LINE: &str = "s.line IS NOT NULL AND s.line = $4";

/// Leaves some of what others own who serve no more: what those were sending waits again. True where there may be more.
pub(crate) async fn leave_of_gone(tx: &Transaction<'_>, me: i64) -> Result<bool> {
    // An index tells it, however much there is that others own.
    let sql =
        "SELECT n.id FROM nodes n, LATERAL (SELECT FROM spool s WHERE s.owner = n.id LIMIT 1) has
               WHERE n.id <> $1 AND n.lease_until <= clock_timestamp()";
    let gone = ask::all(tx, sql, &[&me], |row| get::<i64>(row, 0)).await?;
    if gone.is_empty() {
        return Ok(false);
    }
    let sql = format!(
        "UPDATE spool SET owner = NULL, epoch = epoch + 1, line = NULL, due = coalesce(
             (SELECT min(l.next_attempt) FROM spool_legs l WHERE l.message = seq AND l.state IN {OPEN}), 0)
         WHERE seq = ANY (ARRAY(SELECT s.seq FROM spool s WHERE s.owner = ANY ($1)
             AND NOT EXISTS (SELECT FROM nodes n WHERE n.id = s.owner AND n.lease_until > clock_timestamp())
             LIMIT $2 FOR UPDATE OF s SKIP LOCKED)) RETURNING seq"
    );
    let left = ask::all(tx, &sql, &[&gone, &AT_ONCE], |row| get::<i64>(row, 0)).await?;
    wait_again(tx, &left).await?;
    Ok(!left.is_empty())
}

/// Has `me` own messages that are in no line, those that are due by `until` first; gives their numbers.
pub(crate) async fn claim(
    tx: &Transaction<'_>,
    me: i64,
    until: Millis,
    most: usize,
) -> Result<Vec<i64>> {
    take(tx, IN_NONE, &[&me, &column(until.as_millis()), &some(most)]).await
}

/// The same of a line.
pub(crate) async fn claim_of(
    tx: &Transaction<'_>,
    me: i64,
    until: Millis,
    most: usize,
    line: &Line,
) -> Result<Vec<i64>> {
    let line = line_text(line);
    take(tx, IN_LINE, &[&me, &column(until.as_millis()), &some(most), &line]).await
}

async fn take(tx: &Transaction<'_>, which: &str, values: &ask::Values<'_>) -> Result<Vec<i64>> {
    // An array is made once, however the rest is done.
    let sql = format!(
        "UPDATE spool SET owner = $1, epoch = epoch + 1, line = NULL
         WHERE seq = ANY (ARRAY(SELECT s.seq FROM spool s WHERE s.owner IS NULL AND {which} AND s.due <= $2
             ORDER BY s.due, s.seq LIMIT $3 FOR UPDATE OF s SKIP LOCKED)) RETURNING seq"
    );
    let taken = ask::all(tx, &sql, values, |row| get::<i64>(row, 0)).await?;
    wait_again(tx, &taken).await?;
    Ok(taken)
}

fn some(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(AT_ONCE).min(AT_ONCE)
}

/// Leaves messages that `me` owns.
pub(crate) async fn leave(tx: &Transaction<'_>, me: i64, messages: &[Left]) -> Result<()> {
    let numbers: Vec<i64> = messages.iter().map(|left| left.message).collect();
    let due: Vec<i64> = messages.iter().map(|left| column(left.due.as_millis())).collect();
    let lines: Vec<Option<String>> =
        messages.iter().map(|left| left.line.as_ref().map(line_text)).collect();
    let sql = "UPDATE spool s SET owner = NULL, epoch = epoch + 1, due = u.due, line = u.line
               FROM unnest($2::bigint[], $3::bigint[], $4::text[]) u (seq, due, line)
               WHERE s.seq = u.seq AND s.owner = $1";
    ask::run(tx, sql, &[&me, &numbers, &due, &lines]).await.map(drop)
}

/// The lines of messages that nobody owns.
pub(crate) async fn lines(tx: &Transaction<'_>) -> Result<Vec<LineLeft>> {
    // From one to the next, whatever is in them.
    let sql = format!(
        "WITH RECURSIVE lines (line, due) AS (
             (SELECT s.line, s.due FROM spool s WHERE s.owner IS NULL AND s.line IS NOT NULL ORDER BY s.line, s.due LIMIT 1)
             UNION ALL
             SELECT n.line, n.due FROM lines l, LATERAL (
                 SELECT s.line, s.due FROM spool s WHERE s.owner IS NULL AND s.line IS NOT NULL AND s.line > l.line
                 ORDER BY s.line, s.due LIMIT 1) n)
         SELECT line, due FROM lines LIMIT {LINES}"
    );
    let read = |row: &_| Ok((get::<String>(row, 0)?, millis(row, 1)?));
    let lines = ask::all(tx, &sql, &[], read).await?;
    let known = lines.into_iter().filter_map(|(line, due)| Some((Line::parse(&line)?, due)));
    Ok(known.map(|(line, due)| LineLeft { line, due }).collect())
}

/// Has a message taken at once that nobody owns.
pub(crate) async fn make_due(tx: &Transaction<'_>, message: i64) -> Result<()> {
    let sql = "UPDATE spool SET due = 0, line = NULL WHERE seq = $1 AND owner IS NULL";
    ask::run(tx, sql, &[&message]).await.map(drop)
}

/// The same of all that an account sent.
pub(crate) async fn make_due_of(tx: &Transaction<'_>, account: &str) -> Result<()> {
    let sql = "UPDATE spool SET due = 0, line = NULL
               WHERE owner IS NULL AND caused_by = $1 AND caused_by LIKE 'account %'";
    ask::run(tx, sql, &[&account]).await.map(drop)
}

fn line_text(line: &Line) -> String {
    clean(&line.to_string()).into_owned()
}
