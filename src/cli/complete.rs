//! Man pages and shell completions, made from the definitions of the commands.

use super::{Context, Failure};
use crate::config::reference::manual;
use clap::Command;
use clap_complete::Shell;
use std::{ffi::OsStr, fs, io::Write, path::PathBuf, process::ExitCode};

pub mod known;

/// What shells are told beside the commands and options: they ask this program for the words that its database knows.
const BASH: &str = include_str!("complete/known.bash");
const FISH: &str = include_str!("complete/known.fish");
const ZSH: &str = include_str!("complete/known.zsh");
/// The function that zsh completes by, and what it is called where ours comes before it.
const ZSH_OWN: &str = "_onward() {\n";
const ZSH_OTHER: &str = "_onward_commands_and_options() {\n";

/// Prints completions for a shell
///
/// Those for bash, zsh and fish know aliases, domains, accounts and ids, too.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Whose completions
    shell: Shell,
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
    command: Command,
    context: &Context,
) -> Result<ExitCode, Failure> {
    // Without what people do not type: completions have hidden commands too.
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set()).cloned();
    let mut command = Command::new("onward")
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .args(command.get_arguments().cloned())
        .subcommands(shown.collect::<Vec<_>>());
    // clap_complete panics when its writer fails; memory does not.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "onward", &mut script);
    let mut script = String::from_utf8(script).map_err(Failure::new)?;
    match args.shell {
        Shell::Bash => script.push_str(BASH),
        Shell::Fish => script.push_str(FISH),
        Shell::Zsh => {
            script = script.replacen(ZSH_OWN, &format!("{ZSH}{ZSH_OTHER}"), 1);
        }
        _ => {}
    }
    context.out().write_all(script.as_bytes())?;
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
    // An empty line between two ends of lines is a space, and is to be said as one.
    let page = page.replace(".br\n\n.br\n", ".sp\n");
    let lines = page.lines().map(|line| if line.starts_with(".TH ") { &title } else { line });
    lines.flat_map(|line| [line, "\n"]).collect()
}
