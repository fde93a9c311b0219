//! Man pages and shell completions, made from the definitions of the commands.

use super::{Context, Failure};
use crate::config::reference::manual;
use clap::Command;
use std::{ffi::OsStr, fs, io::Write, path::PathBuf, process::ExitCode};

/// What bash is told beside the commands and options: it asks this program for the words that its database knows.
const KNOWN_TO_BASH: &[u8] = include_bytes!("complete/known.bash");

/// Prints completions for a shell
///
/// Those for bash know aliases, domains, accounts and ids, too.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Whose completions
    shell: clap_complete::Shell,
}

/// Writes the man pages into a directory
#[derive(Debug, clap::Args)]
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
    if args.shell == clap_complete::Shell::Bash {
        script.extend_from_slice(KNOWN_TO_BASH);
    }
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
    fs::create_dir_all(&directory).map_err(failed)?;
    clap_mangen::generate_to(command, &directory).map_err(failed)?;
    for entry in fs::read_dir(&directory).map_err(failed)? {
        let page = entry.map_err(failed)?.path();
        let name =
            page.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_suffix(".1"));
        if let Some(name) = name.filter(|name| name.starts_with("onward")) {
            let text = fs::read_to_string(&page).map_err(failed)?;
            fs::write(&page, titled(name, 1, &text)).map_err(failed)?;
        }
    }
    let text = titled("onward.toml", 5, &manual());
    fs::write(directory.join("onward.toml.5"), text).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// The page with a title of its full name. The date is left empty, which the maker of pages leaves out, so that what
/// comes behind it would be taken for a date.
fn titled(name: &str, section: u8, page: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH {name} {section} \"\" \"onward {version}\" \"Onward\"");
    let lines = page.lines().map(|line| if line.starts_with(".TH ") { &title } else { line });
    lines.flat_map(|line| [line, "\n"]).collect()
}
