//! Copying by comparing: both sides are read in the order of their keys, and what differs is written. So a copy that was cut
//! off goes on where it was, one of a store that changed meanwhile brings the rest, and one that finds nothing to write has
//! shown that both are the same.

use super::{
    side::Side,
    tables::Table,
    value::{Row, Sum, Value, octets},
};
use crate::store::{Progress, StoreError};
use std::{cmp::Ordering, collections::VecDeque, mem};

/// What is written in one transaction, at most about.
const ROWS: usize = 1_000;
const OCTETS: usize = 8 << 20;

/// Makes a table of `to` what it is in `from`, and gives what that is.
pub(super) async fn copy(
    from: &mut dyn Side,
    to: &mut dyn Side,
    table: &'static Table,
    of: u64,
    progress: &Progress,
) -> Result<Sum, StoreError> {
    if table.is_replaced {
        merge(from, to, table, Pass::Delete, &mut |_| {}).await?;
    }
    merge(from, to, table, Pass::Write, &mut |rows| {
        progress.at(table.copied, rows, Some(of));
    })
    .await
}

/// What a table holds.
pub(super) async fn read(
    side: &mut dyn Side,
    table: &'static Table,
    of: u64,
    progress: &Progress,
) -> Result<Sum, StoreError> {
    let (mut rows, mut sum) = (Rows::default(), Sum::default());
    while let Some(row) = rows.next(side, table).await? {
        sum.add(&row);
        if sum.rows.is_multiple_of(ROWS as u64) {
            progress.at(table.compared, sum.rows, Some(of));
        }
    }
    Ok(sum)
}

/// What is done about rows that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Those of `to` are deleted.
    Delete,
    /// Those of `from` are written.
    Write,
}

async fn merge(
    from: &mut dyn Side,
    to: &mut dyn Side,
    table: &'static Table,
    pass: Pass,
    tell: &mut dyn FnMut(u64),
) -> Result<Sum, StoreError> {
    let (mut ours, mut theirs) = (Rows::default(), Rows::default());
    let (mut sum, mut changes) = (Sum::default(), Changes::default());
    loop {
        ours.fill(from, table).await?;
        theirs.fill(to, table).await?;
        let order = match (ours.read.front(), theirs.read.front()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(theirs)) => key(ours, table).cmp(key(theirs, table)),
        };
        let our = if order.is_le() { ours.read.pop_front() } else { None };
        let their = if order.is_ge() { theirs.read.pop_front() } else { None };
        if let Some(our) = &our {
            sum.add(our);
        }
        if our != their {
            let is_deleted = pass == Pass::Delete || table.is_replaced || our.is_none();
            if let Some(mut their) = their.filter(|_| is_deleted) {
                their.truncate(table.key);
                changes.gone.push(their);
            }
            if let Some(our) = our.filter(|_| pass == Pass::Write) {
                changes.octets += octets(&our);
                changes.put.push(our);
            }
        }
        if changes.are_enough() {
            changes.write(to, table).await?;
        }
        if sum.rows.is_multiple_of(ROWS as u64) {
            tell(sum.rows);
        }
    }
    changes.write(to, table).await?;
    Ok(sum)
}

/// What is to be written.
#[derive(Debug, Default)]
struct Changes {
    gone: Vec<Row>,
    put: Vec<Row>,
    octets: usize,
}

impl Changes {
    fn are_enough(&self) -> bool {
        self.gone.len() + self.put.len() >= ROWS || self.octets >= OCTETS
    }

    async fn write(&mut self, to: &mut dyn Side, table: &'static Table) -> Result<(), StoreError> {
        let Self { gone, put, .. } = mem::take(self);
        if gone.is_empty() && put.is_empty() {
            return Ok(());
        }
        to.change(table, &gone, &put).await
    }
}

/// The rows of a table in the order of their keys, a page at a time.
#[derive(Debug, Default)]
struct Rows {
    read: VecDeque<Row>,
    last: Option<Row>,
    are_all: bool,
}

impl Rows {
    async fn next(
        &mut self,
        side: &mut dyn Side,
        table: &'static Table,
    ) -> Result<Option<Row>, StoreError> {
        self.fill(side, table).await?;
        Ok(self.read.pop_front())
    }

    /// Reads more where there are none.
    async fn fill(&mut self, side: &mut dyn Side, table: &'static Table) -> Result<(), StoreError> {
        if self.are_all || !self.read.is_empty() {
            return Ok(());
        }
        let page = side.page(table, self.last.as_deref()).await?;
        // Where there is one row, there is no key to go on from.
        self.are_all = page.is_empty() || table.key == 0;
        self.last = page.last().map(|last| key(last, table).to_vec());
        self.read = page.into();
        Ok(())
    }
}

fn key<'a>(row: &'a [Value], table: &Table) -> &'a [Value] {
    row.get(..table.key).unwrap_or(row)
}
