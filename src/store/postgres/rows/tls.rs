//! Rows of `sts_policies`, `tls_results` and `tls_reported`.

use crate::{
    mta_sts::CachedPolicy,
    store::{
        number::column,
        postgres::ask::{self, Result, count, get, time},
    },
    time::UnixTime,
    tls_rpt::{Counts, Row, SessionResult},
};
use deadpool_postgres::Transaction;

/// Days of results that are kept.
const KEPT_DAYS: u64 = 30;

pub(crate) async fn policy(tx: &Transaction<'_>, domain: &str) -> Result<Option<CachedPolicy>> {
    let sql = "SELECT id, policy, fetched, expires FROM sts_policies WHERE domain = $1";
    ask::first(tx, sql, &[&domain], |row| {
        Ok(CachedPolicy {
            id: get(row, 0)?,
            text: get(row, 1)?,
            fetched: time(row, 2)?,
            expires: time(row, 3)?,
        })
    })
    .await
}

pub(crate) async fn keep_policy(
    tx: &Transaction<'_>,
    domain: &str,
    policy: &CachedPolicy,
) -> Result<()> {
    let CachedPolicy { id, text, fetched, expires } = policy;
    let sql = "INSERT INTO sts_policies VALUES ($1, $2, $3, $4, $5) ON CONFLICT (domain) DO UPDATE
               SET id = excluded.id, policy = excluded.policy, fetched = excluded.fetched, expires = excluded.expires";
    let (fetched, expires) = (column(fetched.as_secs()), column(expires.as_secs()));
    ask::run(tx, sql, &[&domain, id, text, &fetched, &expires]).await.map(drop)
}

pub(crate) async fn add_results(tx: &Transaction<'_>, counts: &Counts, day: u64) -> Result<()> {
    let day = column(day);
    // In one order, so that two nodes do not wait for each other.
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(result, _)| {
        let SessionResult { domain, policy, host, result } = result;
        (domain, policy.as_str(), host, result.map_or("", |failure| failure.as_str()))
    });
    let sql = "INSERT INTO tls_results AS t VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (day, domain, policy, host, result) DO UPDATE SET count = t.count + excluded.count";
    for (SessionResult { domain, policy, host, result }, count) in counts {
        let (policy, count) = (policy.as_str(), column(*count));
        let result = result.map_or("", |failure| failure.as_str());
        ask::run(tx, sql, &[&day, domain, &policy, host, &result, &count]).await?;
    }
    Ok(())
}

/// The results of a day, the first time they are asked for.
pub(crate) async fn results_to_report(tx: &Transaction<'_>, day: u64) -> Result<Vec<Row>> {
    let sql = "INSERT INTO tls_reported VALUES ($1) ON CONFLICT DO NOTHING";
    match ask::run(tx, sql, &[&column(day)]).await? {
        0 => Ok(Vec::new()),
        _ => results(tx, day).await,
    }
}

pub(crate) async fn results(tx: &Transaction<'_>, day: u64) -> Result<Vec<Row>> {
    let sql = "SELECT domain, policy, host, result, count FROM tls_results WHERE day = $1
               ORDER BY domain, policy, host, result";
    ask::all(tx, sql, &[&column(day)], |row| {
        Ok(Row {
            domain: get(row, 0)?,
            policy: get(row, 1)?,
            host: get(row, 2)?,
            result: get(row, 3)?,
            count: count(row, 4)?,
        })
    })
    .await
}

pub(crate) async fn purge(tx: &Transaction<'_>, now: UnixTime) -> Result<()> {
    ask::run(tx, "DELETE FROM sts_policies WHERE expires <= $1", &[&column(now.as_secs())]).await?;
    let oldest = column(now.day().saturating_sub(KEPT_DAYS));
    ask::run(tx, "DELETE FROM tls_results WHERE day < $1", &[&oldest]).await?;
    ask::run(tx, "DELETE FROM tls_reported WHERE day < $1", &[&oldest]).await.map(drop)
}
