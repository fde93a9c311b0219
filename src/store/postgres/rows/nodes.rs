//! Rows of `nodes`: processes that write to the spool, and whether they serve.

use crate::store::postgres::ask::{self, Result, get};
use deadpool_postgres::Transaction;

/// How long a node that is not heard of keeps what it owns.
const LEASE: &str = "interval '60 s'";

/// That the owner of a row of `spool`, here `s`, serves: what it owns is its alone.
pub(crate) const SERVES: &str =
    "EXISTS (SELECT 1 FROM nodes n WHERE n.id = s.owner AND n.lease_until > clock_timestamp())";

/// Adds a process; one that does not serve has no lease.
pub(crate) async fn insert(tx: &Transaction<'_>, name: &str, serves: bool) -> Result<i64> {
    let lease = if serves { LEASE } else { "interval '0'" };
    let sql = format!(
        "INSERT INTO nodes (name, lease_until) VALUES ($1, clock_timestamp() + {lease}) RETURNING id"
    );
    ask::one(tx, &sql, &[&name], |row| get(row, 0)).await
}

/// Keeps a lease from ending; false where nobody knows the node any more.
pub(crate) async fn renew(tx: &Transaction<'_>, id: i64) -> Result<bool> {
    let sql = format!("UPDATE nodes SET lease_until = clock_timestamp() + {LEASE} WHERE id = $1");
    Ok(ask::run(tx, &sql, &[&id]).await? == 1)
}

/// True while what the node owns is its alone.
pub(crate) async fn serves(tx: &Transaction<'_>, id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM nodes WHERE id = $1 AND lease_until > clock_timestamp()";
    ask::exists(tx, sql, &[&id]).await
}

/// True where any node serves.
pub(crate) async fn any_serves(tx: &Transaction<'_>) -> Result<bool> {
    ask::exists(tx, "SELECT 1 FROM nodes WHERE lease_until > clock_timestamp() LIMIT 1", &[]).await
}

/// Ends a process: what it owns is for others at once.
pub(crate) async fn end(tx: &Transaction<'_>, id: i64) -> Result<()> {
    ask::run(tx, "UPDATE nodes SET lease_until = clock_timestamp() WHERE id = $1", &[&id])
        .await
        .map(drop)
}

/// Forgets processes that ended long ago and own nothing.
pub(crate) async fn purge(tx: &Transaction<'_>) -> Result<()> {
    let sql = "DELETE FROM nodes n WHERE lease_until < clock_timestamp() - interval '1 day'
               AND NOT EXISTS (SELECT 1 FROM spool s WHERE s.owner = n.id)";
    ask::run(tx, sql, &[]).await.map(drop)
}
