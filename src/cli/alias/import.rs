//! `onward alias import`: the aliases of another mail system.

use crate::{
    address::Domain,
    admin::{Store, aliases::Foreign},
    alias::{
        AliasSource,
        import::{self, Surroundings},
    },
    cli::{
        Failure,
        imported::{Options, take_over},
    },
};
use std::{io::Write, path::PathBuf};

/// Adds the aliases of another mail system's file
///
/// Prints what it adds, and what cannot be translated, with the line and the reason; where there is
/// such a line nothing is changed, and the exit code is 1, unless --skip leaves it out. All of it is done, or
/// nothing. Files of hosted services are taken by onward import.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
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
    #[command(flatten)]
    pub(super) options: Options,
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

/// Gives the aliases that are new, or as new.
pub(super) async fn run(
    args: Args,
    store: &Store,
    out: &mut impl Write,
) -> Result<Box<dyn AliasSource>, Failure> {
    let surroundings = Surroundings { domain: args.domain, mailboxes: args.mailboxes };
    let foreign = match args.from {
        Format::PostfixVirtual => import::Format::PostfixVirtual,
        Format::PostfixRegexp => import::Format::PostfixRegexp,
        Format::PostfixPcre => import::Format::PostfixPcre,
        Format::Aliases => import::Format::Aliases,
        Format::Exim => import::Format::Exim,
        Format::Csv => import::Format::Csv,
        Format::Onward => {
            return take_over(store, &args.file, Foreign::Records, &args.options, out).await;
        }
    };
    let foreign = Foreign::System(foreign, surroundings);
    take_over(store, &args.file, foreign, &args.options, out).await
}
