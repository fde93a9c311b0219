//! Rows of `events` and `event_state`.

use super::aliases::{self, Table};
use crate::{
    alias::{Alias, Key},
    clock,
    event::{Event, Expiry},
    store::{
        EventFigures, WaitingEvent,
        kept_alias::COLUMNS,
        number::{column, number},
        postgres::ask::{self, Result, count, get, millis, time},
    },
    time::UnixTime,
};
use deadpool_postgres::Transaction;

/// Aliases that expire at once and are told; of more nobody makes sense.
const MAX_EXPIRED: usize = 10_000;

/// How many more may wait; 0 where nobody is told. Nobody else adds any until the end of the transaction.
async fn room(tx: &Transaction<'_>) -> Result<u64> {
    let most =
        ask::one(tx, "SELECT room FROM event_state FOR UPDATE", &[], |row| get::<i64>(row, 0));
    let most = most.await?;
    // Events leave from the front, so that their numbers have few gaps.
    let sql = "SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM events";
    let waiting = ask::one(tx, sql, &[], |row| get::<i64>(row, 0)).await?;
    Ok(number(most.saturating_sub(waiting)))
}

/// Whether somebody is told at all.
pub(crate) async fn is_wanted(tx: &Transaction<'_>) -> Result<bool> {
    ask::exists(tx, "SELECT 1 FROM event_state WHERE room > 0", &[]).await
}

/// Adds events as far as there is room; the others are counted.
pub(crate) async fn add(tx: &Transaction<'_>, events: &[Event]) -> Result<()> {
    if events.is_empty() || !is_wanted(tx).await? {
        return Ok(());
    }
    let room = usize::try_from(room(tx).await?).unwrap_or(usize::MAX);
    let (mut times, mut bodies) = (Vec::new(), Vec::new());
    for event in events.iter().take(room) {
        times.push(column(event.time.as_millis()));
        bodies.push(event.body());
    }
    let sql = "INSERT INTO events (time, body) SELECT time, body
               FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY t (time, body, at) ORDER BY at";
    ask::run(tx, sql, &[&times, &bodies]).await?;
    let lost = column(events.len().saturating_sub(room) as u64);
    if lost > 0 {
        ask::run(tx, "UPDATE event_state SET lost = lost + $1", &[&lost]).await?;
    }
    Ok(())
}

/// Adds that aliases were made, where somebody is told.
pub(crate) async fn add_made(tx: &Transaction<'_>, aliases: &[&Alias]) -> Result<()> {
    if aliases.is_empty() || !is_wanted(tx).await? {
        return Ok(());
    }
    let now = clock::millis();
    let made = aliases.iter().map(|alias| Event::made(clock::message_id().to_string(), now, alias));
    add(tx, &made.collect::<Vec<_>>()).await
}

/// Adds what messages that were taken for the alias of `key` come to, of which it had `before` and has `after` now: its
/// first use, and the last message that it takes.
pub(crate) async fn add_taken(
    tx: &Transaction<'_>,
    key: &Key,
    before: u64,
    after: u64,
    is_first: bool,
) -> Result<()> {
    if before == after || !is_wanted(tx).await? {
        return Ok(());
    }
    let Some(alias) = aliases::get_one(tx, Table::Stored, key).await? else { return Ok(()) };
    let (now, address) = (clock::millis(), alias.address());
    let id = || clock::message_id().to_string();
    let first = is_first.then(|| Event::first_use(id(), now, address));
    let most = alias.rules().max_messages.filter(|most| before < *most && *most <= after);
    let used_up = most.map(|_| Event::expired(id(), now, address, Expiry::Messages));
    add(tx, &first.into_iter().chain(used_up).collect::<Vec<_>>()).await
}

pub(crate) async fn set_room(tx: &Transaction<'_>, room: u64, now: UnixTime) -> Result<()> {
    // What expired while nobody was told is no news.
    let sql =
        "UPDATE event_state SET room = $1, expired = CASE room WHEN 0 THEN $2 ELSE expired END
               WHERE room <> $1";
    let changed = ask::run(tx, sql, &[&column(room), &column(now.as_secs())]).await?;
    if changed > 0 && room == 0 {
        ask::run(tx, "DELETE FROM events", &[]).await?;
    }
    Ok(())
}

/// The time up to which aliases were looked for that expired.
pub(crate) async fn looked_for_expired(tx: &Transaction<'_>) -> Result<UnixTime> {
    ask::one(tx, "SELECT expired FROM event_state", &[], |row| time(row, 0)).await
}

/// The same, and nobody else looks until the end of the transaction.
pub(crate) async fn lock_looked_for_expired(tx: &Transaction<'_>) -> Result<UnixTime> {
    ask::one(tx, "SELECT expired FROM event_state FOR UPDATE", &[], |row| time(row, 0)).await
}

/// The aliases that are switched on and whose time has come, behind `from` and up to `until`.
pub(crate) async fn expired(
    tx: &Transaction<'_>,
    from: UnixTime,
    until: UnixTime,
) -> Result<Vec<Alias>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM aliases WHERE expires > $1 AND expires <= $2 AND enabled
         ORDER BY expires LIMIT {MAX_EXPIRED}"
    );
    let values = [column(from.as_secs()), column(until.as_secs())];
    let [from, until] = &values;
    ask::all(tx, &sql, &[from, until], |row| aliases::from_row(row, 0)).await
}

pub(crate) async fn set_looked_for_expired(tx: &Transaction<'_>, until: UnixTime) -> Result<()> {
    let sql = "UPDATE event_state SET expired = $1";
    ask::run(tx, sql, &[&column(until.as_secs())]).await.map(drop)
}

pub(crate) async fn first(tx: &Transaction<'_>, limit: usize) -> Result<Vec<WaitingEvent>> {
    let sql = "SELECT seq, time, body FROM events ORDER BY seq LIMIT $1";
    ask::all(tx, sql, &[&column(limit as u64)], |row| {
        Ok(WaitingEvent { seq: get(row, 0)?, time: millis(row, 1)?, body: get(row, 2)? })
    })
    .await
}

pub(crate) async fn remove(tx: &Transaction<'_>, seq: i64) -> Result<()> {
    ask::run(tx, "DELETE FROM events WHERE seq = $1", &[&seq]).await.map(drop)
}

pub(crate) async fn figures(tx: &Transaction<'_>) -> Result<EventFigures> {
    let sql = "SELECT (SELECT count(*) FROM events), lost FROM event_state";
    ask::one(tx, sql, &[], |row| Ok(EventFigures { waiting: count(row, 0)?, lost: count(row, 1)? }))
        .await
}
