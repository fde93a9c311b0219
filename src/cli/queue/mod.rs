//! `onward queue`: messages that wait in the spool.

mod filter;
mod json;
mod show;
mod table;
mod view;

use super::{Context, Failure};
use crate::store::{QueueChange, QueueChanged, QueueFilter, blocking::Queue};
use filter::{Chosen, Which};
use std::{
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

/// Lists messages that wait, tries them again, or gives them up
///
/// Works on a running daemon, which follows within a second, and on a stopped one.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists messages that wait, the oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Shows one message, where it goes and how that went
    Show {
        /// The id, as in the 250 reply and in listings
        id: String,
        /// The message itself, as it will leave
        #[arg(long)]
        message: bool,
        /// One JSON object
        #[arg(long, conflicts_with = "message")]
        json: bool,
    },
    /// Tries messages at once, whenever their next attempt would be
    Retry(Chosen),
    /// Gives messages up, and tells nobody but the journal
    ///
    /// A message that is being sent at this moment is left alone.
    Drop(Chosen),
}

/// `onward queue`.
///
/// # Errors
/// When the store fails, or something is not there that was asked for.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let state_dir = context.config()?.state_dir;
    let mut out = BufWriter::new(context.out());
    match args.command {
        Command::List { which, json } => list(&state_dir, &which.filter(), json, &mut out)?,
        Command::Show { id, message, json } => {
            let found = Queue::open(&state_dir)?.map(|queue| queue.get(&id)).transpose()?;
            let (found, bytes) = found.flatten().ok_or_else(|| Failure::new(absent(&[id])))?;
            match (message, json) {
                (true, _) => out.write_all(&bytes)?,
                (false, true) => json::write(&found, &mut out)?,
                (false, false) => show::write(&found, &mut out)?,
            }
        }
        Command::Retry(chosen) => {
            let filter = chosen.filter()?;
            let (changed, absent) = change(&state_dir, &filter, QueueChange::Retry)?;
            if !changed.is_served {
                // To stderr, as it is no result; nothing hangs on it.
                let _ = writeln!(io::stderr(), "onward: no daemon runs; the next start tries them");
            }
            report("to be tried at once", &changed, absent, &mut out)?;
        }
        Command::Drop(chosen) => {
            let filter = chosen.filter()?;
            let (changed, absent) = change(&state_dir, &filter, QueueChange::Drop)?;
            report("dropped", &changed, absent, &mut out)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn list(
    state_dir: &Path,
    filter: &QueueFilter,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut found = false;
    let mut gone = filter.ids.clone();
    let mut unreadable = Vec::new();
    if let Some(queue) = Queue::open(state_dir)? {
        unreadable = queue.for_each(filter, |message| -> Result<(), Failure> {
            if json {
                json::write(&message, out)?;
            } else {
                if !found {
                    table::head(out)?;
                }
                table::line(&message, out)?;
            }
            found = true;
            Ok(())
        })?;
        gone = queue.absent(&filter.ids)?;
    }
    out.flush()?;
    for one in &unreadable {
        // To stderr, as scripts read what is listed.
        let _ = writeln!(io::stderr(), "onward: {one}");
    }
    if !gone.is_empty() {
        return Err(Failure::new(absent(&gone)));
    }
    if !found && !json && unreadable.is_empty() {
        // As above.
        let _ = writeln!(io::stderr(), "onward: no message that waits matches");
    }
    Ok(())
}

/// Changes what `filter` wants; gives the ids that are not there, too.
fn change(
    state_dir: &Path,
    filter: &QueueFilter,
    change: QueueChange,
) -> Result<(QueueChanged, Vec<String>), Failure> {
    let Some(mut queue) = Queue::open(state_dir)? else {
        return Ok((QueueChanged::default(), filter.ids.clone()));
    };
    let absent = queue.absent(&filter.ids)?;
    Ok((queue.change(filter, change)?, absent))
}

/// Says what was done, and fails for what was not.
fn report(
    done: &str,
    changed: &QueueChanged,
    gone: Vec<String>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match changed.ids.len() {
        0 => {}
        1 => writeln!(out, "{done}: 1 message")?,
        count => writeln!(out, "{done}: {count} messages")?,
    }
    out.flush()?;
    let mut failures = Vec::new();
    if !changed.sending.is_empty() {
        let ids = changed.sending.join(" ");
        failures.push(format!("being sent at this moment, try again: {ids}"));
    }
    if !gone.is_empty() {
        failures.push(absent(&gone));
    }
    if changed.ids.is_empty() && failures.is_empty() {
        failures.push("no message that waits matches".to_owned());
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("; "))) }
}

fn absent(ids: &[String]) -> String {
    match ids {
        [id] => format!("no message {id} waits; what became of it: onward trace --id {id}"),
        ids => {
            let ids = ids.join(" ");
            format!("no messages with these ids wait: {ids}; for each see onward trace --id ID")
        }
    }
}
