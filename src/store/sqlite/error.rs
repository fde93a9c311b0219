//! What SQLite says, in the words of the store.

use crate::store::{ChangeError, StoreError, failure};
use rusqlite::{Error, ErrorCode, types::Type};
use std::{error, path::Path};

impl StoreError {
    pub(super) fn sqlite(path: &Path, error: &Error) -> Self {
        let path = path.to_owned();
        let reason = error.to_string();
        if let Error::FromSqlConversionFailure(..) = error {
            return Self::Damaged { path, reason };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { path, reason }
            }
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::Access { path, reason }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Failed { path, reason },
        }
    }
}

/// What can end a transaction that changes domains and aliases, or accounts.
pub(super) type Failure<R = ChangeError> = failure::Failure<R, Error>;

impl<R: From<StoreError>> Failure<R> {
    pub(super) fn at(self, path: &Path) -> R {
        match self {
            Self::Refused(error) => error,
            Self::Database(error) => StoreError::sqlite(path, &error).into(),
        }
    }
}

impl<R> From<Error> for Failure<R> {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// A row does not hold what it should.
pub(super) fn unreadable(why: impl Into<Box<dyn error::Error + Send + Sync>>) -> Error {
    Error::FromSqlConversionFailure(0, Type::Text, why.into())
}

/// What is wrong with a row that does not hold what it should; any other error is the database's.
pub(super) fn fault(error: Error) -> rusqlite::Result<String> {
    match error {
        Error::FromSqlConversionFailure(_, _, why) => Ok(why.to_string()),
        Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => Ok(error.to_string()),
        error => Err(error),
    }
}
