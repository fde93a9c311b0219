//! `onward alias`: which addresses lead where.

mod import;
mod list;
mod many;
mod shown;
mod words;

use super::{
    Context, Failure,
    argument::address,
    context::{Purpose, block_on, warn, with_store, write_json},
    progress::Bar,
    screen::Output,
};
use crate::{
    address::Mailbox,
    admin::{
        Store, accounts,
        aliases::{self, Apply, DEFAULT_DEFER, DEFAULT_REJECT, Leads, Record},
        keystore::Keys,
    },
    alias::{Alias, AliasAddress, AliasError, AliasSource, Amendment, SenderPattern},
    log::printable,
};
use std::{
    fmt::Display,
    io::{BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};
use words::Words;

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
        #[arg(allow_hyphen_values = true, value_parser = address)]
        address: String,
    },
    /// Switches an alias on again
    Enable {
        /// As it was added
        #[arg(allow_hyphen_values = true, value_parser = address)]
        address: String,
    },
    /// Switches an alias off: its mail is refused, whatever catch-all there is
    Disable {
        /// As it was added
        #[arg(allow_hyphen_values = true, value_parser = address)]
        address: String,
    },
    Set(SetArgs),
    ReplaceDestination(many::ReplaceArgs),
    List(list::Args),
    /// Prints an alias and where it finally leads
    Show {
        /// As it was added
        #[arg(allow_hyphen_values = true, value_parser = address)]
        address: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    Import(import::Args),
    /// Prints all aliases as JSON lines, for `onward alias apply`
    Export,
    /// Makes the aliases equal to a file as `onward alias export` writes it
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
            Self::List(_) | Self::Show { .. } | Self::Export => false,
            Self::Apply { plan, .. } => !plan,
            Self::Import(args) => !args.options.plan,
            Self::ReplaceDestination(args) => !args.plan,
            Self::Set(args) => !args.many.plan,
            Self::Add(_) | Self::Remove { .. } | Self::Enable { .. } | Self::Disable { .. } => true,
        }
    }

    /// True where addresses may be answered again, by whomever.
    const fn brings_back(&self) -> bool {
        matches!(self, Self::Import(_) | Self::Apply { .. } | Self::Enable { .. } | Self::Set(_))
    }

    /// The address that another may have afterwards, or nobody.
    fn changes_hands(&self) -> Option<&str> {
        match self {
            Self::Remove { address } | Self::Disable { address } => Some(address),
            Self::Add(args) => Some(&args.address),
            _ => None,
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
    onward alias add [OPTIONS] ADDRESS --reject [TEXT]\n       \
    onward alias add [OPTIONS] ADDRESS --defer [TEXT]\n       \
    onward alias add [OPTIONS] ADDRESS --discard")]
struct AddArgs {
    /// hello@example.org, *@example.org, or /^sales-(.+)@example\.org$/
    #[arg(allow_hyphen_values = true, value_parser = address)]
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
    #[command(flatten)]
    words: Words,
    /// Put it in the place of the alias that ADDRESS has already
    #[arg(long)]
    replace: bool,
}

/// Changes what an alias says of itself
///
/// What is not named stays as it is. The rules of the alias that a sender wrote to count: an alias that it leads
/// to has rules for mail that comes to itself.
#[derive(Debug, clap::Args)]
#[command(override_usage = "onward alias set [OPTIONS] ADDRESS\n       \
    onward alias set [OPTIONS] --where WHICH")]
#[command(group(
    clap::ArgGroup::new("word").required(true).multiple(true)
        .args(words::FLAGS).args(["no_allow", "no_block", "enable", "disable"])
))]
struct SetArgs {
    /// As it was added
    #[arg(required_unless_present = "conditions", allow_hyphen_values = true)]
    #[arg(value_parser = address)]
    address: Option<String>,
    #[command(flatten)]
    many: many::WhereArgs,
    #[command(flatten)]
    words: Words,
    /// Take the sender from those that --allow has named; may be given several times
    #[arg(long, value_name = "SENDER", value_parser = SenderPattern::parse)]
    no_allow: Vec<SenderPattern>,
    /// Take the sender from those that --block has named; may be given several times
    #[arg(long, value_name = "SENDER", value_parser = SenderPattern::parse)]
    no_block: Vec<SenderPattern>,
    /// Answer it by address no longer: Reply-To stays what it is, and hello+bob=friend.example@ is a tag again
    #[arg(long, conflicts_with = "reply_by_address")]
    no_reply_by_address: bool,
}

impl SetArgs {
    /// What changes, and of which aliases where it is not one.
    fn split(self) -> (Amendment, many::WhereArgs) {
        let Self { words, no_allow, no_block, no_reply_by_address, many, .. } = self;
        let amendment = words.amendment();
        let off = no_reply_by_address.then_some(false);
        let reply_by_address = amendment.reply_by_address.or(off);
        (Amendment { no_allow, no_block, reply_by_address, ..amendment }, many)
    }
}

impl AddArgs {
    fn alias(self) -> Result<Alias, AliasError> {
        let address = AliasAddress::parse(&self.address)?;
        let alias = match (&self.reject, &self.defer, self.discard) {
            (Some(text), _, _) => Alias::reject(address, text),
            (_, Some(text), _) => Alias::defer(address, text),
            (_, _, true) => Alias::discard(address),
            _ => Alias::forward(address, &self.destinations),
        };
        self.words.amendment().of(alias?)
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
    block_on(with_store(&config, purpose, async |store| {
        let changed = args.command.changes_hands().map(AliasAddress::parse).transpose()?;
        let are_many = args.command.brings_back();
        let new = execute(args, store, config.postmaster.as_ref(), &mut out).await?;
        // What is done is told before DNS is waited for.
        out.flush()?;
        if let Some(address) = changed {
            warn(&accounts::senders_as(store, &address).await?)?;
        }
        if are_many {
            warn(&accounts::senders_as_new(store, &*new).await?)?;
        }
        warn(&aliases::nowhere(&config, store, Leads::Aliases(&*new)).await)?;
        warn(&accounts::answered_without_key(store, &Keys::of(&config), &*new).await?)
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// Gives the aliases that are new, or as new.
async fn execute(
    args: Args,
    store: &Store,
    postmaster: Option<&Mailbox>,
    out: &mut impl Output,
) -> Result<Box<dyn AliasSource>, Failure> {
    match args.command {
        Command::Add(args) => {
            let replaces = args.replace;
            let alias = args.alias()?;
            let was = match replaces {
                true => aliases::replace(store, &alias).await?,
                false => aliases::add(store, &alias).await.map(|()| None)?,
            };
            match was {
                None => writeln!(out, "added {}", plain(&alias))?,
                Some(was) => {
                    writeln!(out, "replaced {} (was: {})", plain(&alias), plain(&was))?;
                }
            }
            return Ok(Box::new(vec![alias]));
        }
        Command::Remove { address } => {
            let alias = aliases::remove(store, &AliasAddress::parse(&address)?).await?;
            writeln!(out, "removed {}", plain(&alias))?;
        }
        Command::Enable { address } => {
            return Ok(Box::new(vec![set_enabled(store, &address, true, out).await?]));
        }
        Command::Disable { address } => {
            set_enabled(store, &address, false, out).await?;
        }
        Command::ReplaceDestination(args) => {
            return Ok(Box::new(many::replace(args, store, postmaster, out).await?));
        }
        Command::Set(mut args) => {
            let Some(address) = args.address.take() else {
                let (amendment, which) = args.split();
                return Ok(Box::new(many::set(which, amendment, store, out).await?));
            };
            args.many.refuse_alone()?;
            let address = AliasAddress::parse(&address)?;
            let alias = aliases::amend(store, &address, &args.split().0).await?;
            writeln!(out, "changed {}", plain(&alias))?;
            return Ok(Box::new(vec![alias]));
        }
        Command::List(args) => list::run(args, store, out).await?,
        Command::Import(args) => return import::run(args, store, out).await,
        Command::Export => {
            let bar = Bar::beside_output();
            let (progress, mut through) = (bar.progress(), 0);
            aliases::list(store, None, |alias| {
                through += 1;
                progress.step("written", through, None);
                write_json(out, &Record::from(alias))
            })
            .await?;
        }
        Command::Show { address, json } => {
            let address = AliasAddress::parse(&address)?;
            let shown = aliases::show(store, &address, postmaster).await?;
            if json {
                write_json(out, &shown)?;
            } else {
                let mut text = Vec::new();
                shown::write(&mut text, &shown)?;
                let text = String::from_utf8_lossy(&text);
                text.lines().try_for_each(|line| writeln!(out, "{}", printable(line)))?;
            }
        }
        Command::Apply { file, plan, delete } => {
            let bar = Bar::of("reading and comparing", false);
            let told = |change: &dyn Display| {
                bar.clear();
                writeln!(out, "{}", plain(change))
            };
            let extent = match (plan, delete) {
                (true, _) => Apply::Plan,
                (false, true) => Apply::Whole,
                (false, false) => Apply::Careful,
            };
            return Ok(Box::new(aliases::apply(store, &file, extent, told).await?));
        }
    }
    Ok(Box::new(Vec::new()))
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
    writeln!(out, "{done} {}", plain(alias.address()))?;
    Ok(alias)
}

/// Without what could turn a line round, or control a terminal.
fn plain(what: &(impl Display + ?Sized)) -> String {
    printable(&what.to_string())
}

#[cfg(test)]
mod tests;
