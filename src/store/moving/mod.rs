//! Moving all that is kept from one kind of store into the other: from the state directory into the database that nodes share,
//! and back.
//!
//! Each of both says what it is ([`State`]), and nobody opens one that is not in use. So a message is in one spool that is
//! served from: the other is marked as left before the new one may be opened, and whatever ends the move before that leaves
//! the old one in use.

mod copy;
mod side;
mod tables;
mod value;

pub(super) use side::{Counters, Side, State};
pub(super) use tables::{TABLES, Table};
pub use value::Sum;
pub(super) use value::{Row, Value, clean};

use super::{
    Progress, StateLock, StoreError,
    place::make_directory,
    postgres::{Database, moving::PostgresSide},
    sqlite::moving::SqliteSide,
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// What is moved, and where.
#[derive(Debug, Clone)]
pub struct Move {
    /// Where the store in a file is.
    pub state_dir: PathBuf,
    /// The database that nodes share.
    pub database: Database,
    /// The node under whose name records of the journal go on.
    pub node: String,
    /// From the database into the state directory.
    pub to_sqlite: bool,
}

/// A table that was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: &'static str,
    /// What it holds, on both sides.
    pub sum: Sum,
}

/// How far a move went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What was copied; nothing where that had been done before.
    pub tables: Vec<Copied>,
    /// False where somebody serves from the old store, which stays in use: what changes meanwhile is copied by the next try.
    pub is_over: bool,
}

/// What a move would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The tables, with how many rows the old store and the new one have.
    pub tables: Vec<(&'static str, u64, u64)>,
    /// Whether somebody serves from the old store.
    pub is_served: bool,
}

/// Why nothing was moved. The old store stays in use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// One of both fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state directory cannot be locked.
    #[error("cannot lock {}: {error}", .state_dir.display())]
    Lock {
        /// The directory.
        state_dir: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something is where all is to be moved.
    #[error(
        "{0} holds domains, accounts, tokens, blocks or messages of its own, and nothing was copied: name an empty one"
    )]
    NotEmpty(String),
    /// There is nothing to do.
    #[error("{from} was moved into {to} before; nothing is left to do")]
    Done {
        /// The old store.
        from: String,
        /// The new one.
        to: String,
    },
    /// What was moved away is not where it should be.
    #[error(
        "{from} was moved away, but {to} does not have it; restore a backup of where it was moved"
    )]
    Lost {
        /// The old store.
        from: String,
        /// The new one.
        to: String,
    },
    /// The old store is the new one of another move that did not come to its end.
    #[error(
        "{0} is being filled by a move in the other direction, which did not come to its end; finish that first"
    )]
    Unfinished(String),
    /// Both sides do not hold the same, although they should.
    #[error(
        "{table} differs after it was copied ({from} and {to} rows), so the old store stays in use; try again, and report this"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// Rows in the old store.
        from: u64,
        /// Rows in the new one.
        to: u64,
    },
}

/// The names of what is copied, and of the columns: the first so many of these say which row it is.
pub fn tables() -> impl Iterator<Item = (&'static str, &'static [&'static str], usize)> {
    TABLES.iter().map(|table| (table.name, table.columns, table.key))
}

/// Whether the store in a state directory is in use and holds anything. Blocks.
///
/// # Errors
/// When there is one that cannot be read.
pub fn is_in_use(state_dir: &Path) -> Result<bool, StoreError> {
    match SqliteSide::open_existing(state_dir)? {
        Some(side) => side.is_in_use(),
        None => Ok(false),
    }
}

impl Move {
    /// Says what [`Move::run`] would do; nothing is written.
    ///
    /// # Errors
    /// When a store cannot be read.
    pub async fn plan(&self) -> Result<Planned, MoveError> {
        let lock = match self.state_dir.exists() {
            true => Some(self.lock()?),
            false => None,
        };
        let sqlite = SqliteSide::open_existing(&self.state_dir)?;
        let database = PostgresSide::open_existing(self.database.clone(), &self.node).await?;
        let nodes = match &database {
            Some(database) => database.serving().await?,
            None => Vec::new(),
        };
        let count = async |side: Option<&mut dyn Side>| match side {
            Some(side) => side.counts().await,
            None => Ok(vec![0; TABLES.len()]),
        };
        let (mut sqlite, mut database) = (sqlite, database);
        let in_file = count(sqlite.as_mut().map(|side| side as &mut dyn Side)).await?;
        let shared = count(database.as_mut().map(|side| side as &mut dyn Side)).await?;
        let (from, to) = if self.to_sqlite { (shared, in_file) } else { (in_file, shared) };
        let counts = from.into_iter().zip(to);
        Ok(Planned {
            tables: TABLES.iter().zip(counts).map(|(it, (a, b))| (it.name, a, b)).collect(),
            is_served: matches!(lock, Some(None)) || self.to_sqlite && !nodes.is_empty(),
        })
    }

    /// Copies all that is there. Where nobody serves from the old store, that is left with it, and the new one is in use from
    /// then on. Whatever ends this in the midst, it goes on where it was when it is begun again.
    ///
    /// # Errors
    /// When there is nothing to be moved or no room for it, or a store fails. The old store is in use as before, unless
    /// [`MoveError::Done`] or [`MoveError::Lost`] says otherwise.
    pub async fn run(&self, progress: &Progress) -> Result<Moved, MoveError> {
        if self.to_sqlite {
            make_directory(&self.state_dir)?;
        }
        let lock = self.lock()?;
        if self.to_sqlite {
            let mut from = PostgresSide::open_to_leave(self.database.clone(), &self.node).await?;
            let is_stopped = lock.is_some() && from.serving().await?.is_empty();
            let mut to = SqliteSide::open_to_fill(&self.state_dir)?;
            if lock.is_none() && to.state().await? == State::InUse {
                let path = self.state_dir.clone();
                return Err(StoreError::Busy { path }.into());
            }
            all(&mut from, &mut to, is_stopped, progress).await
        } else {
            let mut from = SqliteSide::open_to_leave(&self.state_dir)?;
            let mut to = PostgresSide::open_to_fill(self.database.clone(), &self.node).await?;
            let serving = to.serving().await?;
            if !serving.is_empty() && from.state().await? != State::Left {
                let nodes = serving.join(", ");
                return Err(StoreError::Serving { database: self.database.name(), nodes }.into());
            }
            all(&mut from, &mut to, lock.is_some(), progress).await
        }
    }

    /// The right to serve from the state directory; `None` where somebody does.
    fn lock(&self) -> Result<Option<StateLock>, MoveError> {
        let failed = |error| MoveError::Lock { state_dir: self.state_dir.clone(), error };
        StateLock::take(&self.state_dir).map_err(failed)
    }
}

async fn all(
    from: &mut dyn Side,
    to: &mut dyn Side,
    is_stopped: bool,
    progress: &Progress,
) -> Result<Moved, MoveError> {
    match (from.state().await?, to.state().await?) {
        (State::Left, State::Full) => {
            to.take_up().await?;
            return Ok(Moved { tables: Vec::new(), is_over: true });
        }
        (State::Left, State::InUse) => {
            return Err(MoveError::Done { from: from.name(), to: to.name() });
        }
        (State::Left, _) => return Err(MoveError::Lost { from: from.name(), to: to.name() }),
        (State::Filling | State::Full, _) => return Err(MoveError::Unfinished(from.name())),
        (State::InUse, State::InUse) if !to.is_empty().await? => {
            return Err(MoveError::NotEmpty(to.name()));
        }
        (State::InUse, _) => {}
    }
    to.begin().await?;
    from.hold(is_stopped).await?;
    let counts = from.counts().await?;
    let tables = || TABLES.iter().zip(counts.iter().copied());
    let mut copied = Vec::new();
    for (table, of) in tables() {
        let sum = copy::copy(from, to, table, of, progress).await?;
        copied.push(Copied { table: table.name, sum });
    }
    if !is_stopped {
        from.let_go().await?;
        return Ok(Moved { tables: copied, is_over: false });
    }
    for ((table, of), copied) in tables().zip(&copied) {
        let sum = copy::read(to, table, of, progress).await?;
        if sum != copied.sum {
            let (from, to) = (copied.sum.rows, sum.rows);
            return Err(MoveError::Differs { table: table.name, from, to });
        }
    }
    to.complete(from.counters().await?, progress).await?;
    // From here to the end nobody opens either of them, and a next try does the rest.
    from.leave().await?;
    to.take_up().await?;
    Ok(Moved { tables: copied, is_over: true })
}
