//! Sender addresses too long to be rewritten, behind short tokens; and how often SRS addresses are used.

use super::{Store, StoreError, expiring, lock};
use crate::address::Mailbox;
use rusqlite::Connection;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const DAY: u64 = 24 * 60 * 60;
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

enum Put {
    Done,
    Full,
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
        expires: u64,
        now: u64,
        max_entries: u64,
    ) -> Result<(), SrsPutError> {
        let token = token.to_lowercase();
        let known = self.srs_entry(&token).await?;
        match &known {
            Some((other, _)) if other.to_key() != address.to_key() => {
                return Err(SrsPutError::Taken);
            }
            Some((_, until)) if *until >= expires => return Ok(()),
            _ => {}
        }
        // To the end of the day: a busy sender costs one write a day.
        let until = expires.saturating_add(DAY - expires % DAY);
        let (address, is_new) = (address.to_string(), known.is_none());
        let count = Arc::clone(&self.0.srs_count);
        let put = self.0.writer.run(move |connection| {
            if is_new {
                if count.load(Ordering::Relaxed) >= max_entries {
                    purge(connection, &count, now)?;
                }
                if count.load(Ordering::Relaxed) >= max_entries {
                    return Ok(Put::Full);
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            expiring::put_srs_address(connection, &token, &address, until)?;
            Ok(Put::Done)
        });
        match put.await? {
            Put::Done => Ok(()),
            Put::Full => Err(SrsPutError::Full),
        }
    }

    /// The address behind `token`, unless it has expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn srs_get(&self, token: &str, now: u64) -> Result<Option<Mailbox>, StoreError> {
        let entry = self.srs_entry(&token.to_lowercase()).await?;
        Ok(entry.filter(|(_, expires)| *expires > now).map(|(address, _)| address))
    }

    /// Counts a use of the SRS address `key` on `day`; false when it had `max` already.
    ///
    /// Kept in memory only: a restart forgives.
    pub fn srs_use(&self, key: &str, day: u64, max: u32) -> bool {
        lock(&self.0.srs_uses).count(key.to_lowercase(), day, max)
    }

    async fn srs_entry(&self, token: &str) -> Result<Option<(Mailbox, u64)>, StoreError> {
        let token = token.to_owned();
        let entry = self.0.readers.run(move |connection| {
            let Some((text, expires)) = expiring::srs_address(connection, &token)? else {
                return Ok(None);
            };
            let address = Mailbox::parse(&text).map_err(|why| {
                let text_type = rusqlite::types::Type::Text;
                rusqlite::Error::FromSqlConversionFailure(0, text_type, why.into())
            })?;
            Ok(Some((address, expires)))
        });
        entry.await
    }
}

/// Deletes what has expired and counts what is left.
pub(super) fn purge(connection: &Connection, count: &AtomicU64, now: u64) -> rusqlite::Result<()> {
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
