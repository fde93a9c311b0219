//! `onward srs`: what becomes of an address, and the secrets behind it.

use super::{
    Context, Failure,
    context::block_on,
    screen::Output,
    table::{Cell, Column, List},
};
use crate::{
    address::Domain,
    admin::{keystore::Keys, srs::Srs, srs_keys},
    srs::SHORT_SECRET,
    time::UnixTime,
};
use std::process::ExitCode;

/// Rewrites senders and turns rewritten ones back; keeps the secrets
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Forward(ForwardArgs),
    Reverse(ReverseArgs),
    /// Adds, lists and retires the secrets that sign and verify rewritten addresses
    #[command(subcommand)]
    Key(KeyCommand),
}

/// Prints the reverse-path with which a sender's mail is forwarded
///
/// A sender that needs no rewriting is printed as it is: one of the SRS domain or of an exempt domain,
/// and the null reverse-path <>.
#[derive(Debug, clap::Args)]
struct ForwardArgs {
    /// The sender
    address: String,
    /// As of this time, in seconds since 1970
    #[arg(long, value_name = "UNIX_TIME")]
    at: Option<u64>,
    /// The domain of the alias, which takes the place of srs.domain with srs.per_domain
    #[arg(long)]
    domain: Option<Domain>,
}

/// Prints where a bounce to a rewritten address goes
///
/// Fails if the address is not one of ours, or no longer valid.
#[derive(Debug, clap::Args)]
struct ReverseArgs {
    /// The recipient of the bounce
    address: String,
    /// As of this time, in seconds since 1970
    #[arg(long, value_name = "UNIX_TIME")]
    at: Option<u64>,
}

#[derive(Debug, clap::Subcommand)]
enum KeyCommand {
    /// Adds a new random secret, which signs from now on
    ///
    /// Those there were go on verifying, so that addresses already out come back.
    Add {
        /// Verify with the new secret, and go on signing with the old one
        ///
        /// The first step where several servers share their secrets.
        #[arg(long)]
        verify_only: bool,
    },
    /// Lists the secrets by their fingerprints
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Removes a secret: addresses signed with it no longer come back
    Retire {
        /// As listed
        fingerprint: String,
    },
}

/// `onward srs`.
///
/// # Errors
/// When the address is refused, or a file cannot be read or written.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    block_on(execute(args, &Srs::of(&config), &mut context.out()))
}

async fn execute(args: Args, srs: &Srs<'_>, out: &mut impl Output) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Forward(ForwardArgs { address, at, domain }) => {
            let there = srs.forward(&address, domain.as_ref(), at.map(UnixTime::new)).await?;
            writeln!(out, "{there}")?;
        }
        Command::Reverse(ReverseArgs { address, at }) => {
            writeln!(out, "{}", srs.reverse(&address, at.map(UnixTime::new)).await?)?;
        }
        Command::Key(command) => key(command, &srs.keys, out).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn key<W: Output>(command: KeyCommand, keys: &Keys, out: &mut W) -> Result<(), Failure> {
    match command {
        KeyCommand::Add { verify_only } => {
            let added = srs_keys::add(keys, verify_only).await?;
            writeln!(out, "added {}, which {}", added.fingerprint, role(added.signs))?;
        }
        KeyCommand::List { json } => {
            let columns = [Column::Key("FINGERPRINT"), Column::Key("IT"), Column::Text("WRONG")];
            let mut list = List::new(out, json, columns);
            for key in srs_keys::list(keys).await? {
                let (fingerprint, role) = (key.fingerprint.as_str(), role(key.signs));
                let wrong = match key.short {
                    true => format!("shorter than {SHORT_SECRET} octets: might be guessed"),
                    false => String::new(),
                };
                let line = |out: &mut W| match wrong.as_str() {
                    "" => writeln!(out, "{fingerprint}  {role}"),
                    wrong => writeln!(out, "{fingerprint}  {role}  ({wrong})"),
                };
                let row = || [fingerprint.into(), role.into(), Cell::wrong(wrong.as_str())];
                list.add(|| &key, line, row)?;
            }
            list.end()?;
        }
        KeyCommand::Retire { fingerprint } => {
            let retired = srs_keys::retire(keys, &fingerprint).await?;
            writeln!(out, "retired {}; {} signs", retired.fingerprint, retired.signing)?;
        }
    }
    Ok(())
}

fn role(signs: bool) -> &'static str {
    if signs { "signs" } else { "verifies" }
}

#[cfg(test)]
mod tests;
