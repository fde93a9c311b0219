//! Man pages and shell completions, made from the definitions of the commands.

use super::{Context, Failure};
use crate::config::reference::manual;
use clap::Command;
use std::{io::Write, path::PathBuf, process::ExitCode};

/// Prints completions for a shell
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct CompletionsArgs {
    /// Whose completions
    shell: clap_complete::Shell,
}

/// Writes the man pages into a directory
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct ManArgs {
    /// Made when it does not exist
    directory: PathBuf,
}

/// `onward completions SHELL`.
///
/// # Errors
/// When stdout cannot be written.
pub fn completions(
    args: CompletionsArgs,
    mut command: Command,
    context: &Context,
) -> Result<ExitCode, Failure> {
    // clap_complete panics when its writer fails; memory does not.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "onward", &mut script);
    context.out().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// `onward man DIRECTORY`.
///
/// # Errors
/// When the directory cannot be written.
pub fn man(args: ManArgs, command: Command, _: &Context) -> Result<ExitCode, Failure> {
    let directory = args.directory;
    let failed = |error| Failure::new(format_args!("{}: {error}", directory.display()));
    std::fs::create_dir_all(&directory).map_err(failed)?;
    clap_mangen::generate_to(command, &directory).map_err(failed)?;
    std::fs::write(directory.join("onward.toml.5"), manual()).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
