//! `onward block`: senders that are refused.

use super::{
    Context, Failure,
    context::{Purpose, block_on, with_store},
    progress::Bar,
    screen::Output,
    table::{Column, List},
};
use crate::{
    address::Domain,
    admin::{
        Store, aliases,
        blocks::{self, BlockRecord},
    },
    alias::{AliasAddress, Amendment, SenderPattern},
};
use std::{io::Write, process::ExitCode};

/// Refuses senders for all aliases, for those of a domain, or for one
///
/// SENDER is news@shop.example, @shop.example for all of the domain, *.shop.example for the domains below it, or, for an
/// alias, * for everybody but those that it allows. Its mail is refused by the sender that the client
/// names and by the author in From; what an alias allows comes through all the same.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Refuses senders from now on: all that are named, or none
    Add {
        /// The senders; may be several
        #[arg(value_name = "SENDER", required = true, value_parser = SenderPattern::parse)]
        senders: Vec<SenderPattern>,
        #[command(flatten)]
        scope: Scope,
        /// What it is for; for a domain or for all
        #[arg(long, value_name = "TEXT", conflicts_with = "alias")]
        note: Option<String>,
    },
    /// Refuses them no longer: all that are named, or none
    Remove {
        /// The senders, as they were added; may be several
        #[arg(value_name = "SENDER", required = true, value_parser = SenderPattern::parse)]
        senders: Vec<SenderPattern>,
        #[command(flatten)]
        scope: Scope,
    },
    /// Prints who is refused: for all first, then for domains; what aliases block is told by onward alias list
    List {
        #[command(flatten)]
        scope: Scope,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// For which aliases.
#[derive(Debug, clap::Args)]
struct Scope {
    /// For the aliases of this domain alone
    #[arg(long, value_name = "DOMAIN", conflicts_with = "alias", value_parser = Domain::parse)]
    domain: Option<Domain>,
    /// For this alias alone: the same as onward alias set --block
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    #[arg(value_parser = AliasAddress::parse)]
    alias: Option<AliasAddress>,
}

/// `onward block`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = context.out();
    let purpose = Purpose::changes(!matches!(args.command, Command::List { .. }));
    block_on(with_store(&config, purpose, async |store| execute(args, store, &mut out).await))?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(args: Args, store: &Store, out: &mut impl Output) -> Result<(), Failure> {
    match args.command {
        Command::Add { senders, scope: Scope { alias: Some(alias), .. }, .. } => {
            amend(store, &alias, Amendment { block: senders, ..Amendment::default() }, out).await?;
        }
        Command::Add { senders, scope: Scope { domain, .. }, note } => {
            let bar = Bar::new(false).counting("senders");
            let (note, progress) = (note.as_deref(), bar.progress());
            let added = blocks::add(store, domain.as_ref(), senders, note, progress).await?;
            bar.clear();
            for (block, is_new) in added {
                let done = if is_new { "blocked" } else { "was blocked already:" };
                writeln!(out, "{done} {block}")?;
            }
        }
        Command::Remove { senders, scope: Scope { alias: Some(alias), .. } } => {
            amend(store, &alias, Amendment { no_block: senders, ..Amendment::default() }, out)
                .await?;
        }
        Command::Remove { senders, scope: Scope { domain, .. } } => {
            let bar = Bar::new(false).counting("senders");
            let removed = blocks::remove(store, domain.as_ref(), senders, bar.progress()).await?;
            bar.clear();
            for block in removed {
                writeln!(out, "no longer blocked: {block}")?;
            }
        }
        Command::List { scope: Scope { alias: Some(alias), .. }, json } => {
            let shown = aliases::show(store, &alias, None).await?;
            let alias = alias.to_string();
            let mut list = List::new(out, json, [Column::Text("SENDER"), Column::Text("FOR")]);
            for sender in &shown.alias.rules().block {
                let pattern = sender.to_string();
                list.add(
                    || OfAlias { pattern: &pattern, alias: &alias },
                    |out| writeln!(out, "{pattern} for {alias}"),
                    || [pattern.as_str().into(), alias.as_str().into()],
                )?;
            }
            list.end()?;
        }
        Command::List { scope: Scope { domain, .. }, json } => {
            let columns = [Column::Text("SENDER"), Column::Text("FOR"), Column::Text("NOTE")];
            let mut list = List::new(out, json, columns);
            for block in blocks::list(store, domain.as_ref()).await? {
                let whose = || block.domain.as_ref().map_or("all".into(), ToString::to_string);
                let note = || block.note.clone().unwrap_or_default();
                list.add(
                    || BlockRecord::from(&block),
                    |out| writeln!(out, "{block}"),
                    || [block.pattern.to_string().into(), whose().into(), note().into()],
                )?;
            }
            list.end()?;
        }
    }
    Ok(())
}

/// A block of one alias.
#[derive(Debug, serde::Serialize)]
struct OfAlias<'a> {
    pattern: &'a str,
    alias: &'a str,
}

async fn amend(
    store: &Store,
    alias: &AliasAddress,
    amendment: Amendment,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let alias = aliases::amend(store, alias, &amendment).await?;
    writeln!(out, "changed {alias}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tried::{store_in, tried};

    fn run(store: &Store, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split(' ').collect();
        tried(&words, async |args, out| execute(args, store, out).await).map(|(out, ())| out)
    }

    #[test]
    fn add_list_remove() {
        let state = tempfile::tempdir().unwrap();
        let store = &store_in(state.path());
        let domain = crate::address::Domain::parse("x.test").unwrap();
        block_on(async { Ok(store.add_domain(&domain).await.unwrap()) }).unwrap();
        assert_eq!(run(store, "list").unwrap(), "");
        let added = run(store, "add @shop.test *.Spam.test").unwrap();
        assert_eq!(added, "blocked @shop.test for all\nblocked *.Spam.test for all\n");
        run(store, "add a@b.test --domain x.test --note why").unwrap();
        let again = run(store, "add *@SHOP.test --note because").unwrap();
        assert_eq!(again, "was blocked already: @SHOP.test for all (note: because)\n");
        assert_eq!(
            run(store, "list").unwrap(),
            "*.Spam.test for all\n@SHOP.test for all (note: because)\na@b.test for x.test (note: why)\n"
        );
        let json = run(store, "list --domain x.test --json").unwrap();
        assert!(
            json.starts_with(r#"{"pattern":"a@b.test","domain":"x.test","note":"why","added":"20"#),
            "{json}"
        );
        assert_eq!(
            run(store, "remove @shop.test").unwrap(),
            "no longer blocked: @SHOP.test for all (note: because)\n"
        );
        for (bad, says) in [
            ("remove @shop.test", "@shop.test is not blocked for all; see onward block list"),
            ("remove *.spam.test --domain x.test", "is not blocked for x.test"),
            ("add *", "would block all mail"),
            ("add * --domain x.test", "would block all mail"),
            ("add shop.test", "names no sender"),
            ("add @shop.test --domain y.test", "not hosted here"),
            ("list --domain y.test", "not hosted here"),
            ("add @shop.test --alias a@x.test", "there is no alias"),
            ("add @shop.test --alias a@x.test --note x", "cannot be used with"),
            ("add @shop.test --note a\u{202e}b", "a note has at most"),
            ("add @new.test @shop.test --domain y.test", "not hosted here"),
            ("add @new.test *", "would block all mail"),
            ("remove a@b.test *.Spam.test", "a@b.test is not blocked for all"),
        ] {
            let error = run(store, bad).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
        let left = "*.Spam.test for all\na@b.test for x.test (note: why)\n";
        assert_eq!(run(store, "list").unwrap(), left, "all that are named, or none");
        let twice = "no longer blocked: *.Spam.test for all\n";
        assert_eq!(run(store, "remove *.spam.test").unwrap(), twice);
    }

    #[test]
    fn the_blocks_of_an_alias_are_its_own() {
        let state = tempfile::tempdir().unwrap();
        let store = &store_in(state.path());
        let domain = crate::address::Domain::parse("x.test").unwrap();
        let alias = AliasAddress::parse("a@x.test").unwrap();
        let alias = crate::alias::Alias::forward(alias, ["b@y.test"]).unwrap();
        block_on(async {
            store.add_domain(&domain).await.unwrap();
            store.add_alias(&alias).await.unwrap();
            Ok(())
        })
        .unwrap();
        run(store, "add @shop.test * --alias A@x.test").unwrap();
        assert_eq!(run(store, "list").unwrap(), "");
        assert_eq!(
            run(store, "list --alias a@x.test").unwrap(),
            "@shop.test for a@x.test\n* for a@x.test\n"
        );
        run(store, "remove * --alias a@x.test").unwrap();
        let json = run(store, "list --alias a@x.test --json").unwrap();
        assert_eq!(json, "{\"pattern\":\"@shop.test\",\"alias\":\"a@x.test\"}\n");
    }
}
