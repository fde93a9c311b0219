//! What is kept for TLS with destinations: their MTA-STS policies, and what came of the sessions.

use super::{
    Store, StoreError,
    sqlite::{self, column, number},
};
use crate::{
    mta_sts::{CachedPolicy, PolicyStore, PolicyStoreError},
    time::UnixTime,
    tls_rpt::{Counts, Row, SessionResult},
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// Days of results that are kept.
const KEPT_DAYS: u64 = 30;

#[async_trait]
impl PolicyStore for Store {
    async fn sts_policy(
        &self,
        domain: &str,
        now: UnixTime,
    ) -> Result<Option<CachedPolicy>, PolicyStoreError> {
        let domain = domain.to_owned();
        let read = self.0.readers.run(move |connection| {
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
        });
        Ok(read.await?.filter(|policy| policy.expires > now))
    }

    async fn keep_sts_policy(
        &self,
        domain: &str,
        policy: CachedPolicy,
    ) -> Result<(), PolicyStoreError> {
        let domain = domain.to_owned();
        let write = self.0.writer.run(move |connection| {
            let CachedPolicy { id, text, fetched, expires } = &policy;
            let sql = "INSERT OR REPLACE INTO sts_policies VALUES (?1, ?2, ?3, ?4, ?5)";
            connection.prepare_cached(sql)?.execute(params![domain, id, text, fetched, expires])?;
            Ok(())
        });
        Ok(write.await?)
    }
}

impl Store {
    /// Adds sessions to those of the day of `now`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn add_tls_results(&self, counts: Counts, now: UnixTime) -> Result<(), StoreError> {
        let day = column(now.day());
        let write = self.0.writer.run(move |connection| {
            let mut add = connection.prepare_cached(
                "INSERT INTO tls_results VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?;
            for (SessionResult { domain, policy, host, result }, count) in &counts {
                let (policy, count) = (policy.as_str(), column(*count));
                let result = result.map_or("", |failure| failure.as_str());
                add.execute(params![day, domain, policy, host, result, count])?;
            }
            Ok(())
        });
        write.await
    }

    /// The results of that day, which nobody is given twice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tls_results_to_report(&self, day: u64) -> Result<Vec<Row>, StoreError> {
        let write = self.0.writer.run(move |connection| {
            let sql = "INSERT OR IGNORE INTO tls_reported VALUES (?1)";
            match connection.prepare_cached(sql)?.execute([column(day)])? {
                0 => Ok(Vec::new()),
                _ => results(connection, day),
            }
        });
        write.await
    }
}

/// The results of the day that many days since 1970, by domain, for other processes than the daemon.
///
/// # Errors
/// When the database cannot be opened or read.
pub fn tls_results(state_dir: &Path, day: u64) -> Result<Vec<Row>, StoreError> {
    let connection = sqlite::open_writer(state_dir)?;
    results(&connection, day).map_err(|error| StoreError::sqlite(&sqlite::path(state_dir), &error))
}

fn results(connection: &Connection, day: u64) -> rusqlite::Result<Vec<Row>> {
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

pub(super) fn purge(connection: &Connection, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM sts_policies WHERE expires <= ?1", [now])?;
    let oldest = column(now.day().saturating_sub(KEPT_DAYS));
    connection.execute("DELETE FROM tls_results WHERE day < ?1", [oldest])?;
    connection.execute("DELETE FROM tls_reported WHERE day < ?1", [oldest])?;
    Ok(())
}
