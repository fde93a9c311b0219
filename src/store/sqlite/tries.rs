//! A change of many aliases, or an import, is worked out while others change aliases too, and again if they did.

use super::{apply, error::Failure, rows::domains};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::ops::Deref;

/// How often a change is worked out again because others changed aliases meanwhile, before they have to wait.
const TRIES: usize = 3;

/// The tries of a change that is worked out while others change aliases too.
pub(super) struct Tries {
    made: usize,
    commits: bool,
}

/// Where a change is worked out: the aliases as they are, and an empty temporary table.
pub(super) struct Try<'c> {
    connection: &'c Connection,
    transaction: Transaction<'c>,
    version: i64,
    /// Others have been waiting from the beginning.
    has_turn: bool,
    commits: bool,
}

impl Tries {
    /// Those of a change that `commits`, or is only planned.
    pub(super) fn new(commits: bool) -> Self {
        Self { made: 0, commits }
    }

    /// The next try; the last one has the others wait from its beginning.
    pub(super) fn begin<'c>(&mut self, connection: &'c Connection) -> Result<Try<'c>, Failure> {
        self.made += 1;
        connection.execute_batch(&apply::wanted_table())?;
        let has_turn = self.made > TRIES;
        let behaviour =
            if has_turn { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
        let transaction = Transaction::new_unchecked(connection, behaviour)?;
        let version = domains::version(&transaction)?;
        Ok(Try { connection, transaction, version, has_turn, commits: self.commits })
    }
}

impl<'c> Try<'c> {
    /// Where what was worked out is put in place. `None` when others have changed aliases meanwhile; what is only planned is
    /// planned of what was there.
    pub(super) fn write(self) -> Result<Option<Transaction<'c>>, Failure> {
        if self.has_turn {
            return Ok(Some(self.transaction));
        }
        self.transaction.commit()?;
        let next = Transaction::new_unchecked(self.connection, TransactionBehavior::Immediate)?;
        let is_as_it_was = domains::version(&next)? == self.version;
        Ok((is_as_it_was || !self.commits).then_some(next))
    }
}

impl Deref for Try<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}
