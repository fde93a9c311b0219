//! By which texts aliases are found, written down behind a change of many.

use super::{file::LOOK, rows::alias_use};
use crate::store::Progress;
use rusqlite::{Connection, TransactionBehavior};
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a turn takes, at least one piece of work long, and how long others have for theirs: longer than they need to look.
const TURN: Duration = Duration::from_millis(50);
const PIECE: usize = 50;
const REST: Duration = LOOK.saturating_mul(3);

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
        let began = Instant::now();
        let mut written = PIECE;
        while written == PIECE && began.elapsed() < TURN {
            written = alias_use::write_due(&transaction, PIECE)?;
            through += written as u64;
        }
        transaction.commit()?;
        progress.at("made to be found", through.min(all), Some(all));
        if written < PIECE {
            break;
        }
        thread::sleep(REST);
    }
    Ok(())
}
