//! How rows of `spool_legs` change, and who owns messages.

use super::{
    nodes::SERVES,
    spool::{OPEN, clean, is_held},
};
use crate::{
    store::{
        number::column,
        postgres::ask::{self, Result, get},
        spool::Leg,
    },
    time::Millis,
};
use deadpool_postgres::Transaction;

/// Messages whose delay is told, read at once.
const DELAYED: usize = 50;

/// What was being sent by `me`, or of who does not serve by whoever serves no more, is queued again; gives how many legs that
/// were.
pub(crate) async fn recover(tx: &Transaction<'_>, me: Option<i64>) -> Result<u64> {
    // What a node takes from another waits again by that.
    let whose = match me {
        Some(_) => "s.owner = $1".to_owned(),
        None => format!("(s.owner IS NULL OR s.owner = $1 OR NOT {SERVES})"),
    };
    let of = format!("FROM spool s WHERE l.message = s.seq AND {whose}");
    let sql = format!("UPDATE spool_legs l SET under_way = false {of} AND l.under_way");
    ask::run(tx, &sql, &[&me]).await?;
    let sql = format!("UPDATE spool_legs l SET state = 'queued' {of} AND l.state = 'sending'");
    ask::run(tx, &sql, &[&me]).await
}

/// What was being sent of messages whose owner changed waits again.
pub(super) async fn wait_again(tx: &Transaction<'_>, messages: &[i64]) -> Result<()> {
    let sql = "UPDATE spool_legs SET under_way = false, state = CASE state WHEN 'sending' THEN 'queued' ELSE state END
               WHERE message = ANY ($1) AND (under_way OR state = 'sending')";
    ask::run(tx, sql, &[&messages]).await.map(drop)
}

/// Has `me` own a message, unless another serves that owns it; gives its epoch.
pub(crate) async fn own(tx: &Transaction<'_>, message: i64, me: i64) -> Result<Option<i64>> {
    let sql =
        format!("SELECT s.owner, s.epoch, {SERVES} FROM spool s WHERE s.seq = $1 FOR UPDATE OF s");
    let read =
        |row: &_| Ok((get::<Option<i64>>(row, 0)?, get::<i64>(row, 1)?, get::<bool>(row, 2)?));
    match ask::first(tx, &sql, &[&message], read).await? {
        None => Ok(None),
        Some((Some(owner), epoch, _)) if owner == me => Ok(Some(epoch)),
        Some((_, _, true)) => Ok(None),
        Some((_, epoch, false)) => {
            let sql = "UPDATE spool SET owner = $2, epoch = epoch + 1, line = NULL WHERE seq = $1";
            ask::run(tx, sql, &[&message, &me]).await?;
            Ok(Some(epoch + 1))
        }
    }
}

/// True where `me` still owns a message, since that epoch if one is given, or nobody does who serves; nobody else can
/// take it until the end of the transaction.
pub(crate) async fn is_own(
    tx: &Transaction<'_>,
    message: i64,
    me: i64,
    epoch: Option<i64>,
) -> Result<bool> {
    let sql = format!(
        "SELECT 1 FROM spool s WHERE s.seq = $1 AND (coalesce(s.owner, $2) = $2 AND s.epoch = coalesce($3, s.epoch)
             OR $3::bigint IS NULL AND NOT {SERVES}) FOR UPDATE OF s"
    );
    ask::exists(tx, &sql, &[&message, &me, &epoch]).await
}

/// Takes open legs into an attempt and gives those that were open; none of a message that is held. Of an uncertain one it
/// stays known that the destination may have it.
pub(crate) async fn begin(tx: &Transaction<'_>, message: i64, legs: &[i64]) -> Result<Vec<i64>> {
    if is_held(tx, message).await? {
        return Ok(Vec::new());
    }
    let set = "under_way = true, state = CASE state WHEN 'uncertain' THEN state ELSE 'sending' END";
    moved(tx, set, &format!("state IN {OPEN}"), message, legs).await
}

/// Notes of legs that are being sent that the destination may have them from now on, and takes them into the attempt where
/// nobody did. False where that cannot be of all of them: then it is noted of none.
pub(crate) async fn make_uncertain(
    tx: &Transaction<'_>,
    message: i64,
    legs: &[i64],
) -> Result<bool> {
    let sql = format!(
        "SELECT under_way FROM spool_legs WHERE message = $1 AND leg = ANY ($2) AND state IN {OPEN} FOR UPDATE"
    );
    let open = ask::all(tx, &sql, &[&message, &legs], |row| get::<bool>(row, 0)).await?;
    let has_begun = open.iter().all(|under_way| *under_way);
    // What was begun before somebody had it held goes to its end.
    if open.len() != legs.len() || !has_begun && is_held(tx, message).await? {
        return Ok(false);
    }
    let set = "state = 'uncertain', under_way = true";
    moved(tx, set, "true", message, legs).await.map(|_| true)
}

/// Notes that the delay of legs needs to be told no more; false where one of them did not need it.
pub(crate) async fn told_of_delay(
    tx: &Transaction<'_>,
    message: i64,
    legs: &[i64],
) -> Result<bool> {
    let moved = moved(tx, "delay_due = NULL", "delay_due IS NOT NULL", message, legs).await?;
    Ok(moved.len() == legs.len())
}

/// Updates those of `legs` that are so; gives those that it found, in order.
async fn moved(
    tx: &Transaction<'_>,
    set: &str,
    which: &str,
    message: i64,
    legs: &[i64],
) -> Result<Vec<i64>> {
    let sql = format!(
        "UPDATE spool_legs SET {set} WHERE message = $1 AND leg = ANY ($2) AND {which} RETURNING leg"
    );
    let mut moved = ask::all(tx, &sql, &[&message, &legs], |row| get::<i64>(row, 0)).await?;
    moved.sort_unstable();
    Ok(moved)
}

/// Ends an attempt on a leg: sets all that it changed, unless the leg came to its end meanwhile. One that
/// was dropped may turn out to be delivered, and to nothing else. True where that counts.
pub(crate) async fn update(tx: &Transaction<'_>, message: i64, at: i64, leg: &Leg) -> Result<bool> {
    let sql = "UPDATE spool_legs SET under_way = false, state = $3, attempts = $4, next_attempt = $5, code = $6,
                   status = $7, text = $8, was_uncertain = $9
               WHERE message = $1 AND leg = $2 AND state NOT IN ('delivered', 'failed')
               AND NOT (state = 'dropped' AND $3 <> 'delivered')";
    let values: &ask::Values<'_> = &[
        &message,
        &at,
        &leg.state.as_str(),
        &i64::from(leg.attempts),
        &column(leg.next_attempt.as_millis()),
        &i32::from(leg.reply.code),
        &leg.reply.status.map(|status| status.to_string()).unwrap_or_default(),
        &clean(&leg.reply.text),
        &leg.was_uncertain,
    ];
    Ok(ask::run(tx, sql, values).await? == 1)
}

/// True where that is what is written of all these legs already.
pub(crate) async fn are_written(
    tx: &Transaction<'_>,
    message: i64,
    legs: &[(i64, Leg)],
) -> Result<bool> {
    let sql = "SELECT 1 FROM spool_legs WHERE message = $1 AND leg = $2 AND NOT under_way AND state = $3 AND attempts = $4
               AND next_attempt = $5 AND code = $6";
    for (at, leg) in legs {
        let (attempts, next) = (i64::from(leg.attempts), column(leg.next_attempt.as_millis()));
        let code = i32::from(leg.reply.code);
        let values: &ask::Values<'_> =
            &[&message, at, &leg.state.as_str(), &attempts, &next, &code];
        if !ask::exists(tx, sql, values).await? {
            return Ok(false);
        }
    }
    Ok(!legs.is_empty())
}

/// Messages behind the number `after` with open legs whose delay is to be told at `now`, a few of them: those of `me`, or
/// that nobody owns who serves.
pub(crate) async fn delayed(
    tx: &Transaction<'_>,
    now: Millis,
    after: i64,
    me: Option<i64>,
) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT DISTINCT l.message FROM spool_legs l JOIN spool s ON s.seq = l.message
         WHERE l.delay_due <= $1 AND l.message > $2 AND l.state IN {OPEN}
         AND (s.owner IS NULL OR s.owner = $3 OR NOT {SERVES}) ORDER BY l.message LIMIT {DELAYED}"
    );
    let now = column(now.as_millis());
    ask::all(tx, &sql, &[&now, &after, &me], |row| get(row, 0)).await
}
