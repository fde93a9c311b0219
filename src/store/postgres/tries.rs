//! A change of many aliases, or an import, is worked out while others change aliases too, and again if they did.

use super::{access::Access, apply::make_wanted, error::Failure, rows::domains};
use deadpool_postgres::{ClientWrapper, Transaction};
use tokio::sync::MutexGuard;
use tokio_postgres::IsolationLevel;

/// How often a change is worked out again because others changed aliases meanwhile, before they have to wait.
const TRIES: usize = 3;

/// The tries of a change that is worked out while others change aliases too.
pub(super) struct Tries<'s> {
    access: &'s Access,
    made: usize,
    commits: bool,
}

/// Where a change is worked out: the aliases as they are, and an empty temporary table.
pub(super) struct Try<'c, 's> {
    pub(super) transaction: Transaction<'c>,
    /// The number of changes there were.
    pub(super) version: i64,
    /// The others have been waiting from the beginning: what is worked out is put in place in the same transaction.
    pub(super) turn: Option<Turn<'s>>,
}

/// As long as it is there, nobody else on this node changes the directory.
type Turn<'s> = MutexGuard<'s, ()>;

impl<'s> Tries<'s> {
    /// Those of a change that `commits`, or is only planned.
    pub(super) fn new(access: &'s Access, commits: bool) -> Self {
        Self { access, made: 0, commits }
    }

    /// The next try; the last one has the others wait from its beginning.
    pub(super) async fn begin<'c>(
        &mut self,
        client: &'c mut ClientWrapper,
    ) -> Result<Try<'c, 's>, Failure> {
        self.made += 1;
        let begin = client.build_transaction();
        let (transaction, version, turn) = if self.made > TRIES {
            let turn = self.access.directory_turn().await?;
            let begun = begin.isolation_level(IsolationLevel::ReadCommitted).start().await?;
            let version = domains::lock(&begun).await?;
            (begun, version, Some(turn))
        } else {
            let begun = begin.isolation_level(IsolationLevel::RepeatableRead).start().await?;
            let version = domains::version(&begun).await?;
            (begun, version, None)
        };
        make_wanted(&transaction).await?;
        Ok(Try { transaction, version, turn })
    }

    /// Where what was worked out of `version` is put in place. `None` when others have changed aliases meanwhile; what is
    /// only planned is planned of what was there.
    pub(super) async fn write<'c>(
        &self,
        client: &'c mut ClientWrapper,
        version: i64,
    ) -> Result<Option<(Transaction<'c>, Turn<'s>)>, Failure> {
        let turn = self.access.directory_turn().await?;
        let transaction = client.transaction().await?;
        let is_as_it_was = domains::lock(&transaction).await? == version;
        Ok((is_as_it_was || !self.commits).then_some((transaction, turn)))
    }
}
