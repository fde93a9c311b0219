//! `onward known`, which the scripts of completions run: the words that the database knows for a place on a command line.

use crate::{
    admin::{
        Place, Store, accounts, aliases, domains,
        queue::{self, Filter as QueueFilter},
        trace::{Filter as JournalFilter, trace},
    },
    alias::Filter as AliasFilter,
    cli::{
        Context, Failure,
        context::{Purpose, block_on, with_existing_store},
    },
    clock,
    config::Config,
    log::printable,
    time::DAY,
};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Nobody looks through more.
const MOST: usize = 1000;
/// The ids of messages are those of a week, and the latest of it.
const DAYS: u32 = 7;
const LATEST: usize = 100;

/// Prints what may stand behind WORD…, a line each; exits 1 where completions know it without the database
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Args {
    /// Only what begins so
    #[arg(long, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    begins: String,
    /// The words behind `onward`, up to the one that is completed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    words: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alias,
    Domain,
    Account,
    /// The id of a message in the spool.
    Waiting,
    /// The id of a message in the journal.
    Message,
}

/// `onward known`.
///
/// # Errors
/// When the configuration, the store or the journal cannot be read, or stdout cannot be written.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let Some(kind) = kind_behind(&words) else { return Ok(ExitCode::FAILURE) };
    let config = context.config()?;
    let mut known = Known { begins: args.begins, words: Vec::new() };
    let found = block_on(with_existing_store(&config, Purpose::Read, async |store| {
        known.look(kind, &config, store).await
    }));
    if known.words.len() < MOST {
        found?;
    }
    let mut out = context.out();
    for word in known.words {
        writeln!(out, "{}", printable(&word))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What stands behind these words.
fn kind_behind(words: &[&str]) -> Option<Kind> {
    Some(match words {
        [.., "--id"] => Kind::Message,
        [.., "--domain"] => Kind::Domain,
        [.., "--account"] => Kind::Account,
        ["trace", .., "--to"] | ["explain"] => Kind::Alias,
        ["alias", "show" | "set" | "remove" | "enable" | "disable"] => Kind::Alias,
        ["domain", "set" | "remove"] | ["dkim", "key", "add"] => Kind::Domain,
        ["account", "show" | "set" | "client" | "disable" | "enable" | "remove"]
        | ["account", "password", "add" | "list" | "revoke"] => Kind::Account,
        ["queue", "show" | "retry" | "drop"] => Kind::Waiting,
        _ => return None,
    })
}

/// What was found.
struct Known {
    begins: String,
    words: Vec<String>,
}

impl Known {
    /// Takes a word that fits; an error ends the search, as there are enough.
    fn take(&mut self, word: &str) -> io::Result<()> {
        if word.starts_with(&self.begins) {
            self.words.push(word.to_owned());
        }
        match self.words.len() < MOST {
            true => Ok(()),
            false => Err(io::Error::other("enough")),
        }
    }

    async fn look(
        &mut self,
        kind: Kind,
        config: &Config,
        store: Option<&Store>,
    ) -> Result<(), Failure> {
        if kind == Kind::Message {
            let since = Some(clock::millis() - DAY * DAYS);
            let filter = JournalFilter { since, limit: Some(LATEST), ..JournalFilter::default() };
            return Ok(trace(&Place::of(config), &filter, |record| self.take(&record.id)).await?);
        }
        let Some(store) = store else { return Ok(()) };
        match kind {
            Kind::Alias => {
                let all = AliasFilter::default();
                let each =
                    |alias: &crate::alias::Alias, _: &_| self.take(&alias.address().to_string());
                aliases::find(store, &all, each).await?;
            }
            Kind::Domain => {
                let listed = domains::list(store).await?;
                listed.iter().try_for_each(|hosted| self.take(&hosted.domain))?;
            }
            Kind::Account => accounts::list(store, |record| self.take(&record.account)).await?,
            Kind::Waiting | Kind::Message => {
                let all = QueueFilter::default();
                queue::list(store, &all, |message| self.take(&message.id)).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_the_database_knows() {
        for (line, kind) in [
            ("alias show", Some(Kind::Alias)),
            ("alias list --domain", Some(Kind::Domain)),
            ("alias show hello@example.org", None),
            ("trace --since 7d --to", Some(Kind::Alias)),
            ("alias list --to", None),
            ("trace --id", Some(Kind::Message)),
            ("queue retry", Some(Kind::Waiting)),
            ("account password add", Some(Kind::Account)),
            ("alias", None),
            ("", None),
        ] {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(kind_behind(&words), kind, "{line}");
        }
    }

    #[test]
    fn what_is_found_begins_as_it_was_typed_and_has_an_end() {
        let mut known = Known { begins: "he".into(), words: Vec::new() };
        known.take("sales@example.org").unwrap();
        known.take("hello@example.org").unwrap();
        assert_eq!(known.words, ["hello@example.org"]);
        let taken = (0..2 * MOST).take_while(|_| known.take("help@example.org").is_ok()).count();
        assert_eq!(taken, MOST - 2);
    }
}
