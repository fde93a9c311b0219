//! What an administrator asks of `spool` and `spool_legs`.

use super::{
    claims,
    domains::tell,
    nodes::SERVES,
    spool::{LEG, OPEN, leg},
};
use crate::store::{
    number::{column, number},
    postgres::{
        ask::{self, Result, count, get},
        error::fault,
    },
    spool::{AT_ONCE, SpoolFigures},
};
use crate::time::Millis;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

pub(crate) async fn with_id(tx: &Transaction<'_>, id: &str) -> Result<Option<i64>> {
    ask::first(tx, "SELECT seq FROM spool WHERE id = $1", &[&id], |row| get(row, 0)).await
}

/// Makes open legs of a message due before all others; gives how many.
pub(crate) async fn make_due(tx: &Transaction<'_>, message: i64) -> Result<u64> {
    let sql =
        format!("UPDATE spool_legs SET next_attempt = $2 WHERE message = $1 AND state IN {OPEN}");
    claims::make_due(tx, message).await?;
    ask::run(tx, &sql, &[&message, &column(AT_ONCE.as_millis())]).await
}

/// True while an attempt for any leg of a message is under way by who serves; no other begins until the end of the
/// transaction.
pub(crate) async fn is_under_way(tx: &Transaction<'_>, message: i64) -> Result<bool> {
    let sql = format!("SELECT {SERVES} FROM spool s WHERE s.seq = $1 FOR UPDATE OF s");
    let serves = ask::first(tx, &sql, &[&message], |row| get::<bool>(row, 0)).await?;
    let sql =
        format!("SELECT 1 FROM spool_legs WHERE message = $1 AND under_way AND state IN {OPEN}");
    Ok(serves == Some(true) && ask::exists(tx, &sql, &[&message]).await?)
}

/// Gives up the open legs of a message; gives how many.
pub(crate) async fn give_up(tx: &Transaction<'_>, message: i64) -> Result<u64> {
    let sql = format!(
        "UPDATE spool_legs SET state = 'dropped', under_way = false
         WHERE message = $1 AND state IN {OPEN}"
    );
    // Whoever takes it tells the journal, and strikes it out.
    claims::make_due(tx, message).await?;
    ask::run(tx, &sql, &[&message]).await
}

/// Takes out of a message that cannot be read what cannot, and gives up the rest. Then it can, and it comes
/// to its end like others. If that is more than its legs, it goes at once.
pub(crate) async fn discard(tx: &Transaction<'_>, message: i64) -> Result<()> {
    let sql = format!("SELECT {LEG}, leg FROM spool_legs WHERE message = $1");
    let read = |row: &Row| match leg(row) {
        Ok(_) => Ok(None),
        Err(error) => fault(error).and_then(|_| get::<i64>(row, 14)).map(Some),
    };
    let unreadable = ask::all(tx, &sql, &[&message], read).await?;
    let unreadable: Vec<i64> = unreadable.into_iter().flatten().collect();
    let sql = "DELETE FROM spool_legs WHERE message = $1 AND leg = ANY ($2)";
    ask::run(tx, sql, &[&message, &unreadable]).await?;
    give_up(tx, message).await?;
    if let Some(Err(_)) = super::spool::of(tx, message).await? {
        ask::run(tx, "DELETE FROM spool WHERE seq = $1", &[&message]).await?;
    }
    Ok(())
}

/// The messages that wait, in figures, without those of these numbers.
pub(crate) async fn figures(tx: &Transaction<'_>, unreadable: &[i64]) -> Result<SpoolFigures> {
    let sql = format!(
        "SELECT coalesce(sum(forms), 0)::bigint, coalesce(sum(size), 0)::bigint, min(arrived) FROM (
             SELECT count(*) AS forms, max(size) AS size, min(arrived) AS arrived FROM spool
             WHERE EXISTS (SELECT 1 FROM spool_legs WHERE message = seq AND state IN {OPEN})
             AND seq <> ALL ($1) GROUP BY coalesce(text, seq)) waiting"
    );
    ask::one(tx, &sql, &[&unreadable], |row| {
        Ok(SpoolFigures {
            messages: count(row, 0)?,
            octets: count(row, 1)?,
            oldest: get::<Option<i64>>(row, 2)?.map(|oldest| Millis::new(number(oldest))),
            unreadable: unreadable.len() as u64,
        })
    })
    .await
}

/// The number of changes by administrators so far.
pub(crate) async fn changes(tx: &Transaction<'_>) -> Result<i64> {
    ask::one(tx, "SELECT changes FROM spool_state", &[], |row| get(row, 0)).await
}

/// Says that an administrator changed something, and has all nodes look.
pub(crate) async fn count_change(tx: &Transaction<'_>) -> Result<()> {
    ask::run(tx, "UPDATE spool_state SET changes = changes + 1", &[]).await?;
    tell(tx).await
}
