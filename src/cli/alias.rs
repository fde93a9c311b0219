//! `onward alias`: which addresses lead where.

mod apply;
mod import;
mod record;
mod show;

use super::{Context, Failure, domain};
use crate::{
    address::Mailbox,
    alias::{Alias, AliasAddress, AliasError},
    store::{ChangeError, StoreError, blocking::Directory},
};
use record::Record;
use std::{
    io::{BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

const DEFAULT_REJECT: &str = "This address does not accept mail";
const DEFAULT_DEFER: &str = "This address does not accept mail now, try again later";

/// Adds, removes, shows and lists aliases
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(AddArgs),
    /// Removes an alias
    Remove {
        /// As it was added
        address: String,
    },
    /// Switches an alias on again
    Enable {
        /// As it was added
        address: String,
    },
    /// Switches an alias off: its mail is refused, whatever catch-all there is
    Disable {
        /// As it was added
        address: String,
    },
    /// Prints the aliases; the regexes last, in the order in which they are tried
    List {
        /// Only those of this domain
        #[arg(long)]
        domain: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Prints an alias and where it finally leads
    Show {
        /// As it was added
        address: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    Import(import::ImportArgs),
    /// Prints all aliases as JSON lines, for `onward alias apply`
    Export,
    /// Makes the aliases equal to a file of JSON lines, as `onward alias export` writes it
    ///
    /// Prints what it changes: + added, - removed, ~ changed. All of it is done, or nothing.
    Apply {
        /// The file
        file: PathBuf,
        /// Only print what would change
        #[arg(long)]
        plan: bool,
    },
}

/// Adds an alias
///
/// ADDRESS is hello@example.org, or *@example.org for what no other alias of the domain answers, or a
/// regex between slashes, matched against the whole address in lower case. Asked are first the exact
/// address, then the address without its +tag, then the regexes in order, then the catch-all.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("action").required(true)))]
#[command(override_usage = "onward alias add [OPTIONS] ADDRESS DEST...\n       \
    onward alias add [OPTIONS] ADDRESS --reject [TEXT] | --defer [TEXT] | --discard")]
struct AddArgs {
    /// hello@example.org, *@example.org, or /^sales-(.+)@example\.org$/
    address: String,
    /// Where its mail goes; for a regex, $1 stands for what its first group matched
    #[arg(value_name = "DEST", group = "action")]
    destinations: Vec<String>,
    /// Refuse its mail for good (550), saying TEXT
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = DEFAULT_REJECT)]
    #[arg(group = "action")]
    reject: Option<String>,
    /// Refuse its mail for now (450), saying TEXT
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = DEFAULT_DEFER)]
    #[arg(group = "action")]
    defer: Option<String>,
    /// Accept its mail and throw it away
    #[arg(long, group = "action")]
    discard: bool,
}

impl AddArgs {
    fn alias(&self) -> Result<Alias, AliasError> {
        let address = AliasAddress::parse(&self.address)?;
        match (&self.reject, &self.defer, self.discard) {
            (Some(text), _, _) => Alias::reject(address, text),
            (_, Some(text), _) => Alias::defer(address, text),
            (_, _, true) => Ok(Alias::discard(address)),
            _ => Alias::forward(address, &self.destinations),
        }
    }
}

/// `onward alias`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut directory = Directory::open(&config.state_dir)?;
    let mut out = BufWriter::new(context.out());
    execute(args, &mut directory, config.postmaster.as_ref(), &mut out)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn execute(
    args: Args,
    directory: &mut Directory,
    postmaster: Option<&Mailbox>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match args.command {
        Command::Add(args) => {
            let alias = args.alias()?;
            directory.add(&alias)?;
            writeln!(out, "added {alias}")?;
        }
        Command::Remove { address } => {
            let alias = directory.remove(&AliasAddress::parse(&address)?)?;
            writeln!(out, "removed {alias}")?;
        }
        Command::Enable { address } => set_enabled(directory, &address, true, out)?,
        Command::Disable { address } => set_enabled(directory, &address, false, out)?,
        Command::List { domain, json } => list(directory, domain.as_deref(), json, out)?,
        Command::Import(args) => import::import(&args, directory, out)?,
        Command::Export => list(directory, None, true, out)?,
        Command::Show { address, json } => {
            show::show(directory, &AliasAddress::parse(&address)?, postmaster, json, out)?;
        }
        Command::Apply { file, plan } => apply::apply(directory, &file, plan, out)?,
    }
    Ok(())
}

fn set_enabled(
    directory: &mut Directory,
    address: &str,
    enabled: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let alias = directory.set_enabled(&AliasAddress::parse(address)?, enabled)?;
    let done = if enabled { "enabled" } else { "disabled" };
    writeln!(out, "{done} {}", alias.address())?;
    Ok(())
}

fn list(
    directory: &Directory,
    domain: Option<&str>,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let domain = domain.map(domain::parse).transpose()?;
    if let Some(domain) = &domain
        && !directory.domains()?.contains(domain)
    {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    directory.for_each(domain.as_ref(), |alias| -> Result<(), Failure> {
        if json {
            Record::from(&alias).write(out)?;
        } else {
            writeln!(out, "{alias}")?;
        }
        Ok(())
    })
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error)
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        Self::new(error)
    }
}

impl From<AliasError> for Failure {
    fn from(error: AliasError) -> Self {
        Self::new(error)
    }
}

#[cfg(test)]
mod tests;
