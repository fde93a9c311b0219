//! The tables, and how a database of an older version becomes one of this version.

use super::{column, number, steps::STEPS};
use crate::store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Marks the file as Onward's (`Onwd`).
const APPLICATION_ID: i64 = 0x4f6e_7764;

/// Refuses a file that is no database, or not ours.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let ask = |sql: &str| -> Result<i64, StoreError> {
        connection
            .query_row(sql, (), |row| row.get(0))
            .map_err(|error| StoreError::sqlite(path, &error))
    };
    let is_empty = ask("SELECT count(*) FROM sqlite_schema")? == 0;
    if is_empty || ask("PRAGMA application_id")? == APPLICATION_ID {
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
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
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
