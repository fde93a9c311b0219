//! `onward reload`: the running daemon reads its configuration again.

use super::{Context, Failure};
use crate::admin::reload::reload;
use std::{io::Write, process::ExitCode};

/// Has the running daemon read its configuration again
///
/// No session is lost. A configuration that is refused leaves the one before in force, and exits 1.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// `onward reload`.
///
/// # Errors
/// When the configuration is wrong, no daemon runs, or it goes on as before.
pub fn run(_: Args, context: &Context) -> Result<ExitCode, Failure> {
    reload(&context.config()?)?;
    writeln!(context.out(), "reloaded")?;
    Ok(ExitCode::SUCCESS)
}
