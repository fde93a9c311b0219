//! `onward alias`: which addresses lead where.

use super::{
    Context, Failure,
    context::{block_on, with_store, write_json},
    domain,
};
use crate::{
    address::{Domain, Mailbox},
    admin::{
        Store,
        aliases::{self, DEFAULT_DEFER, DEFAULT_REJECT, Foreign, Record, ShownAlias, Wanted},
    },
    alias::{
        Alias, AliasAddress, AliasError,
        import::{self, Problem, Surroundings},
    },
};
use std::{
    fmt::Display,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
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
    Import(ImportArgs),
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

/// Adds the aliases of another mail system's file
///
/// Prints what it adds, and what cannot be translated, with the line and the reason; where there is
/// such a line nothing is changed, unless --skip leaves it out. All of it is done, or nothing.
#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// Whose file it is
    #[arg(long, value_name = "FORMAT")]
    from: Format,
    /// The source of the table, not its .db
    file: PathBuf,
    /// The domain of names without one
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    domain: Option<Domain>,
    /// Where mail for mailboxes of the old machine goes: to each one's name at this domain
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    mailboxes: Option<Domain>,
    /// Host the domains that are not hosted yet
    #[arg(long)]
    add_domains: bool,
    /// Take the file's where an address has another alias already
    #[arg(long)]
    replace: bool,
    /// Leave out what cannot be translated
    #[arg(long)]
    skip: bool,
    /// Only print what would change
    #[arg(long)]
    plan: bool,
    /// Print what changes as JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// virtual(5), the source of virtual_alias_maps
    PostfixVirtual,
    /// regexp_table(5)
    PostfixRegexp,
    /// pcre_table(5)
    PostfixPcre,
    /// aliases(5), as /etc/aliases
    Aliases,
    /// An alias file of Exim's redirect router
    Exim,
    /// CSV whose first line names the columns
    Csv,
    /// JSON lines, as onward alias export writes them
    Onward,
}

/// `onward alias`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = BufWriter::new(context.out());
    block_on(with_store(&config.state_dir, async |store| {
        let new = execute(args, store, config.postmaster.as_ref(), &mut out).await?;
        // What is done is told before DNS is waited for.
        out.flush()?;
        for nowhere in aliases::nowhere(&config, store, &new).await {
            writeln!(io::stderr().lock(), "onward: warning: {nowhere}")?;
        }
        Ok(())
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
            aliases::add(store, &alias).await?;
            writeln!(out, "added {alias}")?;
            return Ok(vec![alias]);
        }
        Command::Remove { address } => {
            let alias = aliases::remove(store, &AliasAddress::parse(&address)?).await?;
            writeln!(out, "removed {alias}")?;
        }
        Command::Enable { address } => set_enabled(store, &address, true, out).await?,
        Command::Disable { address } => set_enabled(store, &address, false, out).await?,
        Command::Set { address, keep_tag } => {
            let address = AliasAddress::parse(&address)?;
            let alias = aliases::set_keep_tag(store, &address, keep_tag.word()).await?;
            writeln!(out, "changed {alias}")?;
            return Ok(vec![alias]);
        }
        Command::List { domain, json } => {
            let domain = domain.as_deref().map(domain::parse).transpose()?;
            list(store, domain.as_ref(), json, out).await?;
        }
        Command::Import(args) => return import(args, store, out).await,
        Command::Export => list(store, None, true, out).await?,
        Command::Show { address, json } => {
            let address = AliasAddress::parse(&address)?;
            let shown = aliases::show(store, &address, postmaster).await?;
            if json { write_json(out, &shown)? } else { write_shown(out, &shown)? }
        }
        Command::Apply { file, plan } => {
            let told = |change: &dyn Display| writeln!(out, "{change}");
            return Ok(aliases::apply(store, &file, plan, told).await?);
        }
    }
    Ok(Vec::new())
}

async fn set_enabled(
    store: &Store,
    address: &str,
    enabled: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let address = AliasAddress::parse(address)?;
    let alias = aliases::set_enabled(store, &address, enabled).await?;
    let done = if enabled { "enabled" } else { "disabled" };
    writeln!(out, "{done} {}", alias.address())?;
    Ok(())
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

async fn import(
    args: ImportArgs,
    store: &Store,
    out: &mut impl Write,
) -> Result<Vec<Alias>, Failure> {
    let surroundings = Surroundings { domain: args.domain, mailboxes: args.mailboxes };
    let foreign = Foreign { format: args.from.foreign(), surroundings };
    let wanted = Wanted { add_domains: args.add_domains, replace: args.replace };
    let plan = aliases::plan_import(store, &args.file, &foreign, wanted).await?;
    for change in &plan.changes {
        if args.json { write_json(out, change)? } else { writeln!(out, "{change}")? }
    }
    tell(&args.file, &plan.notes)?;
    tell(&args.file, &plan.problems)?;
    if plan.unchanged > 0 && !args.json {
        writeln!(out, "{} stand here already as they are", plan.unchanged)?;
    }
    let new = plan.changes.iter().filter_map(|change| match change {
        aliases::Change::Add { alias } | aliases::Change::Replace { alias, .. } => Some(alias),
        aliases::Change::Host { .. } => None,
    });
    let new: Vec<Alias> = new.cloned().collect();
    if args.plan {
        return Ok(new);
    }
    let count = plan.problems.len();
    if count > 0 && !args.skip {
        out.flush()?;
        return Err(Failure::new(format_args!(
            "nothing is changed: {count} lines cannot be taken over (above); --skip leaves them out"
        )));
    }
    plan.carry_out(store).await?;
    Ok(new)
}

impl Format {
    /// `None` for our own.
    fn foreign(self) -> Option<import::Format> {
        match self {
            Self::PostfixVirtual => Some(import::Format::PostfixVirtual),
            Self::PostfixRegexp => Some(import::Format::PostfixRegexp),
            Self::PostfixPcre => Some(import::Format::PostfixPcre),
            Self::Aliases => Some(import::Format::Aliases),
            Self::Exim => Some(import::Format::Exim),
            Self::Csv => Some(import::Format::Csv),
            Self::Onward => None,
        }
    }
}

fn tell(file: &Path, problems: &[Problem]) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for Problem { line, what } in problems {
        writeln!(err, "{}:{line}: {what}", file.display())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
