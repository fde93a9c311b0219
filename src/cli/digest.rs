//! `onward digest`: what owners are told of their aliases, now.

use super::{
    Context, Failure,
    context::{block_on, write_json},
};
use crate::{
    address::Domain,
    admin::digests::{PlannedLetter, plan, send},
    log::printable,
};
use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

/// Shows or sends what owners are told of their aliases
///
/// Who is told, and how often: onward alias set ADDRESS --digest daily, onward domain set DOMAIN --digest weekly. The
/// daemon sends it by itself, at the time of digest.at; docs/EVENTS.md says what is in it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Args {
    /// Only of the aliases of this domain
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// Prints what would be sent, and sends nothing
    #[arg(long, group = "what")]
    plan: bool,
    /// Sends what came since the last digest; the next one begins where it ends
    #[arg(long, group = "what")]
    now: bool,
    /// One JSON object a letter
    #[arg(long, requires = "plan")]
    json: bool,
}

/// `onward digest`.
///
/// # Errors
/// When the domain is none, the daemon could not start either, or nothing can be read or spooled.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let Args { domain, plan: plans, json, .. } = args;
    let domain = domain.map(|name| {
        Domain::parse(&name).map_err(|error| Failure::Usage(format!("--domain {name:?}: {error}")))
    });
    let domain = domain.transpose()?;
    let mut out = BufWriter::new(context.out());
    if plans {
        let letters = block_on(async { Ok(plan(config, domain.as_ref()).await?) })?;
        if letters.is_empty() && !json {
            // To stderr, as it is no result; nothing hangs on it.
            let _ = writeln!(io::stderr(), "onward: there is nothing to tell");
        }
        for letter in &letters {
            match json {
                true => write_json(&mut out, letter)?,
                false => write_letter(&mut out, letter)?,
            }
        }
    } else {
        let sent = block_on(async { Ok(send(config, domain.as_ref()).await?) })?;
        match sent {
            0 => writeln!(out, "nothing to tell, nothing sent")?,
            1 => writeln!(out, "1 digest on its way")?,
            count => writeln!(out, "{count} digests on their way")?,
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn write_letter(out: &mut impl Write, letter: &PlannedLetter) -> io::Result<()> {
    let PlannedLetter { domain, every, to, mailboxes, text, .. } = letter;
    writeln!(out, "{every} digest of {domain}, to {to} ({}):\n", mailboxes.join(", "))?;
    for line in text.lines() {
        writeln!(out, "  {}", printable(line))?;
    }
    writeln!(out)
}
