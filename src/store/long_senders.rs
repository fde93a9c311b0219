//! Sender addresses too long to be rewritten, behind short tokens; and how often SRS addresses are used.

use super::{
    Store, StoreError,
    expiring::{self, SrsEntry},
    lock,
};
use crate::{address::Mailbox, time::UnixTime};
use rusqlite::Connection;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Most SRS addresses whose uses are counted at once.
const MAX_COUNTED: usize = 100_000;

/// Why a long address was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrsPutError {
    /// As many as allowed are there, none of them expired.
    #[error("the table of long SRS addresses is full")]
    Full,
    /// The token stands for another address already.
    #[error("the token belongs to another address")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be kept.
#[derive(Debug, Clone)]
pub(super) struct Put {
    pub(super) token: String,
    pub(super) address: Mailbox,
    pub(super) expires: UnixTime,
}

impl Put {
    /// True when it is kept already, and long enough.
    fn is_done(&self, entry: Option<&SrsEntry>) -> Result<bool, SrsPutError> {
        match entry {
            None => Ok(false),
            Some(entry) if entry.address.to_key() != self.address.to_key() => {
                Err(SrsPutError::Taken)
            }
            Some(entry) => Ok(entry.expires >= self.expires),
        }
    }

    /// Keeps it. The outer error is the database's; `count` is that of all entries.
    pub(super) fn run(
        &self,
        connection: &Connection,
        count: &AtomicU64,
        now: UnixTime,
        max_entries: u64,
    ) -> rusqlite::Result<Result<(), SrsPutError>> {
        let entry = expiring::srs_address(connection, &self.token)?;
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
        expiring::put_srs_address(connection, &self.token, &self.address, until)?;
        Ok(Ok(()))
    }
}

/// The address of an entry that has not expired.
pub(super) fn unexpired(entry: Option<SrsEntry>, now: UnixTime) -> Option<Mailbox> {
    entry.filter(|entry| entry.expires > now).map(|entry| entry.address)
}

impl Store {
    /// Keeps `address` behind `token` at least until `expires`; durable when this answers. Tokens are
    /// the same in any case. Of `max_entries`, expired ones make room.
    ///
    /// # Errors
    /// When there is no room, the token is taken, or the store fails.
    pub async fn srs_put(
        &self,
        token: &str,
        address: &Mailbox,
        expires: UnixTime,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<(), SrsPutError> {
        let put = Put { token: token.to_lowercase(), address: address.clone(), expires };
        let entry = self.srs_entry(put.token.clone()).await?;
        if put.is_done(entry.as_ref())? {
            return Ok(());
        }
        let count = Arc::clone(&self.0.srs_count);
        let write =
            self.0.writer.run(move |connection| put.run(connection, &count, now, max_entries));
        write.await?
    }

    /// The address behind `token`, unless it has expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError> {
        Ok(unexpired(self.srs_entry(token.to_lowercase()).await?, now))
    }

    async fn srs_entry(&self, token: String) -> Result<Option<SrsEntry>, StoreError> {
        self.0.readers.run(move |connection| expiring::srs_address(connection, &token)).await
    }

    /// Counts a use of the SRS address `key` on `day`; false when it had `max` already.
    ///
    /// Kept in memory only: a restart forgives.
    pub fn srs_use(&self, key: &str, day: u64, max: u32) -> bool {
        lock(&self.0.srs_uses).count(key.to_lowercase(), day, max)
    }
}

/// Deletes what has expired and counts what is left.
pub(super) fn purge(
    connection: &Connection,
    count: &AtomicU64,
    now: UnixTime,
) -> rusqlite::Result<()> {
    expiring::purge_srs_addresses(connection, now)?;
    count.store(expiring::count_srs_addresses(connection)?, Ordering::Relaxed);
    Ok(())
}

/// Uses per SRS address on one day.
#[derive(Debug, Default)]
pub(super) struct Uses {
    day: u64,
    counts: HashMap<String, u32>,
}

impl Uses {
    fn count(&mut self, key: String, day: u64, max: u32) -> bool {
        if day != self.day {
            self.day = day;
            self.counts = HashMap::new();
        }
        if self.counts.len() >= MAX_COUNTED && !self.counts.contains_key(&key) {
            // Those who are near the limit are those it is for.
            self.counts.retain(|_, uses| *uses > max / 2);
            if self.counts.len() >= MAX_COUNTED {
                return false;
            }
        }
        let uses = self.counts.entry(key).or_default();
        *uses = uses.saturating_add(1);
        *uses <= max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_counted_per_address_and_day() {
        let mut uses = Uses::default();
        let mut used = |key: &str, day| uses.count(key.to_owned(), day, 2);
        assert!(used("a", 1) && used("a", 1) && !used("a", 1));
        assert!(used("b", 1));
        assert!(used("a", 2));
    }

    #[test]
    fn the_number_of_counters_is_bounded_and_heavy_users_stay() {
        let mut uses = Uses::default();
        for _ in 0..3 {
            uses.count("heavy".into(), 1, 2);
        }
        for n in 0..MAX_COUNTED * 2 {
            assert!(uses.count(format!("k{n}"), 1, 2));
        }
        assert!(uses.counts.len() <= MAX_COUNTED);
        assert!(!uses.count("heavy".into(), 1, 2));
    }
}
