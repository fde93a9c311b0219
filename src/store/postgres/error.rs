//! What PostgreSQL says, in the words of the store.

use super::Database;
use crate::store::{ChangeError, StoreError, failure};
use deadpool::managed::{PoolError, TimeoutType};
use std::{error::Error as _, fmt::Display, path::PathBuf};
use tokio_postgres::error::SqlState;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Error {
    /// The database, or the way to it.
    Database(tokio_postgres::Error),
    /// The server says nothing.
    Silent,
    /// The server takes no changes.
    ReadOnly,
    /// A row does not hold what it should.
    Unreadable(String),
    /// What is told as it is.
    Told(StoreError),
}

/// What can end a transaction that changes domains and aliases, or accounts.
pub(super) type Failure<R = ChangeError> = failure::Failure<R, Error>;

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

impl<R> From<Error> for Failure<R> {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl<R> From<tokio_postgres::Error> for Failure<R> {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}

impl<R: From<StoreError>> From<StoreError> for Failure<R> {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl Error {
    pub(super) fn at(self, database: &Database) -> StoreError {
        match self {
            Self::Database(error) => told(&error, database),
            Self::Silent => unreachable(database, "it does not answer"),
            Self::ReadOnly => {
                unreachable(database, "its server takes no changes, as a standby does")
            }
            Self::Unreadable(reason) => StoreError::Unsound { database: database.name(), reason },
            Self::Told(error) => error,
        }
    }
}

impl<R: From<StoreError>> Failure<R> {
    pub(super) fn at(self, database: &Database) -> R {
        match self {
            Self::Refused(error) => error,
            Self::Database(error) => error.at(database).into(),
        }
    }
}

/// A row does not hold what it should.
pub(super) fn unreadable(why: impl Display) -> Error {
    Error::Unreadable(why.to_string())
}

/// What is wrong with a row that does not hold what it should; any other error is the database's.
pub(super) fn fault(error: Error) -> Result<String, Error> {
    match error {
        Error::Unreadable(why) => Ok(why),
        error => Err(error),
    }
}

/// Why there is no connection.
pub(super) fn no_connection(error: PoolError<StoreError>, database: &Database) -> StoreError {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(TimeoutType::Wait) => {
            unreachable(database, "all connections are busy for long")
        }
        PoolError::Timeout(_) => unreachable(database, "it does not answer"),
        PoolError::Closed => unreachable(database, "the store is closing"),
        error => unreachable(database, &error.to_string()),
    }
}

/// Whoever asks is to come again.
pub(super) fn unreachable(database: &Database, reason: &str) -> StoreError {
    StoreError::Unreachable { database: database.name(), reason: reason.to_owned() }
}

fn told(error: &tokio_postgres::Error, database: &Database) -> StoreError {
    let (name, reason) = (database.name(), reason(error));
    let path = || PathBuf::from(database.name());
    let Some(code) = error.code() else {
        // Nothing that the server said.
        return match error.to_string().as_str() {
            "authentication error" | "invalid configuration" => {
                StoreError::LoginRefused { database: name, reason }
            }
            what if IS_OURS.iter().any(|ours| what.starts_with(ours)) => {
                StoreError::Failed { path: path(), reason }
            }
            _ => StoreError::Unreachable { database: name, reason },
        };
    };
    match code {
        &SqlState::DISK_FULL => StoreError::Full { path: path() },
        &SqlState::LOCK_NOT_AVAILABLE
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::QUERY_CANCELED => StoreError::Busy { path: path() },
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => {
            StoreError::Unsound { database: name, reason }
        }
        &SqlState::INVALID_PASSWORD
        | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        | &SqlState::INVALID_CATALOG_NAME
        | &SqlState::INSUFFICIENT_PRIVILEGE => StoreError::LoginRefused { database: name, reason },
        &SqlState::TOO_MANY_CONNECTIONS
        | &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::READ_ONLY_SQL_TRANSACTION
        | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
            StoreError::Unreachable { database: name, reason }
        }
        code if code.code().starts_with("08") => StoreError::Unreachable { database: name, reason },
        _ => StoreError::Failed { path: path(), reason },
    }
}

/// How the client tells of what is wrong with a question, not with the way to the server.
const IS_OURS: [&str; 4] =
    ["error serializing parameter", "expected ", "query returned", "invalid column"];

/// What went wrong, without the values of a row.
fn reason(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
