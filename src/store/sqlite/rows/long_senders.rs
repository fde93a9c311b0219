//! Rows of `srs_addresses`.

use crate::{
    address::Mailbox,
    store::{
        SrsPutError,
        sqlite::{error::unreadable, number},
    },
    time::UnixTime,
};
use rusqlite::{Connection, OptionalExtension, Result, params};
use std::sync::atomic::{AtomicU64, Ordering};

/// A sender behind a token.
#[derive(Debug, Clone)]
pub(crate) struct SrsEntry {
    pub(crate) address: Mailbox,
    pub(crate) expires: UnixTime,
}

pub(crate) fn srs_address(connection: &Connection, token: &str) -> Result<Option<SrsEntry>> {
    connection
        .prepare_cached("SELECT address, expires FROM srs_addresses WHERE token = ?1")?
        .query_row([token], |row| {
            let address = Mailbox::parse(row.get_ref(0)?.as_str()?).map_err(unreadable)?;
            Ok(SrsEntry { address, expires: row.get(1)? })
        })
        .optional()
}

pub(crate) fn count_srs_addresses(connection: &Connection) -> Result<u64> {
    let sql = "SELECT count(*) FROM srs_addresses";
    connection.query_row(sql, (), |row| row.get(0)).map(number)
}

/// Inserts, or extends the life of what is there.
fn put_srs_address(
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

fn purge_srs_addresses(connection: &Connection, now: UnixTime) -> Result<usize> {
    connection.execute("DELETE FROM srs_addresses WHERE expires <= ?1", [now])
}

/// What is to be kept.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    pub(crate) token: String,
    pub(crate) address: Mailbox,
    pub(crate) expires: UnixTime,
}

impl Put {
    /// True when it is kept already, and long enough.
    pub(crate) fn is_done(
        &self,
        entry: Option<&SrsEntry>,
    ) -> std::result::Result<bool, SrsPutError> {
        match entry {
            None => Ok(false),
            Some(entry) if entry.address.to_key() != self.address.to_key() => {
                Err(SrsPutError::Taken)
            }
            Some(entry) => Ok(entry.expires >= self.expires),
        }
    }

    /// Keeps it. The outer error is the database's; `count` is that of all entries.
    pub(crate) fn run(
        &self,
        connection: &Connection,
        count: &AtomicU64,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<std::result::Result<(), SrsPutError>> {
        let entry = srs_address(connection, &self.token)?;
        match self.is_done(entry.as_ref()) {
            Ok(true) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
            Ok(false) => {}
        }
        let is_full = || count.load(Ordering::Relaxed) >= max_entries;
        if entry.is_none() {
            if is_full() {
                purge(connection, count, now)?;
            }
            if is_full() {
                return Ok(Err(SrsPutError::Full));
            }
            count.fetch_add(1, Ordering::Relaxed);
        }
        // To the end of the day: a busy sender costs one write a day.
        let until = UnixTime::of_day(self.expires.day() + 1);
        put_srs_address(connection, &self.token, &self.address, until)?;
        Ok(Ok(()))
    }
}

/// The address of an entry that has not expired.
pub(crate) fn unexpired(entry: Option<SrsEntry>, now: UnixTime) -> Option<Mailbox> {
    entry.filter(|entry| entry.expires > now).map(|entry| entry.address)
}

/// Deletes what has expired and counts what is left.
pub(crate) fn purge(connection: &Connection, count: &AtomicU64, now: UnixTime) -> Result<()> {
    purge_srs_addresses(connection, now)?;
    count.store(count_srs_addresses(connection)?, Ordering::Relaxed);
    Ok(())
}
