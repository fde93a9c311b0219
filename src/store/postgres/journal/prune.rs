//! Deletes what is out of bounds: days that are over whole, and records.

use super::{
    days,
    rows::{DayCounts, delete_at},
};
use crate::{
    store::{
        StoreError,
        journal::{
            Bounds, Span,
            tally::{kept_since, length, most_rows},
        },
        number::column,
        postgres::{
            access::{Access, writing},
            ask::{self, Result, count, get, millis},
        },
    },
    time::Millis,
};
use deadpool_postgres::Transaction;
use std::time::Duration;

/// Records deleted in one transaction, so that new ones never wait long behind it.
const AT_ONCE: usize = 500;
/// Of several nodes one deletes (`Onpr`).
const LOCK: i64 = 0x4f6e_7072;

/// Those of which nobody got anything, as the index `journal_refused` finds them.
pub(super) const IS_REFUSAL: &str = "outcome IN ('refused', 'deferred', 'aborted')";
/// Those that are rare, as the index `journal_rare` finds them.
pub(super) const IS_RARE: &str =
    "outcome IN ('partial', 'spooled', 'bounced', 'failed', 'dropped', 'discarded')";

/// Deletes some records that are out of bounds; true when there may be more.
pub(super) async fn records(
    access: &Access,
    bounds: Bounds,
    now: Millis,
) -> Result<bool, StoreError> {
    let before = |age: Duration| column((now - age).as_millis());
    drop_days(access, before(bounds.age)).await?;
    writing!(access, tx => {
        if !is_ours(tx).await? {
            return Ok(false);
        }
        let sums = "SELECT coalesce(sum(octets), 0)::bigint, coalesce(sum(records), 0)::bigint,
                           coalesce(sum(refused), 0)::bigint FROM journal_days";
        let (octets, all, refused) =
            ask::one(tx, sums, &[], |row| Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?))).await?;
        let doomed = if octets > bounds.size {
            let is_mostly_refusals = refused.saturating_mul(2) > all;
            oldest(tx, if is_mostly_refusals { IS_REFUSAL } else { "true" }, i64::MAX).await?
        } else {
            let refused = oldest(tx, IS_REFUSAL, before(bounds.refused_age)).await?;
            match refused.is_empty() {
                true => oldest(tx, "true", before(bounds.age)).await?,
                false => refused,
            }
        };
        let mut days = DayCounts::default();
        for one in &doomed {
            days.add(one.time, -1, -i64::from(one.is_refusal), -one.octets);
        }
        let times: Vec<i64> = doomed.iter().map(|one| column(one.time.as_millis())).collect();
        let seqs: Vec<i64> = doomed.iter().map(|one| one.seq).collect();
        delete_at(tx, &times, &seqs).await?;
        days.write(tx).await?;
        Ok(doomed.len() == AT_ONCE)
    })
}

/// Drops the days that end before a time, unless somebody reads them for long, which has them go later.
async fn drop_days(access: &Access, before: i64) -> Result<(), StoreError> {
    let dropped: Result<(), StoreError> = async {
        writing!(access, tx => {
            if is_ours(tx).await? {
                for day in days::before(tx, before).await? {
                    days::drop_day(tx, day).await?;
                }
            }
            Ok(())
        })
    }
    .await;
    match dropped {
        Err(StoreError::Busy { .. }) => Ok(()),
        dropped => dropped,
    }
}

/// Deletes counts of spans that are over for long, and, where the rows for domains are too many, the oldest of these.
pub(super) async fn counts(access: &Access, size: u64, now: Millis) -> Result<(), StoreError> {
    writing!(access, tx => {
        if !is_ours(tx).await? {
            return Ok(());
        }
        let sql = "DELETE FROM journal_writers WHERE at < now() - interval '1 day'";
        ask::run(tx, sql, &[]).await?;
        for span in Span::ALL {
            let sql = "DELETE FROM journal_traffic WHERE span = $1 AND start < $2";
            ask::run(tx, sql, &[&length(span), &kept_since(span, now)]).await?;
        }
        let all = ask::one(tx, "SELECT count(*) FROM journal_traffic", &[], |row| count(row, 0)).await?;
        let surplus = all.saturating_sub(most_rows(size));
        if surplus > 0 {
            let sql = "DELETE FROM journal_traffic WHERE (domain, span, start, class) IN (
                           SELECT domain, span, start, class FROM journal_traffic
                           WHERE domain <> '' ORDER BY span DESC, start LIMIT $1)";
            ask::run(tx, sql, &[&column(surplus)]).await?;
        }
        Ok(())
    })
}

/// False while another node is at it.
async fn is_ours(tx: &Transaction<'_>) -> Result<bool> {
    tx.batch_execute("SET LOCAL statement_timeout = '10s'; SET LOCAL synchronous_commit = off")
        .await?;
    ask::one(tx, "SELECT pg_try_advisory_xact_lock($1)", &[&LOCK], |row| get(row, 0)).await
}

struct Doomed {
    time: Millis,
    seq: i64,
    is_refusal: bool,
    octets: i64,
}

/// Some of the oldest records for which `condition` is true.
async fn oldest(tx: &Transaction<'_>, condition: &str, before: i64) -> Result<Vec<Doomed>> {
    let sql = format!(
        "SELECT time, seq, {IS_REFUSAL}, octets FROM journal WHERE {condition} AND time < $1
         ORDER BY time, seq LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED"
    );
    ask::all(tx, &sql, &[&before], |row| {
        Ok(Doomed {
            time: millis(row, 0)?,
            seq: get(row, 1)?,
            is_refusal: get(row, 2)?,
            octets: get(row, 3)?,
        })
    })
    .await
}
