//! `onward backup`: a copy of everything that is kept.

use super::{Context, Failure, progress::Bar};
use crate::admin::{Place, backup::backup};
use std::{io::Write, path::PathBuf, process::ExitCode};

/// Copies the database into a new file, while the daemon runs or not
///
/// The file holds domains, aliases, long SRS addresses, what is remembered and the spool, all as of one
/// moment. The configuration and the SRS secrets are files of their own; copy them, too. To restore:
/// stop the daemon, move onward.db in the state directory away with its -wal and -shm, copy FILE to its
/// place, and start the daemon. docs/OPERATIONS.md says it step by step.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write; it must not exist yet
    file: PathBuf,
}

/// `onward backup`.
///
/// # Errors
/// When the file exists or cannot be written, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let place = Place::of(&context.config()?);
    let bar = Bar::of("copying the database", false);
    backup(&place, &args.file)?;
    bar.clear();
    writeln!(context.out(), "written {}", args.file.display())?;
    Ok(ExitCode::SUCCESS)
}
