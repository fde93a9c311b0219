//! `onward domain`: the hosted domains.

use super::{
    Context, Failure,
    context::{Purpose, block_on, warn, with_store, write_json},
};
use crate::{
    address::Domain,
    admin::{Store, aliases, domains},
};
use std::{io::Write, process::ExitCode};

/// Adds, removes and lists hosted domains
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Takes mail for a domain from now on
    Add {
        /// The domain; an internationalised one becomes A-labels
        domain: String,
    },
    /// Takes no more mail for a domain
    Remove {
        /// The domain
        domain: String,
        /// Remove its aliases too, and take from accounts what they send as in it
        #[arg(long)]
        with_aliases: bool,
    },
    /// Prints the hosted domains
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// `onward domain`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = context.out();
    let purpose = Purpose::changes(!matches!(args.command, Command::List { .. }));
    let is_new = matches!(args.command, Command::Add { .. });
    block_on(with_store(&config.state_dir, purpose, async |store| {
        execute(args, store, &mut out).await?;
        if is_new {
            // Mail for the postmaster of the domain goes there.
            warn(&aliases::postmaster_nowhere(&config, store).await)?;
        }
        Ok(())
    }))?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(args: Args, store: &Store, out: &mut impl Write) -> Result<(), Failure> {
    match args.command {
        Command::Add { domain } => {
            let domain = parse(&domain)?;
            let is_new = domains::add(store, &domain).await?;
            let done = if is_new { "added" } else { "was there already:" };
            writeln!(out, "{done} {domain}")?;
        }
        Command::Remove { domain, with_aliases } => {
            let domain = parse(&domain)?;
            match domains::remove(store, &domain, with_aliases).await? {
                0 => writeln!(out, "removed {domain}")?,
                aliases => writeln!(out, "removed {domain} and {aliases} aliases")?,
            }
        }
        Command::List { json } => {
            for hosted in domains::list(store).await? {
                if json { write_json(out, &hosted)? } else { writeln!(out, "{}", hosted.domain)? }
            }
        }
    }
    Ok(())
}

pub(super) fn parse(text: &str) -> Result<Domain, Failure> {
    Domain::parse(text).map_err(|why| Failure::new(format_args!("{text:?}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn run(store: &Store, line: &str) -> Result<String, String> {
        let args = Line::parse_from(format!("domain {line}").split(' ')).args;
        let mut out = Vec::new();
        block_on(execute(args, store, &mut out)).map_err(|failure| format!("{failure:?}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn add_list_remove() {
        let state = tempfile::tempdir().unwrap();
        let store = &admin::open(state.path()).unwrap();
        assert_eq!(run(store, "list").unwrap(), "");
        assert_eq!(run(store, "add Example.ORG").unwrap(), "added Example.ORG\n");
        run(store, "add bücher.example").unwrap();
        let again = run(store, "add example.org").unwrap();
        assert_eq!(again, "was there already: example.org\n");
        assert_eq!(run(store, "list").unwrap(), "example.org\nxn--bcher-kva.example\n");
        assert_eq!(
            run(store, "list --json").unwrap(),
            "{\"domain\":\"example.org\"}\n{\"domain\":\"xn--bcher-kva.example\"}\n"
        );
        assert_eq!(run(store, "remove BÜCHER.example").unwrap(), "removed xn--bcher-kva.example\n");
        for (bad, says) in [
            ("remove bücher.example", "not hosted here"),
            ("add [192.0.2.1]", "address literal"),
            ("add x-", "not a valid domain name"),
        ] {
            assert!(run(store, bad).unwrap_err().contains(says), "{bad}");
        }
    }
}
