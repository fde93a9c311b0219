use crate::{
    admin::store_secrets::{self, Handled, Listed, ListedKey, Rekeyed},
    cli::{
        Context, Failure,
        context::{block_on, note, write_json},
    },
    config::Config,
};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Keeps SRS secrets and DKIM keys in the database, sealed by store.key_file, for all nodes
///
/// Where that file is set, nodes use them in the place of files, and `onward srs key` and `onward dkim key` look at them and
/// change them: in force at every node within seconds. docs/NODES.md says it step by step.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Takes what the files of this machine hold: srs.secret_file, and the DKIM keys of state_dir
    ///
    /// SRS secrets come behind those that are there, so that the one that signs stays the same. The files stay where they are, and are
    /// not used any more.
    Import {
        /// Put what the files hold in the place of all that is there, even of what cannot be opened
        #[arg(long)]
        replace: bool,
    },
    /// Writes all of it into these files, for a machine that is to go on with them
    Export,
    /// Lists SRS secrets and DKIM keys by names and fingerprints
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Seals all of it under the first key of another file
    ///
    /// Let all nodes have the new key in their key file before, on a line behind the old one: a node without it goes by what it had.
    Rekey {
        /// The file of the new key
        file: PathBuf,
    },
}

/// A line of a list.
#[derive(Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
enum Line<'a> {
    Srs(&'a crate::admin::srs_keys::SrsKey),
    Dkim(&'a ListedKey),
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    block_on(execute(&args.command, &config, &mut context.out()))?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(command: &Command, config: &Config, out: &mut impl Write) -> Result<(), Failure> {
    match command {
        Command::Import { replace } => {
            let handled = store_secrets::import(config, *replace).await?;
            write_handled(out, &handled, "taken", "in the store already")?;
            note(
                "nodes with store.key_file use these, and no files; `onward reload` has one that runs begin with it",
            )?;
        }
        Command::Export => {
            let handled = store_secrets::export(config).await?;
            write_handled(out, &handled, "written", "in its file already")?;
            note(
                "take store.key_file out of the configuration to have this machine go by its files",
            )?;
        }
        Command::List { json } => {
            write_list(out, &store_secrets::list(config).await?, *json)?;
        }
        Command::Rekey { file } => {
            let Rekeyed { before, now } = store_secrets::rekey(config, file).await?;
            writeln!(out, "sealed under the key {now}, and no more under {before}")?;
            note(format_args!(
                "let {} be store.key_file on all nodes; what was sealed before, in backups of the database, still needs the old key",
                file.display()
            ))?;
        }
    }
    Ok(())
}

fn write_handled(
    out: &mut impl Write,
    handled: &[Handled],
    done: &str,
    there: &str,
) -> io::Result<()> {
    for Handled { what, was_there } in handled {
        writeln!(out, "{what}: {}", if *was_there { there } else { done })?;
    }
    Ok(())
}

fn write_list(out: &mut impl Write, listed: &Listed, json: bool) -> io::Result<()> {
    if json {
        for key in &listed.srs {
            write_json(out, &Line::Srs(key))?;
        }
        for key in &listed.dkim {
            write_json(out, &Line::Dkim(key))?;
        }
        return Ok(());
    }
    writeln!(out, "sealed under the key {}", listed.sealed_by)?;
    for key in &listed.srs {
        let role = if key.signs { "signs" } else { "verifies" };
        writeln!(out, "srs   {}  {role}", key.fingerprint)?;
    }
    for ListedKey { domain, selector, state, kind, bits, fingerprint } in &listed.dkim {
        writeln!(out, "dkim  {fingerprint}  {domain}  {selector}  {state}  {kind} of {bits} bits")?;
    }
    Ok(())
}
