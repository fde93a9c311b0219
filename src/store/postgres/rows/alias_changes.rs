//! Rows of `alias_changes`: which aliases changed lately.

use crate::{
    alias::Key,
    store::postgres::ask::{self, Result, get},
};
use deadpool_postgres::Transaction;

/// Changes of which it is known which aliases they changed.
const KEPT: i64 = 20_000;

/// The aliases that changed after a version of the directory, each once; `None` where not all of them are known any more.
pub(crate) async fn since(tx: &Transaction<'_>, version: i64) -> Result<Option<Vec<Key>>> {
    let all = "SELECT 1 FROM directory WHERE changes_from <= $1";
    if !ask::exists(tx, all, &[&version]).await? {
        return Ok(None);
    }
    let sql =
        "SELECT DISTINCT domain, local FROM alias_changes WHERE version > $1 AND domain <> ''";
    let key = |row: &_| Ok(Key { domain: get(row, 0)?, local: get(row, 1)? });
    ask::all(tx, sql, &[&version], key).await.map(Some)
}

/// The name of the directory, which no other one has.
pub(crate) async fn directory(tx: &Transaction<'_>) -> Result<String> {
    ask::one(tx, "SELECT name FROM directory", &[], |row| get(row, 0)).await
}

/// Forgets which aliases changed long ago.
pub(crate) async fn purge(tx: &Transaction<'_>) -> Result<()> {
    let sql = "UPDATE directory SET changes_from = version - $1 WHERE changes_from < version - $1";
    if ask::run(tx, sql, &[&KEPT]).await? > 0 {
        let sql = "DELETE FROM alias_changes WHERE version <= (SELECT changes_from FROM directory)";
        ask::run(tx, sql, &[]).await?;
    }
    Ok(())
}
