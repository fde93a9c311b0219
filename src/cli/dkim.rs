//! `onward dkim`: the keys with which Onward signs what it sends.

use super::{
    Context, Failure,
    context::{block_on, write_json},
    screen::Output,
    table::{Cell, Column, List},
};
use crate::{
    address::Domain,
    admin::{
        dkim_keys::{self, DkimKey, DkimKeySource, KeyKind, NewDkimKey},
        keystore::Keys,
    },
};
use std::{io::Write, path::PathBuf, process::ExitCode};

/// What Gmail recommends, and RFC 8301 for new keys.
const GOOD_RSA_BITS: usize = 2048;

/// Keeps the DKIM keys that sign forwards and notices of failure
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Adds, lists and retires keys, and prints what to publish in DNS
    #[command(subcommand)]
    Key(KeyCommand),
}

#[derive(Debug, clap::Subcommand)]
enum KeyCommand {
    /// Adds a key of a domain, and prints the TXT record to publish
    ///
    /// Forwards are signed by the SRS domain, munged ones by that of the alias. The newest key of each
    /// kind signs from now on; receivers do not count the signature until they see the record.
    Add {
        /// The domain that signs
        domain: Domain,
        /// The name of the key in DNS [default: one with today's date]
        #[arg(long)]
        selector: Option<String>,
        /// rsa is understood by all receivers, ed25519 is short and quick
        #[arg(long, value_name = "KIND", default_value = "rsa", conflicts_with = "import")]
        kind: Kind,
        /// A private key in PEM, such as one of OpenDKIM
        #[arg(long, value_name = "FILE")]
        import: Option<PathBuf>,
        /// Sign only after `activate`, when the record is in DNS
        #[arg(long)]
        staged: bool,
    },
    /// Lets a staged or retired key sign
    Activate {
        /// The domain
        domain: Domain,
        /// As listed
        selector: String,
    },
    /// Stops signing with a key; its record should stay in DNS for a week, as mail is on its way
    Retire {
        /// The domain
        domain: Domain,
        /// As listed
        selector: String,
    },
    /// Lists the keys
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Prints the TXT records to publish, as lines of a zone file
    Dns {
        /// Only those of this domain
        domain: Option<Domain>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Rsa,
    Ed25519,
}

/// `onward dkim`.
///
/// # Errors
/// When there is no such key, a file is no key, or they cannot be read or written.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let keys = Keys::of(&context.config()?);
    let Command::Key(command) = args.command;
    block_on(execute(command, &keys, &mut context.out()))?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(command: KeyCommand, keys: &Keys, out: &mut impl Output) -> Result<(), Failure> {
    match command {
        KeyCommand::Add { domain, selector, kind, import, staged } => {
            let source = match (import, kind) {
                (Some(file), _) => DkimKeySource::File(file),
                (None, Kind::Rsa) => DkimKeySource::New(KeyKind::Rsa),
                (None, Kind::Ed25519) => DkimKeySource::New(KeyKind::Ed25519),
            };
            let new = NewDkimKey { domain, selector, source, is_staged: staged };
            write_added(out, &dkim_keys::add(keys, &new).await?, staged)?;
        }
        KeyCommand::Activate { domain, selector } => {
            let selector = dkim_keys::activate(keys, &domain, &selector).await?;
            writeln!(out, "{selector} signs for {domain} from now on")?;
        }
        KeyCommand::Retire { domain, selector } => {
            let selector = dkim_keys::retire(keys, &domain, &selector).await?;
            writeln!(
                out,
                "{selector} signs no more; leave its record in DNS for a week, as mail is on its way"
            )?;
        }
        KeyCommand::List { json } => list(keys, json, out).await?,
        KeyCommand::Dns { domain, json } => {
            for key in dkim_keys::records(keys, domain.as_ref()).await? {
                let key = key?;
                match json {
                    true => write_json(out, &key)?,
                    false => writeln!(out, "; {}\n{}", key.state, key.zone_line)?,
                }
            }
        }
    }
    Ok(())
}

fn write_added(out: &mut impl Write, key: &DkimKey, is_staged: bool) -> Result<(), Failure> {
    let signs = if is_staged { "it signs once it is activated" } else { "it signs from now on" };
    let DkimKey { selector, domain, zone_line, .. } = key;
    writeln!(out, "added {selector}, {} for {domain}; {signs}. Publish:", kind_of(key))?;
    writeln!(out, "{zone_line}")?;
    if key.kind == "rsa" && key.bits < GOOD_RSA_BITS {
        writeln!(out, "It has {} bits: some receivers want {GOOD_RSA_BITS}.", key.bits)?;
    }
    Ok(())
}

const COLUMNS: [Column; 4] =
    [Column::Text("DOMAIN"), Column::Key("SELECTOR"), Column::Key("STATE"), Column::Text("KIND")];

async fn list(keys: &Keys, json: bool, out: &mut impl Output) -> Result<(), Failure> {
    let mut list = List::new(out, json, COLUMNS);
    for key in dkim_keys::list(keys).await? {
        match key {
            Ok(key) => {
                let DkimKey { domain, selector, state, .. } = &key;
                let kind = kind_of(&key);
                list.add(
                    || &key,
                    |out| writeln!(out, "{domain}  {selector}  {state}  {kind}"),
                    || {
                        [
                            domain.as_str().into(),
                            selector.as_str().into(),
                            of_state(&key),
                            kind.as_str().into(),
                        ]
                    },
                )?;
            }
            Err(error) if json => return Err(error.into()),
            Err(error) => list.fault(&error.to_string())?,
        }
    }
    Ok(list.end()?)
}

fn of_state(key: &DkimKey) -> Cell {
    if key.state == "staged" { Cell::waits(key.state) } else { key.state.into() }
}

fn kind_of(key: &DkimKey) -> String {
    match key.kind {
        "rsa" => format!("rsa of {} bits", key.bits),
        kind => kind.to_owned(),
    }
}
