//! `onward domain`: the hosted domains.

use super::{
    Context, Failure,
    context::{Purpose, block_on, warn, with_store},
    screen::Output,
    table::{Cell, Column, List},
};
use crate::{
    address::Domain,
    admin::{
        self, Store,
        aliases::{self, Leads},
        domains::{self, AutoCreateRecord, HostedDomain},
    },
    alias::{AutoCreate, Digest, SettingsChange, SettingsError},
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
    Set(SetArgs),
    /// Prints the hosted domains, and what is set for them
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// Sets what holds for all of a domain
///
/// What is not named stays as it is.
#[derive(Debug, clap::Args)]
#[command(override_usage = "onward domain set [OPTIONS] <DOMAIN>")]
#[command(group(
    clap::ArgGroup::new("setting").required(true).multiple(true)
        .args(["auto_create", "no_auto_create", "digest"])
))]
struct SetArgs {
    /// The domain
    domain: String,
    /// Make an alias of every address that mail comes for, has no alias, and whose part before the @ this regex matches as
    /// a whole, in any case and without a +tag: shop-.* for one. The first mail that is taken makes it, to the
    /// destinations of --to; then it is an alias as others are, and can be switched off
    #[arg(long, value_name = "REGEX", requires = "to")]
    auto_create: Option<String>,
    /// Where aliases lead that are made so; may be several
    #[arg(long, value_name = "DEST", num_args = 1.., requires = "auto_create")]
    to: Vec<String>,
    /// Make no more aliases of addresses; those that were made stay
    #[arg(long, conflicts_with = "auto_create")]
    no_auto_create: bool,
    /// How often owners are told what came to their aliases, where those say nothing else
    #[arg(long, value_name = "HOW_OFTEN")]
    digest: Option<HowOften>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum HowOften {
    Daily,
    Weekly,
    Off,
}

impl SetArgs {
    fn change(&self) -> Result<SettingsChange, SettingsError> {
        let made = self.auto_create.as_ref().map(|regex| AutoCreate::new(regex, &self.to));
        let auto_create = match made.transpose()? {
            Some(auto_create) => Some(Some(auto_create)),
            None => self.no_auto_create.then_some(None),
        };
        let digest = self.digest.map(|how_often| match how_often {
            HowOften::Daily => Some(Digest::Daily),
            HowOften::Weekly => Some(Digest::Weekly),
            HowOften::Off => None,
        });
        Ok(SettingsChange { auto_create, digest, only_if: None })
    }
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
    block_on(with_store(&config, purpose, async |store| {
        let made = execute(args, store, &mut out).await?;
        out.flush()?;
        if let Some((domain, made)) = made {
            let from = format!("what mail makes in {domain}");
            let leads = Leads::To { from: &from, to: made.destinations() };
            warn(&aliases::nowhere(&config, store, leads).await)?;
        }
        if is_new {
            // Mail for the postmaster of the domain goes there.
            warn(&aliases::postmaster_nowhere(&config, store).await)?;
        }
        Ok(())
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// Gives what mail makes aliases by from now on, where that is new.
async fn execute(
    args: Args,
    store: &Store,
    out: &mut impl Output,
) -> Result<Option<(Domain, AutoCreate)>, Failure> {
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
        Command::Set(args) => {
            let domain = parse(&args.domain)?;
            let change = args.change().map_err(admin::Error::from)?;
            let settings = domains::set(store, &domain, &change).await?;
            writeln!(out, "changed {}", line(&HostedDomain::new(&domain, &settings)))?;
            let is_new = matches!(change.auto_create, Some(Some(_)));
            return Ok(settings.auto_create.filter(|_| is_new).map(|made| (domain, made)));
        }
        Command::List { json } => {
            let mut list = List::new(out, json, COLUMNS);
            for hosted in domains::list(store).await? {
                list.add(|| &hosted, |out| writeln!(out, "{}", line(&hosted)), || row(&hosted))?;
            }
            list.end()?;
        }
    }
    Ok(None)
}

/// `example.org (makes aliases of shop-.* -> me@mailbox.example) (digest: weekly)`
fn line(hosted: &HostedDomain) -> String {
    let mut line = hosted.domain.clone();
    if let Some(AutoCreateRecord { pattern, destinations }) = &hosted.auto_create {
        line += &format!(" (makes aliases of {pattern} -> {})", destinations.join(", "));
    }
    if let Some(digest) = &hosted.digest {
        line += &format!(" (digest: {digest})");
    }
    line
}

const COLUMNS: [Column; 3] =
    [Column::Text("DOMAIN"), Column::Text("MAKES ALIASES OF"), Column::Key("DIGEST")];

fn row(hosted: &HostedDomain) -> [Cell; 3] {
    let makes = hosted.auto_create.as_ref().map(|AutoCreateRecord { pattern, destinations }| {
        format!("{pattern} -> {}", destinations.join(", "))
    });
    let digest = hosted.digest.clone();
    [
        hosted.domain.as_str().into(),
        makes.unwrap_or_default().into(),
        digest.unwrap_or_default().into(),
    ]
}

pub(super) fn parse(text: &str) -> Result<Domain, Failure> {
    Domain::parse(text).map_err(|why| Failure::new(format_args!("{text:?}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tried::{store_in, tried};

    fn run(store: &Store, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split(' ').collect();
        tried(&words, async |args, out| execute(args, store, out).await).map(|(out, _)| out)
    }

    #[test]
    fn what_is_set_is_listed_and_taken_away() {
        let state = tempfile::tempdir().unwrap();
        let store = &store_in(state.path());
        run(store, "add x.test").unwrap();
        let set = run(store, "set X.test --auto-create shop-.* --to a@y.test b@y.test").unwrap();
        assert_eq!(set, "changed X.test (makes aliases of shop-.* -> a@y.test, b@y.test)\n");
        run(store, "set x.test --digest weekly").unwrap();
        let json = "{\"domain\":\"x.test\",\"auto_create\":{\"pattern\":\"shop-.*\",\"destinations\":[\"a@y.test\",\"b@y.test\"]},\"digest\":\"weekly\"}\n";
        assert_eq!(run(store, "list --json").unwrap(), json);
        let set = run(store, "set x.test --no-auto-create").unwrap();
        assert_eq!(set, "changed x.test (digest: weekly)\n");
        run(store, "set x.test --digest off").unwrap();
        assert_eq!(run(store, "list").unwrap(), "x.test\n");
        for (bad, says) in [
            ("set y.test --digest daily", "y.test is not hosted here"),
            ("set x.test --auto-create ( --to a@y.test", "as shop-.*"),
            ("set x.test --auto-create a --to b", "is no destination"),
            ("set x.test --auto-create (a) --to $1@y.test", "there is no regex here"),
        ] {
            let error = run(store, bad).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn add_list_remove() {
        let state = tempfile::tempdir().unwrap();
        let store = &store_in(state.path());
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
