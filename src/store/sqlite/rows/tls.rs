//! Rows of `sts_policies`, `tls_results` and `tls_reported`.

use crate::{
    mta_sts::CachedPolicy,
    store::sqlite::{column, number},
    time::UnixTime,
    tls_rpt::{Counts, Row, SessionResult},
};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// Days of results that are kept.
const KEPT_DAYS: u64 = 30;

pub(crate) fn policy(connection: &Connection, domain: &str) -> Result<Option<CachedPolicy>> {
    let sql = "SELECT id, policy, fetched, expires FROM sts_policies WHERE domain = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        Ok(CachedPolicy {
            id: row.get(0)?,
            text: row.get(1)?,
            fetched: row.get(2)?,
            expires: row.get(3)?,
        })
    };
    connection.prepare_cached(sql)?.query_row([domain], row).optional()
}

pub(crate) fn keep_policy(
    connection: &Connection,
    domain: &str,
    policy: &CachedPolicy,
) -> Result<()> {
    let CachedPolicy { id, text, fetched, expires } = policy;
    connection
        .prepare_cached("INSERT OR REPLACE INTO sts_policies VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![domain, id, text, fetched, expires])
        .map(drop)
}

pub(crate) fn add_results(connection: &Connection, counts: &Counts, day: u64) -> Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO tls_results VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (SessionResult { domain, policy, host, result }, count) in counts {
        let (policy, count) = (policy.as_str(), column(*count));
        let result = result.map_or("", |failure| failure.as_str());
        add.execute(params![column(day), domain, policy, host, result, count])?;
    }
    Ok(())
}

/// The results of a day, the first time they are asked for.
pub(crate) fn results_to_report(connection: &Connection, day: u64) -> Result<Vec<Row>> {
    let sql = "INSERT OR IGNORE INTO tls_reported VALUES (?1)";
    match connection.prepare_cached(sql)?.execute([column(day)])? {
        0 => Ok(Vec::new()),
        _ => results(connection, day),
    }
}

pub(crate) fn results(connection: &Connection, day: u64) -> Result<Vec<Row>> {
    let sql = "SELECT domain, policy, host, result, count FROM tls_results WHERE day = ?1
               ORDER BY domain, policy, host, result";
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Row {
            domain: row.get(0)?,
            policy: row.get(1)?,
            host: row.get(2)?,
            result: row.get(3)?,
            count: number(row.get(4)?),
        })
    };
    connection.prepare_cached(sql)?.query_map([column(day)], row)?.collect()
}

pub(crate) fn purge(connection: &Connection, now: UnixTime) -> Result<()> {
    connection.execute("DELETE FROM sts_policies WHERE expires <= ?1", [now])?;
    let oldest = column(now.day().saturating_sub(KEPT_DAYS));
    connection.execute("DELETE FROM tls_results WHERE day < ?1", [oldest])?;
    connection.execute("DELETE FROM tls_reported WHERE day < ?1", [oldest])?;
    Ok(())
}
