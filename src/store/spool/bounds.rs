use super::SpoolError;
use crate::store::{
    journal,
    sqlite::{self, spool},
};
use rusqlite::{Connection, Result};
use std::path::Path;

/// What the spool may use; beyond, nothing more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolBounds {
    /// Octets of all messages.
    pub octets: u64,
    /// Messages.
    pub messages: u64,
    /// Octets that stay free on the disk; `None`: [`DEFAULT_FREE`] or a twentieth of the disk,
    /// whichever is less.
    pub free: Option<u64>,
}

/// What stays free on a large disk.
pub const DEFAULT_FREE: u64 = 256 << 20;

/// What is said of a disk with too little room.
pub(super) const DISK: &str = "spool.min_free_disk, or no room is left on the disk at all";

impl SpoolBounds {
    /// Nothing is limited.
    pub const NONE: Self = Self { octets: u64::MAX, messages: u64::MAX, free: Some(0) };

    /// Whether so much more may be kept, as asked within the transaction that would keep it.
    pub(super) fn allow(
        &self,
        connection: &Connection,
        state_dir: &Path,
        messages: u64,
        octets: u64,
    ) -> Result<std::result::Result<(), SpoolError>> {
        let used = spool::totals(connection)?;
        if used.messages.saturating_add(messages) > self.messages {
            return Ok(Err(SpoolError::Full("spool.max_messages")));
        }
        if used.octets.saturating_add(octets) > self.octets {
            return Ok(Err(SpoolError::Full("spool.max_bytes")));
        }
        // A disk that cannot be asked shows at the write.
        let Ok(disk) = rustix::fs::statvfs(state_dir) else { return Ok(Ok(())) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let size = disk.f_blocks.saturating_mul(disk.f_frsize);
        let least = self.free.unwrap_or(DEFAULT_FREE.min(size / 20));
        let (path, journal) = (sqlite::path(state_dir), journal::path(state_dir));
        let growth = sqlite::growth(connection, &path, &[&journal], octets)?;
        if free < least.saturating_add(growth) {
            return Ok(Err(SpoolError::Full(DISK)));
        }
        Ok(Ok(()))
    }
}

impl Default for SpoolBounds {
    fn default() -> Self {
        Self::NONE
    }
}
