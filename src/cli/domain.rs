//! `onward domain`: the hosted domains.

use super::{Context, Failure};
use crate::{address::Domain, store::blocking::Directory};
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
        /// Remove its aliases too
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
    let mut directory = Directory::open(&context.config()?.state_dir)?;
    execute(args, &mut directory, &mut context.out())?;
    Ok(ExitCode::SUCCESS)
}

fn execute(args: Args, directory: &mut Directory, out: &mut impl Write) -> Result<(), Failure> {
    match args.command {
        Command::Add { domain } => {
            let domain = parse(&domain)?;
            let done = if directory.add_domain(&domain)? { "added" } else { "was there already:" };
            writeln!(out, "{done} {domain}")?;
        }
        Command::Remove { domain, with_aliases } => {
            let domain = parse(&domain)?;
            match directory.remove_domain(&domain, with_aliases)? {
                0 => writeln!(out, "removed {domain}")?,
                aliases => writeln!(out, "removed {domain} and {aliases} aliases")?,
            }
        }
        Command::List { json } => {
            for domain in directory.domains()? {
                if json {
                    writeln!(out, "{}", serde_json::json!({ "domain": domain.as_str() }))?;
                } else {
                    writeln!(out, "{domain}")?;
                }
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
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn run(directory: &mut Directory, line: &str) -> Result<String, String> {
        let args = Line::parse_from(format!("domain {line}").split(' ')).args;
        let mut out = Vec::new();
        execute(args, directory, &mut out).map_err(|failure| format!("{failure:?}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn add_list_remove() {
        let state = tempfile::tempdir().unwrap();
        let directory = &mut Directory::open(state.path()).unwrap();
        assert_eq!(run(directory, "list").unwrap(), "");
        assert_eq!(run(directory, "add Example.ORG").unwrap(), "added Example.ORG\n");
        run(directory, "add bücher.example").unwrap();
        let again = run(directory, "add example.org").unwrap();
        assert_eq!(again, "was there already: example.org\n");
        assert_eq!(run(directory, "list").unwrap(), "example.org\nxn--bcher-kva.example\n");
        assert_eq!(
            run(directory, "list --json").unwrap(),
            "{\"domain\":\"example.org\"}\n{\"domain\":\"xn--bcher-kva.example\"}\n"
        );
        assert_eq!(
            run(directory, "remove BÜCHER.example").unwrap(),
            "removed xn--bcher-kva.example\n"
        );
        for (bad, says) in [
            ("remove bücher.example", "not hosted here"),
            ("add [192.0.2.1]", "address literal"),
            ("add x-", "not a valid domain name"),
        ] {
            assert!(run(directory, bad).unwrap_err().contains(says), "{bad}");
        }
    }
}
