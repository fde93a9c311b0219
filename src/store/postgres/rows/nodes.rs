//! Rows of `nodes`: processes that write to the spool, and whether they serve.

use crate::store::{
    nodes::NodeStatus,
    number::{column, number},
    postgres::{
        Node,
        ask::{self, Result, count, get, millis},
    },
};
use deadpool_postgres::Transaction;
use std::time::Duration;

/// That the owner of a row of `spool`, here `s`, serves: what it owns is its alone.
pub(crate) const SERVES: &str =
    "EXISTS (SELECT 1 FROM nodes n WHERE n.id = s.owner AND n.lease_until > clock_timestamp())";

/// When a lease that begins now ends: `$n` is how long it is, in milliseconds.
fn lease(n: usize) -> String {
    format!("clock_timestamp() + ${n}::bigint * interval '1 ms'")
}

/// Adds a process of an administrator, which has no lease.
pub(crate) async fn insert_guest(tx: &Transaction<'_>) -> Result<i64> {
    let sql = "INSERT INTO nodes (name, lease_until) VALUES ('', clock_timestamp()) RETURNING id";
    ask::one(tx, sql, &[], |row| get(row, 0)).await
}

/// Adds a process that serves, in the place of the one that served from its state directory. `None` while another one serves by
/// its name.
pub(crate) async fn insert(tx: &Transaction<'_>, node: &Node) -> Result<Option<i64>> {
    let Node { name, instance, .. } = node;
    // Of two that begin at once one is the first.
    let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 20048))";
    ask::one(tx, sql, &[name], |_| Ok(())).await?;
    let others = "SELECT 1 FROM nodes WHERE name = $1 AND instance <> $2 AND lease_until > clock_timestamp()";
    if ask::exists(tx, others, &[name, instance]).await? {
        return Ok(None);
    }
    let before = "UPDATE nodes SET lease_until = least(lease_until, clock_timestamp()), is_replaced = true WHERE name = $1";
    ask::run(tx, before, &[name]).await?;
    let sql = format!(
        "INSERT INTO nodes (name, instance, version, lease_until) VALUES ($1, $2, $3, {}) RETURNING id",
        lease(4)
    );
    let values: &ask::Values<'_> = &[name, instance, &env!("CARGO_PKG_VERSION"), &length(node)];
    ask::one(tx, &sql, values, |row| get(row, 0)).await.map(Some)
}

/// Keeps a lease from ending, and says which version of the directory the node answers by; false where another is in its
/// place, or nobody knows it any more.
pub(crate) async fn renew(
    tx: &Transaction<'_>,
    id: i64,
    node: &Node,
    directory: i64,
) -> Result<bool> {
    let sql = format!(
        "UPDATE nodes SET lease_until = {}, heard = clock_timestamp(), directory = $3 WHERE id = $1 AND NOT is_replaced",
        lease(2)
    );
    Ok(ask::run(tx, &sql, &[&id, &length(node), &directory]).await? == 1)
}

fn length(node: &Node) -> i64 {
    column(u64::try_from(node.lease.as_millis()).unwrap_or(u64::MAX))
}

/// For how long what the node owns is its alone, if it is.
pub(crate) async fn left_of_lease(tx: &Transaction<'_>, id: i64) -> Result<Option<Duration>> {
    let sql =
        "SELECT (extract(epoch FROM lease_until - clock_timestamp()) * 1000)::bigint FROM nodes
               WHERE id = $1 AND lease_until > clock_timestamp()";
    ask::first(tx, sql, &[&id], |row| Ok(Duration::from_millis(number(get(row, 0)?)))).await
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

/// The nodes by name, each as it was last; those that ended long ago are forgotten.
pub(crate) async fn all(tx: &Transaction<'_>) -> Result<Vec<NodeStatus>> {
    let sql = "SELECT DISTINCT ON (n.name) n.name, n.version, (extract(epoch FROM n.since) * 1000)::bigint,
                   (extract(epoch FROM n.heard) * 1000)::bigint, n.lease_until > clock_timestamp(),
                   greatest(d.version - n.directory, 0),
                   (SELECT count(*) FROM spool s JOIN nodes o ON o.id = s.owner WHERE o.name = n.name)
               FROM nodes n, directory d WHERE n.name <> '' ORDER BY n.name, n.id DESC";
    ask::all(tx, sql, &[], |row| {
        Ok(NodeStatus {
            name: get(row, 0)?,
            version: get(row, 1)?,
            since: millis(row, 2)?,
            heard: millis(row, 3)?,
            serves: get(row, 4)?,
            behind: count(row, 5)?,
            spool: count(row, 6)?,
        })
    })
    .await
}
