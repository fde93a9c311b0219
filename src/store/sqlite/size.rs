//! What the file takes of the disk, and gives back.

use super::{file, journal, number, opened::beside, rows};
use crate::store::spool::{DEFAULT_FREE, SpoolBounds, SpoolError};
use rusqlite::{Connection, Result};
use std::{fs, path::Path};

/// Pages given back at a time: each one may have to be moved, which takes room in the log.
const GIVE_BACK: u32 = 1_000;

/// To what a write-ahead log grows before SQLite folds it: a thousand pages, and some.
const LOG: u64 = 5 << 20;

/// What is said of a disk with too little room.
pub(super) const DISK: &str = "spool.min_free_disk, or no room is left on the disk at all";

/// Whether so much more may be kept, as asked within the transaction that would keep it.
pub(super) fn allow(
    bounds: SpoolBounds,
    connection: &Connection,
    state_dir: &Path,
    messages: u64,
    octets: u64,
) -> Result<std::result::Result<(), SpoolError>> {
    let used = rows::spool::totals(connection)?;
    if used.messages.saturating_add(messages) > bounds.messages {
        return Ok(Err(SpoolError::Full("spool.max_messages")));
    }
    if used.octets.saturating_add(octets) > bounds.octets {
        return Ok(Err(SpoolError::Full("spool.max_bytes")));
    }
    // A disk that cannot be asked shows at the write.
    let Ok(disk) = rustix::fs::statvfs(state_dir) else { return Ok(Ok(())) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let size = disk.f_blocks.saturating_mul(disk.f_frsize);
    let least = bounds.free.unwrap_or(DEFAULT_FREE.min(size / 20));
    let (path, journal) = (file::path(state_dir), journal::path(state_dir));
    let growth = growth(connection, &path, &[&journal], octets)?;
    if free < least.saturating_add(growth) {
        return Ok(Err(SpoolError::Full(DISK)));
    }
    Ok(Ok(()))
}

/// Octets that the disk will have to give when `octets` are added in the transaction that is open: for
/// the log now, for the file when the log is folded into it, and for the logs of `path` and `others` in
/// which later is written what becomes of it all.
fn growth(connection: &Connection, path: &Path, others: &[&Path], octets: u64) -> Result<u64> {
    let page = pragma(connection, "PRAGMA page_size")?;
    let reused = pragma(connection, "PRAGMA freelist_count")?.saturating_mul(page);
    let folded = pragma(connection, "PRAGMA page_count")?.saturating_mul(page);
    let on_disk = size(path);
    let logs =
        others.iter().chain([&path]).map(|path| LOG.saturating_sub(size(&beside(path, "-wal"))));
    // Twice, as some of it may be of this transaction, and not in the log yet either.
    let outstanding = folded.saturating_sub(on_disk).saturating_mul(2);
    let file = octets.saturating_sub(reused).saturating_add(outstanding);
    Ok(file.saturating_add(octets).saturating_add(logs.sum()))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Gives room of what was deleted back to the disk, a part of it; true when there is more.
pub(crate) fn give_back(connection: &Connection) -> Result<bool> {
    let before = pragma(connection, "PRAGMA freelist_count")?;
    if before > 0 {
        connection.pragma(None, "incremental_vacuum", GIVE_BACK, |_| Ok(()))?;
    }
    let after = pragma(connection, "PRAGMA freelist_count")?;
    Ok(0 < after && after < before)
}

fn pragma(connection: &Connection, sql: &str) -> Result<u64> {
    connection.prepare_cached(sql)?.query_row((), |row| row.get(0)).map(number)
}
