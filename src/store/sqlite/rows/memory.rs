//! Rows that expire: long SRS addresses, what was delivered, what was refused.

use super::number;
use crate::{
    address::Mailbox,
    reply::{ForeignReply, Status},
    time::UnixTime,
};
use rusqlite::{Connection, Error, OptionalExtension, Result, params, types::Type};

/// Identifies one delivery; what it is a hash of, the caller decides.
pub type Fingerprint = [u8; 32];

/// A sender behind a token.
#[derive(Debug, Clone)]
pub(in crate::store) struct SrsEntry {
    pub(in crate::store) address: Mailbox,
    pub(in crate::store) expires: UnixTime,
}

pub(in crate::store) fn srs_address(
    connection: &Connection,
    token: &str,
) -> Result<Option<SrsEntry>> {
    connection
        .prepare_cached("SELECT address, expires FROM srs_addresses WHERE token = ?1")?
        .query_row([token], |row| {
            let address = Mailbox::parse(row.get_ref(0)?.as_str()?)
                .map_err(|why| Error::FromSqlConversionFailure(0, Type::Text, why.into()))?;
            Ok(SrsEntry { address, expires: row.get(1)? })
        })
        .optional()
}

pub(in crate::store) fn count_srs_addresses(connection: &Connection) -> Result<u64> {
    let sql = "SELECT count(*) FROM srs_addresses";
    connection.query_row(sql, (), |row| row.get(0)).map(number)
}

/// Inserts, or extends the life of what is there.
pub(in crate::store) fn put_srs_address(
    connection: &Connection,
    token: &str,
    address: &Mailbox,
    expires: UnixTime,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO srs_addresses VALUES (?1, ?2, ?3)
             ON CONFLICT (token) DO UPDATE SET expires = max(expires, excluded.expires)",
        )?
        .execute(params![token, address.to_string(), expires])
        .map(drop)
}

pub(in crate::store) fn purge_srs_addresses(
    connection: &Connection,
    now: UnixTime,
) -> Result<usize> {
    connection.execute("DELETE FROM srs_addresses WHERE expires <= ?1", [now])
}

pub(in crate::store) fn delivered(connection: &Connection) -> Result<Vec<(Fingerprint, UnixTime)>> {
    connection
        .prepare("SELECT fingerprint, expires FROM delivered")?
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(in crate::store) fn put_delivered(
    connection: &Connection,
    fingerprint: &Fingerprint,
    expires: UnixTime,
) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO delivered VALUES (?1, ?2)")?
        .execute(params![fingerprint, expires])
        .map(drop)
}

pub(in crate::store) fn refused(
    connection: &Connection,
) -> Result<Vec<(Fingerprint, UnixTime, ForeignReply)>> {
    connection
        .prepare("SELECT fingerprint, expires, code, status, text FROM refused")?
        .query_map((), |row| {
            let status: String = row.get(3)?;
            let reply = ForeignReply {
                code: row.get(2)?,
                status: parse_status(&status),
                text: row.get(4)?,
            };
            Ok((row.get(0)?, row.get(1)?, reply))
        })?
        .collect()
}

pub(in crate::store) fn put_refused(
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
pub(in crate::store) enum Remembered {
    Delivered,
    Refused,
}

impl Remembered {
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
        }
    }

    pub(in crate::store) fn forget(
        self,
        connection: &Connection,
        fingerprint: &Fingerprint,
    ) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE fingerprint = ?1", self.name());
        connection.prepare_cached(&sql)?.execute([fingerprint]).map(drop)
    }

    pub(in crate::store) fn purge(self, connection: &Connection, now: UnixTime) -> Result<usize> {
        let sql = format!("DELETE FROM {} WHERE expires <= ?1", self.name());
        connection.execute(&sql, [now])
    }
}

pub(in crate::store) fn parse_status(text: &str) -> Option<Status> {
    let mut parts = text.split('.');
    let class = parts.next()?.parse().ok()?;
    Some(Status(class, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
