//! Rows of `delivered`, `refused` and `told`.

use crate::{
    reply::{ForeignReply, Status},
    store::Fingerprint,
    time::UnixTime,
};
use rusqlite::{Connection, Result, params};

pub(crate) fn refused(
    connection: &Connection,
) -> Result<Vec<(Fingerprint, UnixTime, ForeignReply)>> {
    connection
        .prepare("SELECT fingerprint, expires, code, status, text FROM refused")?
        .query_map((), |row| {
            let status: String = row.get(3)?;
            let reply = ForeignReply {
                code: row.get(2)?,
                status: Status::parse(&status),
                text: row.get(4)?,
            };
            Ok((row.get(0)?, row.get(1)?, reply))
        })?
        .collect()
}

pub(crate) fn put_refused(
    connection: &Connection,
    fingerprint: &Fingerprint,
    reply: &ForeignReply,
    expires: UnixTime,
) -> Result<()> {
    let status = reply.status.map(|status| status.to_string()).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO refused (fingerprint, code, status, text, expires)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![fingerprint, reply.code, status, reply.text, expires])
        .map(drop)
}

/// A table whose rows are kept in memory as well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Remembered {
    Delivered,
    Refused,
    Told,
}

impl Remembered {
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Told => "told",
        }
    }

    /// All that the table has.
    pub(crate) fn all(self, connection: &Connection) -> Result<Vec<(Fingerprint, UnixTime)>> {
        connection
            .prepare(&format!("SELECT fingerprint, expires FROM {}", self.name()))?
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// Adds a row of nothing but that to `delivered` or `told`.
    pub(crate) fn put(
        self,
        connection: &Connection,
        fingerprint: &Fingerprint,
        expires: UnixTime,
    ) -> Result<()> {
        let sql = format!("INSERT OR REPLACE INTO {} VALUES (?1, ?2)", self.name());
        connection.prepare_cached(&sql)?.execute(params![fingerprint, expires]).map(drop)
    }

    pub(crate) fn forget(self, connection: &Connection, fingerprint: &Fingerprint) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE fingerprint = ?1", self.name());
        connection.prepare_cached(&sql)?.execute([fingerprint]).map(drop)
    }

    pub(crate) fn purge(self, connection: &Connection, now: UnixTime) -> Result<usize> {
        let sql = format!("DELETE FROM {} WHERE expires <= ?1", self.name());
        connection.execute(&sql, [now])
    }
}
