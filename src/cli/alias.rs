//! `onward alias`: which addresses lead where.

mod import;

use super::{
    Context, Failure,
    context::{Purpose, block_on, warn, with_store, write_json},
    domain,
};
use crate::{
    address::{Domain, Mailbox},
    admin::{
        Store,
        aliases::{self, Apply, DEFAULT_DEFER, DEFAULT_REJECT, Record, ShownAlias},
    },
    alias::{Alias, AliasAddress, AliasError, Amendment},
};
use std::{
    fmt::Display,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

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
    /// Changes what an alias says of itself
    Set {
        /// As it was added
        address: String,
        /// What comes for hello+tag@ goes to the mailboxes of hello@ with the tag, or without; default: as
        /// delivery.keep_tag says
        #[arg(long, value_name = "WHETHER", num_args = 0..=1, require_equals = true)]
        #[arg(default_missing_value = "true")]
        keep_tag: KeepTag,
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
    Import(import::Args),
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
        /// Remove whatever is not in the file, though it is more than half of the aliases, or all
        #[arg(long, conflicts_with = "plan")]
        delete: bool,
    },
}

impl Command {
    fn changes(&self) -> bool {
        match self {
            Self::List { .. } | Self::Show { .. } | Self::Export => false,
            Self::Apply { plan, .. } | Self::Import(import::Args { plan, .. }) => !plan,
            Self::Add(_)
            | Self::Remove { .. }
            | Self::Enable { .. }
            | Self::Disable { .. }
            | Self::Set { .. } => true,
        }
    }
}

/// Adds an alias
///
/// ADDRESS is hello@example.org, or *@example.org for what no other alias of the domain answers, or a
/// regex between slashes, matched against the whole address in lower case: it begins with ^ and ends in
/// one domain, written out, and $. Asked are first the exact address, then the address without its +tag,
/// then the regexes in order, then the catch-all.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("action").required(true)))]
#[command(override_usage = "onward alias add [OPTIONS] ADDRESS DEST...\n       \
    onward alias add [OPTIONS] ADDRESS --reject [TEXT] | --defer [TEXT] | --discard")]
struct AddArgs {
    /// hello@example.org, *@example.org, or /^sales-(.+)@example\.org$/
    address: String,
    /// Where its mail goes; for a regex, $1 before the @ stands for what its first group matched
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
    /// What comes for hello+tag@ goes to the mailboxes of hello@ with the tag, or without; default: as
    /// delivery.keep_tag says
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    keep_tag: Option<KeepTag>,
    /// Put it in the place of the alias that ADDRESS has already
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum KeepTag {
    True,
    False,
    Default,
}

impl KeepTag {
    fn word(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::Default => None,
        }
    }
}

impl AddArgs {
    fn alias(&self) -> Result<Alias, AliasError> {
        let address = AliasAddress::parse(&self.address)?;
        let alias = match (&self.reject, &self.defer, self.discard) {
            (Some(text), _, _) => Alias::reject(address, text),
            (_, Some(text), _) => Alias::defer(address, text),
            (_, _, true) => Alias::discard(address),
            _ => Alias::forward(address, &self.destinations),
        };
        alias?.with_keep_tag(self.keep_tag.and_then(KeepTag::word))
    }
}

/// `onward alias`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = BufWriter::new(context.out());
    let purpose = Purpose::changes(args.command.changes());
    block_on(with_store(&config.state_dir, purpose, async |store| {
        let new = execute(args, store, config.postmaster.as_ref(), &mut out).await?;
        // What is done is told before DNS is waited for.
        out.flush()?;
        warn(&aliases::nowhere(&config, store, &new).await)
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// Gives the aliases that are new, or as new.
async fn execute(
    args: Args,
    store: &Store,
    postmaster: Option<&Mailbox>,
    out: &mut impl Write,
) -> Result<Vec<Alias>, Failure> {
    match args.command {
        Command::Add(args) => {
            let alias = args.alias()?;
            let was = match args.replace {
                true => aliases::replace(store, &alias).await?,
                false => aliases::add(store, &alias).await.map(|()| None)?,
            };
            match was {
                None => writeln!(out, "added {alias}")?,
                Some(was) => writeln!(out, "replaced {alias} (was: {was})")?,
            }
            return Ok(vec![alias]);
        }
        Command::Remove { address } => {
            let alias = aliases::remove(store, &AliasAddress::parse(&address)?).await?;
            writeln!(out, "removed {alias}")?;
        }
        Command::Enable { address } => {
            return Ok(vec![set_enabled(store, &address, true, out).await?]);
        }
        Command::Disable { address } => {
            set_enabled(store, &address, false, out).await?;
        }
        Command::Set { address, keep_tag } => {
            let address = AliasAddress::parse(&address)?;
            let amendment = Amendment { keep_tag: Some(keep_tag.word()), ..Amendment::default() };
            let alias = aliases::amend(store, &address, &amendment).await?;
            writeln!(out, "changed {alias}")?;
            return Ok(vec![alias]);
        }
        Command::List { domain, json } => {
            let domain = domain.as_deref().map(domain::parse).transpose()?;
            list(store, domain.as_ref(), json, out).await?;
        }
        Command::Import(args) => return import::run(args, store, out).await,
        Command::Export => list(store, None, true, out).await?,
        Command::Show { address, json } => {
            let address = AliasAddress::parse(&address)?;
            let shown = aliases::show(store, &address, postmaster).await?;
            if json { write_json(out, &shown)? } else { write_shown(out, &shown)? }
        }
        Command::Apply { file, plan, delete } => {
            let told = |change: &dyn Display| writeln!(out, "{change}");
            let extent = match (plan, delete) {
                (true, _) => Apply::Plan,
                (false, true) => Apply::Whole,
                (false, false) => Apply::Careful,
            };
            return Ok(aliases::apply(store, &file, extent, told).await?);
        }
    }
    Ok(Vec::new())
}

async fn set_enabled(
    store: &Store,
    address: &str,
    enabled: bool,
    out: &mut impl Write,
) -> Result<Alias, Failure> {
    let address = AliasAddress::parse(address)?;
    let alias = aliases::set_enabled(store, &address, enabled).await?;
    let done = if enabled { "enabled" } else { "disabled" };
    writeln!(out, "{done} {}", alias.address())?;
    Ok(alias)
}

async fn list(
    store: &Store,
    domain: Option<&Domain>,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    aliases::list(store, domain, |alias| match json {
        true => write_json(out, &Record::from(alias)),
        false => writeln!(out, "{alias}"),
    })
    .await?;
    Ok(())
}

fn write_shown(out: &mut impl Write, shown: &ShownAlias) -> io::Result<()> {
    writeln!(out, "{}", shown.alias)?;
    if shown.is_discarded {
        writeln!(out, "  mail is accepted and thrown away")?;
    }
    if let Some(reply) = &shown.reply {
        writeln!(out, "  refused: {reply}")?;
    }
    let known = shown.leads_to.len().saturating_sub(shown.templates);
    for mailbox in shown.leads_to.iter().take(known) {
        writeln!(out, "  leads to {mailbox}")?;
    }
    for refused in &shown.refused {
        writeln!(out, "  not to {}: {}", refused.address, refused.reply)?;
    }
    for template in shown.leads_to.iter().skip(known) {
        writeln!(out, "  leads to {template}, as matched")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
