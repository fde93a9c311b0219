//! The partitions of the journal: one for each day.

use crate::{
    store::{
        StoreError,
        number::column,
        postgres::{
            access::{Access, trying},
            ask::{self, Result, get},
            error::{Error, Failure},
        },
    },
    time::{DAY, Millis, whole_millis},
};
use deadpool_postgres::Transaction;
use std::{collections::BTreeSet, fmt};

/// Who makes or drops partitions holds this lock (`Ondy`).
const LOCK: i64 = 0x4f6e_6479;

/// A day of UTC, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(i64);

impl Day {
    pub(super) fn of(time: Millis) -> Self {
        Self(column(time.as_millis() / whole_millis(DAY)))
    }

    pub(super) fn number(self) -> i64 {
        self.0
    }

    fn start(self) -> i64 {
        self.0.saturating_mul(column(whole_millis(DAY)))
    }

    fn end(self) -> i64 {
        Self(self.0.saturating_add(1)).start()
    }
}

/// As the names of its partitions end.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Makes the partitions of days that have none.
pub(super) async fn make(access: &Access, days: &BTreeSet<Day>) -> Result<(), StoreError> {
    if days.is_empty() {
        return Ok(());
    }
    trying!(access, tx => {
        lock(tx).await?;
        for day in days {
            if !is_there(tx, *day).await? {
                tx.batch_execute(&of_day(*day)).await.map_err(Error::from)?;
            }
        }
        Ok::<_, Failure<StoreError>>(())
    })
}

/// Drops a day whole; nothing is left of it but what is counted.
pub(super) async fn drop_day(tx: &Transaction<'_>, day: Day) -> Result<()> {
    lock(tx).await?;
    // Whoever reads it now is not waited for long; then it goes later.
    let sql = format!(
        "SET LOCAL lock_timeout = '1s'; DROP TABLE IF EXISTS journal_{day}, journal_attempts_{day};
         DELETE FROM journal_days WHERE day = {day}"
    );
    Ok(tx.batch_execute(&sql).await?)
}

/// The days that end before a time.
pub(super) async fn before(tx: &Transaction<'_>, time: i64) -> Result<Vec<Day>> {
    let days =
        ask::all(tx, "SELECT day FROM journal_days ORDER BY day", &[], |row| get(row, 0).map(Day));
    Ok(days.await?.into_iter().filter(|day| day.end() <= time).collect())
}

/// Ends with the transaction.
async fn lock(tx: &Transaction<'_>) -> Result<()> {
    ask::exists(tx, "SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map(drop)
}

async fn is_there(tx: &Transaction<'_>, day: Day) -> Result<bool> {
    ask::exists(tx, "SELECT 1 FROM journal_days WHERE day = $1", &[&day.number()]).await
}

/// A partition that is made aside and then attached holds up nobody who reads or writes the others.
fn of_day(day: Day) -> String {
    let (start, end) = (day.start(), day.end());
    let one = |table: &str| {
        format!(
            "CREATE TABLE {table}_{day} (LIKE {table} INCLUDING ALL);
             ALTER TABLE {table} ATTACH PARTITION {table}_{day} FOR VALUES FROM ({start}) TO ({end});"
        )
    };
    format!(
        "{} {} INSERT INTO journal_days VALUES ({day}, 0, 0, 0);",
        one("journal"),
        one("journal_attempts")
    )
}
