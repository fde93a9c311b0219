//! `onward token`: what programs show that ask the API, and what they may do.

use super::{
    Context, Failure,
    context::Purpose,
    screen::Output,
    shown_once::{self, Made, no_listener, use_cell, write_use},
    table::{Cell, Column, List},
    time::{minute, parse_until},
};
use crate::{
    account::Label,
    address::{Domain, Mailbox},
    admin::{
        Store,
        aliases::{self, Leads},
        tokens::{self, New, Record},
    },
    config::{Config, Served},
    log::printable,
    time::UnixTime,
    token::{Maker, NameFormat, Scope},
};
use std::{
    io::{self, Write},
    num::NonZeroU32,
    process::ExitCode,
};

/// Keeps the tokens of programs that ask the API
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(AddArgs),
    /// Prints the tokens, never what proves them
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Ends a token: whoever shows it is refused from now on
    Revoke {
        /// As in `onward token list`
        id: String,
    },
}

/// Makes a token and prints it, this once
///
/// One for each program: each can be revoked alone. Of a token only a hash is kept. What it may do is its scope:
/// `create` makes new aliases at one domain, which lead to fixed mailboxes, and sees nothing; `manage` sees and changes
/// all aliases of one domain; `admin` does everything that the API can.
#[derive(Debug, clap::Args)]
struct AddArgs {
    /// What it is for: "password manager", "phone"
    #[arg(long, value_parser = Label::parse)]
    label: Label,
    /// What it may do: create, manage or admin
    #[arg(long, default_value_t = Scope::Create)]
    scope: Scope,
    /// The domain that it is for
    #[arg(long, value_parser = Domain::parse)]
    domain: Option<Domain>,
    /// Where the aliases lead that it makes: a mailbox; may be given several times
    #[arg(long = "to", value_name = "DEST", num_args = 1.., value_parser = Mailbox::parse)]
    destinations: Vec<Mailbox>,
    /// How addresses look that are made up for it: random_characters, random_words, site or uuid
    #[arg(long, default_value_t = NameFormat::RandomCharacters)]
    format: NameFormat,
    /// Most changes a day, from midnight UTC on [default: 100 of create, 1000 of manage, any number of admin]
    #[arg(long, value_name = "N")]
    daily_limit: Option<NonZeroU32>,
    /// From when on it is worth nothing: 30d, 2026-12-31 (until its end, in UTC), or 2026-12-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    expires: Option<UnixTime>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// `onward token`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let purpose = Purpose::changes(!matches!(args.command, Command::List { .. }));
    shown_once::run(context, purpose, async |store, config, out| {
        execute(args.command, store, config, out).await
    })
}

/// Gives what is to be said on stderr when all is done.
async fn execute(
    command: Command,
    store: &Store,
    config: &Config,
    out: &mut impl Output,
) -> Result<Vec<String>, Failure> {
    match command {
        Command::Add(args) => return add(args, store, config, out).await,
        Command::List { json } => {
            let mut list = List::new(out, json, COLUMNS);
            for record in tokens::list(store).await? {
                list.add(|| &record, |out| write_line(out, &record), || row(&record))?;
            }
            list.end()?;
        }
        Command::Revoke { id } => {
            let record = tokens::revoke(store, &id).await?;
            writeln!(out, "revoked {} ({})", record.id, record.label)?;
        }
    }
    Ok(Vec::new())
}

async fn add(
    args: AddArgs,
    store: &Store,
    config: &Config,
    out: &mut impl Write,
) -> Result<Vec<String>, Failure> {
    let AddArgs { label, scope, domain, destinations, format, daily_limit, expires, json } = args;
    let to = destinations.clone();
    let maker = Maker::CommandLine;
    let new = New { label, scope, domain, destinations, format, daily_limit, expires, maker };
    let (record, token) = tokens::add(store, new).await?;
    let revoke = async { Ok(tokens::revoke(store, &record.id).await.map(drop)?) };
    Made { name: "token", proof: &token, record: &record }.show(json, out, revoke).await?;
    let mut notes = vec![format!(
        "this is the token {:?}, shown only now; onward token revoke {} ends it",
        record.label, record.id
    )];
    let from = format!("the token {:?}", record.label);
    let nowhere = aliases::nowhere(config, store, Leads::To { from: &from, to: &to }).await;
    notes.extend(nowhere.iter().map(|one| format!("warning: {}", printable(&one.to_string()))));
    if !config.listen.iter().any(|listen| listen.serve.contains(&Served::Api)) {
        notes.push(no_listener(Served::Api));
    }
    Ok(notes)
}

/// `00ff00ff00  phone  create at example.org to me@mailbox.example, random_characters; 3 of 100 today; last used …`.
fn write_line(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let Record { id, label, scope, domain, destinations, format, daily_limit, .. } = record;
    write!(out, "{id}  {label}  {scope}")?;
    if let Some(domain) = domain {
        write!(out, " at {domain}")?;
    }
    if !destinations.is_empty() {
        write!(out, " to {}, {format}", destinations.join(", "))?;
    }
    if let Some(limit) = daily_limit {
        write!(out, "; {} of {limit} today", record.changes_today)?;
    }
    if let Some(maker) = &record.made_by {
        write!(out, "; made by {}", printable(maker))?;
    }
    write_use(out, record.last_used.as_deref(), record.client.as_deref(), "; never used")?;
    match &record.expires {
        Some(expires) => writeln!(out, "; expires {expires}"),
        None => writeln!(out),
    }
}

const COLUMNS: [Column; 7] = [
    Column::Key("ID"),
    Column::Text("LABEL"),
    Column::Text("MAY"),
    Column::Text("TODAY"),
    Column::Text("LAST USED"),
    Column::Text("MADE BY"),
    Column::Text("EXPIRES"),
];

fn row(record: &Record) -> [Cell; 7] {
    let Record { id, label, scope, domain, destinations, format, daily_limit, .. } = record;
    let mut may = scope.clone();
    if let Some(domain) = domain {
        may += &format!(" at {domain}");
    }
    if !destinations.is_empty() {
        may += &format!(" to {}, {format}", destinations.join(", "));
    }
    let today = daily_limit.map(|limit| format!("{} of {limit}", record.changes_today));
    [
        id.as_str().into(),
        label.as_str().into(),
        may.into(),
        today.unwrap_or_default().into(),
        use_cell(record.last_used.as_deref(), record.client.as_deref()),
        record.made_by.clone().unwrap_or_default().into(),
        record.expires.as_deref().map(minute).unwrap_or_default().into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admin,
        cli::{
            context::block_on,
            tried::{store_in, tried},
        },
        config::Machine,
    };
    use std::path::Path;

    fn run(store: &Store, line: &[&str]) -> Result<(String, Vec<String>), String> {
        let machine = Machine {
            hostname: "mx.test".into(),
            state_directory: None,
            credentials_directory: None,
        };
        // Nothing is asked of DNS about what has a route.
        let route = "[[route]]\ndomain = \"y.test\"\nto = \"127.0.0.1:9\"\n";
        let config = Config::parse(route, Path::new("x"), &machine).unwrap();
        tried(line, async |args: Args, out| execute(args.command, store, &config, out).await)
    }

    #[test]
    fn made_listed_and_revoked() {
        let state = tempfile::tempdir().unwrap();
        let store = &store_in(state.path());
        let to = ["--domain", "x.test", "--to", "me@y.test"];
        let add = |more: &[&str]| run(store, &[&["add", "--label", "my phone"], more].concat());
        assert!(add(&to).unwrap_err().contains("onward domain add x.test"));
        let domain = Domain::parse("x.test").unwrap();
        block_on(async { Ok(admin::domains::add(store, &domain).await?) }).unwrap();
        assert!(add(&[]).unwrap_err().contains("--domain"));
        assert!(add(&["--domain", "x.test"]).unwrap_err().contains("--to"));
        assert!(add(&["--scope", "root"]).unwrap_err().contains("manage"));
        assert!(add(&["--scope", "admin", "--expires", "2020-01-01"]).is_err());

        let (out, notes) = add(&to).unwrap();
        let token = out.trim_end();
        assert!(token.starts_with("onw_") && token.len() == 36, "{token}");
        assert!(notes[1].contains("serve = [\"api\"]"), "{notes:?}");
        let nobody = ["--domain", "x.test", "--to", "nobody@x.test"];
        let (_, notes) = add(&nobody).unwrap();
        assert!(notes[1].contains("leads to nobody@x.test, an address here that"), "{notes:?}");
        assert!(
            add(&["--domain", "x.test", "--to", "$1@y.test"]).unwrap_err().contains("no regex")
        );
        let (out, _) = add(&["--scope", "admin", "--json", "--expires", "30d"]).unwrap();
        let made: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(made["scope"], "admin");
        assert_eq!(made["daily_limit"], serde_json::Value::Null);

        let (list, _) = run(store, &["list"]).unwrap();
        assert!(list.contains(
            "create at x.test to me@y.test, random_characters; 0 of 100 today; made by command line; never used"
        ));
        let (json, _) = run(store, &["list", "--json"]).unwrap();
        let lines: Vec<serde_json::Value> =
            json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["made_by"], "command line");
        assert_eq!(lines[0]["session"], serde_json::Value::Null);
        assert!(!json.contains("onw_") && !list.contains("onw_"));
        let id = lines[0]["id"].as_str().unwrap();
        let (out, _) = run(store, &["revoke", id]).unwrap();
        assert_eq!(out, format!("revoked {id} (my phone)\n"));
        assert!(run(store, &["revoke", id]).unwrap_err().contains("onward token list"));
        assert!(run(store, &["revoke", token]).is_err());
    }
}
