//! `onward srs`: what becomes of an address, and the secrets behind it.

mod key;
pub(super) mod secret_file;

use super::{Context, Failure};
use crate::{
    address::{Domain, Mailbox},
    clock,
    srs::{Forwarded, Reversed, Rewriter, Settings, Token},
    store::blocking::Directory,
    time::UnixTime,
};
use std::{io::Write, path::Path, process::ExitCode};

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
    Key(key::Command),
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

/// `onward srs`.
///
/// # Errors
/// When the address is refused, or a file cannot be read or written.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let long_senders =
        LongSenders { state_dir: &config.state_dir, max: config.limits.srs_entries as u64 };
    let srs = &config.srs;
    execute(args, &srs.settings, &srs.secret_file, &long_senders, &mut context.out())
}

/// Where senders are kept whose rewritten address would be too long: the store, opened when it is
/// needed, as most addresses need none.
struct LongSenders<'a> {
    state_dir: &'a Path,
    max: u64,
}

impl LongSenders<'_> {
    fn put(&self, token: &Token, sender: &Mailbox, expires: UnixTime) -> Result<(), Failure> {
        Directory::open(self.state_dir)?
            .srs_put(token.as_str(), sender, expires, clock::now(), self.max)
            .map_err(|error| Failure::new(format_args!("cannot keep {sender}: {error}")))
    }

    fn get(&self, token: &Token, now: UnixTime) -> Result<Option<Mailbox>, Failure> {
        Ok(Directory::open(self.state_dir)?.srs_get(token.as_str(), now)?)
    }
}

fn execute(
    args: Args,
    settings: &Settings,
    secret_file: &Path,
    long_senders: &LongSenders<'_>,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Forward(args) => {
            let rewriter = rewriter(settings, secret_file)?;
            writeln!(out, "{}", forward(&args, &rewriter, long_senders)?)?;
        }
        Command::Reverse(args) => {
            let rewriter = rewriter(settings, secret_file)?;
            writeln!(out, "{}", reverse(&args, &rewriter, long_senders)?)?;
        }
        Command::Key(command) => key::run(command, secret_file, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn rewriter(settings: &Settings, secret_file: &Path) -> Result<Rewriter, Failure> {
    Rewriter::new(settings.clone(), secret_file::keyring(secret_file)?).map_err(Failure::new)
}

fn forward(
    args: &ForwardArgs,
    rewriter: &Rewriter,
    long_senders: &LongSenders<'_>,
) -> Result<String, Failure> {
    if args.address == "<>" {
        return Ok(args.address.clone());
    }
    let sender = mailbox(&args.address)?;
    let now = args.at.map_or_else(clock::now, UnixTime::new);
    let srs_domain = srs_domain(args.domain.as_ref(), rewriter)?;
    match rewriter.forward(&sender, srs_domain, now) {
        Forwarded::Unchanged => Ok(args.address.clone()),
        Forwarded::Rewritten(rewritten) => Ok(rewritten.to_string()),
        Forwarded::TooLong => {
            let token = rewriter.token_for(&sender);
            let rewritten =
                rewriter.forward_token(&token, srs_domain, now).map_err(Failure::new)?;
            long_senders.put(&token, &sender, rewriter.end_of_life(now))?;
            Ok(rewritten.to_string())
        }
    }
}

fn srs_domain<'a>(
    alias_domain: Option<&'a Domain>,
    rewriter: &'a Rewriter,
) -> Result<&'a Domain, Failure> {
    match alias_domain {
        None => Ok(&rewriter.settings().domain),
        Some(domain) if rewriter.settings().per_domain => Ok(domain),
        Some(_) => Err(Failure::new("--domain has a meaning only with srs.per_domain = true")),
    }
}

fn reverse(
    args: &ReverseArgs,
    rewriter: &Rewriter,
    long_senders: &LongSenders<'_>,
) -> Result<String, Failure> {
    let recipient = mailbox(&args.address)?;
    let now = args.at.map_or_else(clock::now, UnixTime::new);
    let Settings { domain, per_domain, .. } = rewriter.settings();
    if !per_domain && recipient.domain() != domain {
        return Err(Failure::new(format_args!("{recipient}: not at the SRS domain, {domain}")));
    }
    match rewriter.reverse(&recipient, now) {
        Ok(Reversed::Mailbox(sender)) => Ok(sender.to_string()),
        Ok(Reversed::Token(token)) => match long_senders.get(&token, now)? {
            Some(sender) => Ok(sender.to_string()),
            None => Err(Failure::new(format_args!("{recipient}: its sender is no longer kept"))),
        },
        Err(error) => Err(Failure::new(format_args!("{recipient}: {error}"))),
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Failure> {
    // Debug form: what is no address may hold anything, and the reason is one line.
    Mailbox::parse(text).map_err(|error| Failure::new(format_args!("{text:?}: {error}")))
}

#[cfg(test)]
mod tests;
