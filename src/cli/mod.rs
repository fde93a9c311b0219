//! The command line: one file a command.

pub mod alias;
pub mod domain;
pub mod srs;

use crate::{address::Mailbox, srs::Settings};
use std::{
    fmt::{self, Display},
    io,
    path::{Path, PathBuf},
};

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    config: Config,
}

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything is kept.
    pub state_dir: PathBuf,
    /// Who gets the mail of role addresses.
    pub postmaster: Option<Mailbox>,
    /// `[srs]`
    pub srs: SrsConfig,
}

/// `[srs]`
#[derive(Debug, Clone)]
pub struct SrsConfig {
    /// How senders are rewritten.
    pub settings: Settings,
    /// The secrets, one a line.
    pub secret_file: PathBuf,
}

/// Why a command did not do what it was asked to: one line for stderr.
#[derive(Debug)]
pub struct Failure(String);

impl Context {
    /// The checked configuration.
    ///
    /// # Errors
    /// When there is none.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(self.config.clone())
    }

    /// Where results go.
    pub fn out(&self) -> io::StdoutLock<'static> {
        io::stdout().lock()
    }
}

impl Failure {
    /// A failure that one line explains.
    pub fn new(message: impl Display) -> Self {
        Self(message.to_string())
    }

    /// A failure with the file it is about.
    pub fn file(path: &Path, error: impl Display) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(format_args!("cannot write the result: {error}"))
    }
}
