//! The tables, and how a database of an older version becomes one of this version.

use super::{column, number, steps::STEPS};
use crate::store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Marks the file as Onward's, and says whether it is in use: kept as SQLite's `application_id`, which older versions look at too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// `Onwd`.
    InUse,
    /// `Onwf`: another store is copied here, and not all of it is here.
    Filling,
    /// `Onwg`: all of it is, and the other may still be in use.
    Full,
    /// `Onwl`: it was moved away.
    Left,
}

impl Mark {
    const ALL: [Self; 4] = [Self::InUse, Self::Filling, Self::Full, Self::Left];

    fn number(self) -> i64 {
        match self {
            Self::InUse => 0x4f6e_7764,
            Self::Filling => 0x4f6e_7766,
            Self::Full => 0x4f6e_7767,
            Self::Left => 0x4f6e_776c,
        }
    }
}

/// Whether the file is in use; of one that is not marked, it is.
pub(super) fn marked(connection: &Connection) -> rusqlite::Result<Mark> {
    let found: i64 = connection.query_row("PRAGMA application_id", (), |row| row.get(0))?;
    Ok(Mark::ALL.into_iter().find(|mark| mark.number() == found).unwrap_or(Mark::InUse))
}

/// Says whether the file is in use.
pub(super) fn mark(connection: &Connection, mark: Mark) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", mark.number())
}

/// Refuses a file that is no database, not ours, or not in use.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    check_is_ours(connection, path)?;
    check_is_in_use(connection, path)
}

/// Refuses a file that is not in use.
pub(super) fn check_is_in_use(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    match marked(connection).map_err(|error| StoreError::sqlite(path, &error))? {
        Mark::InUse => Ok(()),
        Mark::Filling | Mark::Full => Err(StoreError::Unfinished { path: path.to_owned() }),
        Mark::Left => Err(StoreError::Left { path: path.to_owned() }),
    }
}

/// Refuses a file that is no database, or not ours.
pub(super) fn check_is_ours(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let ask = |sql: &str| -> Result<i64, StoreError> {
        connection
            .query_row(sql, (), |row| row.get(0))
            .map_err(|error| StoreError::sqlite(path, &error))
    };
    let is_empty = ask("SELECT count(*) FROM sqlite_schema")? == 0;
    let found = ask("PRAGMA application_id")?;
    if is_empty || Mark::ALL.iter().any(|mark| mark.number() == found) {
        Ok(())
    } else {
        Err(StoreError::Foreign { path: path.to_owned() })
    }
}

/// Refuses a database that [`migrate`] would change; an empty one is none.
pub(super) fn refuse_older(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let known = column(STEPS.len() as u64);
    let found = connection
        .query_row("PRAGMA user_version", (), |row| row.get(0))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    match found {
        0 => Ok(()),
        _ if found < known => Err(StoreError::Older { path: path.to_owned(), found, known }),
        _ => Ok(()),
    }
}

/// Runs the steps the database has not seen, all or none.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    steps: &[&str],
) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let known = column(steps.len() as u64);
    let version = |connection: &Connection| -> Result<i64, StoreError> {
        let found =
            connection.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(failed)?;
        if found > known {
            return Err(StoreError::Newer { path: path.to_owned(), found, known });
        }
        Ok(found)
    };
    // The usual start takes no lock.
    if version(connection)? == known {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have been faster.
    let done = number(version(&transaction)?);
    for (_, step) in (0..).zip(steps).filter(|(at, _)| *at >= done) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    if done == 0 {
        mark(&transaction, Mark::InUse).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(failed)?;
    transaction.commit().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> i64 {
        connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn from_nothing_and_from_each_version() {
        let path = Path::new("test");
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, path, STEPS).unwrap();
        assert_eq!(version(&connection), STEPS.len() as i64);
        check(&connection, path).unwrap();
        connection.execute("INSERT INTO domains (domain) VALUES ('x.test')", ()).unwrap();

        let longer = [STEPS, &["ALTER TABLE domains ADD COLUMN note TEXT"]].concat();
        migrate(&mut connection, path, &longer).unwrap();
        assert_eq!(version(&connection), longer.len() as i64);
        let note: Option<String> =
            connection.query_row("SELECT note FROM domains", (), |row| row.get(0)).unwrap();
        assert_eq!(note, None);

        let newer = migrate(&mut connection, path, STEPS).unwrap_err();
        assert!(newer.to_string().contains("newer Onward"), "{newer}");
    }

    #[test]
    fn a_failing_step_leaves_the_old_version() {
        let path = Path::new("test");
        let mut connection = Connection::open_in_memory().unwrap();
        let broken =
            [STEPS, &["CREATE TABLE half (a TEXT); CREATE TABLE domains (a TEXT)"]].concat();
        migrate(&mut connection, path, &broken).unwrap_err();
        assert_eq!(version(&connection), 0);
        migrate(&mut connection, path, STEPS).unwrap();
    }
}
