use crate::{
    account::AccountError,
    alias::{AliasError, SettingsError},
    auth::dkim::KeyUnreadable,
    config::NOT_ALLOWED,
    keys::KeystoreError,
    store::{
        AccountChangeError, ChangeError, FindError, SessionChangeError, StoreError,
        TokenChangeError, journal::JournalError,
    },
};
use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
};

/// Why something was not done, or cannot be told. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for has no meaning.
    #[error("{0}")]
    Request(String),
    /// What was asked for has a meaning, and is not possible.
    #[error("{0}")]
    Refused(String),
    /// Domains or aliases stay as they are.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// What should be an alias is none.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// What is to be set for a domain has no meaning.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// What is looked for has no meaning.
    #[error("{}", FindError::Cursor)]
    Cursor,
    /// Accounts stay as they are.
    #[error(transparent)]
    AccountChange(#[from] AccountChangeError),
    /// What should be an account, or a part of one, is none.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Tokens stay as they are.
    #[error(transparent)]
    TokenChange(#[from] TokenChangeError),
    /// Sessions stay as they are.
    #[error(transparent)]
    SessionChange(#[from] SessionChangeError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file cannot be read or written, or holds what it should not.
    #[error("{}: {what}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A line of a file holds what it should not.
    #[error("{}:{line}: {what}", .file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// SRS secrets or DKIM keys cannot be used, wherever they are kept.
    #[error("{0}")]
    Keys(String),
    /// Whoever was given the answers one by one takes no more.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
}

impl From<KeystoreError> for Error {
    fn from(error: KeystoreError) -> Self {
        Self::Keys(error.to_string())
    }
}

impl From<KeyUnreadable> for Error {
    fn from(error: KeyUnreadable) -> Self {
        Self::Keys(error.to_string())
    }
}

impl From<FindError> for Error {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Cursor => Self::Cursor,
            FindError::Store(error) => Self::Store(error),
        }
    }
}

impl Error {
    pub(super) fn refused(what: impl Display) -> Self {
        Self::Refused(what.to_string())
    }

    /// Where what nobody guesses cannot be made.
    pub(super) fn no_random(error: impl Display) -> Self {
        Self::refused(format_args!("the system gives no random octets: {error}"))
    }

    /// Of a file or directory that is there and cannot be looked at.
    pub(super) fn closed(file: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                Self::file(file, format_args!("{error}; {NOT_ALLOWED}"))
            }
            _ => Self::file(file, error),
        }
    }

    pub(super) fn file(file: &Path, what: impl Display) -> Self {
        Self::File { file: file.to_owned(), what: what.to_string() }
    }
}
