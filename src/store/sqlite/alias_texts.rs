//! By which texts aliases are found, written down behind a change of many.

use super::rows::alias_use;
use crate::store::Progress;
use rusqlite::{Connection, TransactionBehavior};
use std::{thread, time::Duration};

/// Texts that are written in a turn, and how long others have for theirs.
const TURN: usize = 1_000;
const REST: Duration = Duration::from_millis(10);

/// Writes down by which texts the aliases of a change of many are found. That takes the longest of all, so it is done
/// by turns, with those of other changes in between; should it not come to its end, the daemon and other changes bring it there.
pub(super) fn write_texts(connection: &mut Connection, progress: &Progress) {
    if let Err(error) = try_write_texts(connection, progress) {
        tracing::warn!(%error, "aliases have changed, and are not all found by their new texts yet");
    }
}

/// The same, and says why it did not come to its end.
///
/// # Errors
/// Those of SQLite.
pub(super) fn try_write_texts(
    connection: &mut Connection,
    progress: &Progress,
) -> rusqlite::Result<()> {
    let all = alias_use::due(connection)?;
    let mut through = 0;
    while through < all {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let written = alias_use::write_due(&transaction, TURN)?;
        transaction.commit()?;
        through += written as u64;
        progress.at("made to be found", through.min(all), Some(all));
        if written < TURN {
            break;
        }
        thread::sleep(REST);
    }
    Ok(())
}
