//! What a store does to be moved: the SQL of it stands below each of the two.

use super::{
    tables::Table,
    value::{Row, Value},
};
use crate::store::{Progress, StoreError};
use async_trait::async_trait;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum State {
    /// It is what everybody uses.
    InUse,
    /// Another is copied here, and not all of it is here.
    Filling,
    /// All of another is here, and that one may still be in use.
    Full,
    /// It was moved away.
    Left,
}

/// The numbers that were given out last: they are never given again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct Counters {
    pub(in crate::store) alias_use: i64,
    pub(in crate::store) spool: i64,
    pub(in crate::store) events: i64,
    pub(in crate::store) sessions: i64,
    pub(in crate::store) journal: i64,
    pub(in crate::store) journal_attempts: i64,
}

/// A store that is moved, or to which another is moved. Only commands do that, one thing after the other: whoever waits for
/// a disk holds up nobody.
#[async_trait(?Send)]
pub(in crate::store) trait Side {
    /// What messages name it by.
    fn name(&self) -> String;

    async fn state(&mut self) -> Result<State, StoreError>;

    /// Whether there is nothing that anybody would miss.
    async fn is_empty(&mut self) -> Result<bool, StoreError>;

    /// How many rows there are of each table, in their order.
    async fn counts(&mut self) -> Result<Vec<u64>, StoreError>;

    /// From now on all that is read is of one moment; `alone`: and nobody else writes, until [`Side::let_go`] or
    /// [`Side::leave`].
    async fn hold(&mut self, alone: bool) -> Result<(), StoreError>;

    /// Ends that.
    async fn let_go(&mut self) -> Result<(), StoreError>;

    /// The next rows of a table in the order of their keys.
    async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&[Value]>,
    ) -> Result<Vec<Row>, StoreError>;

    async fn counters(&mut self) -> Result<Counters, StoreError>;

    /// Is [`State::Filling`] from now on: nobody opens it.
    async fn begin(&mut self) -> Result<(), StoreError>;

    /// Deletes the rows of these keys, and then writes others, in the place of those that have their keys.
    async fn change(
        &mut self,
        table: &'static Table,
        gone: &[Row],
        put: &[Row],
    ) -> Result<(), StoreError>;

    /// Works out what is kept beside the rows, and is [`State::Full`] from then on.
    async fn complete(&mut self, counters: Counters, progress: &Progress)
    -> Result<(), StoreError>;

    /// Is [`State::Left`], and held no more.
    async fn leave(&mut self) -> Result<(), StoreError>;

    /// Is [`State::InUse`].
    async fn take_up(&mut self) -> Result<(), StoreError>;
}
