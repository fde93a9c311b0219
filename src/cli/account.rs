//! `onward account`: who may send mail here, as whom, and by which passwords.

use super::{
    Context, Failure,
    context::{Purpose, block_on, note, warn, with_store, write_json},
    screen::Output,
    table::{Cell, Column, List},
    time::minute,
};
use crate::{
    account::{Account, Label, Limits, SendAs},
    admin::{
        Store,
        accounts::{self, Hindrance, PasswordLine, Record, ShownAccount},
        keystore::Keys,
    },
    config::{Config, print_rate},
    log::printable,
};
use client::ClientArgs;
use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

mod client;

/// Keeps the accounts that send mail here, and their passwords
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(AddArgs),
    Set(SetArgs),
    /// Prints the accounts
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Prints an account: as whom it sends, and how its passwords were used
    Show {
        /// The name, or the id that traces and Received fields have for it
        name: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    Client(ClientArgs),
    /// Removes an account with its passwords; open sessions of it send nothing more
    Remove {
        /// As it was added
        name: String,
    },
    /// Lets an account send again, one that was frozen too
    Enable {
        /// As it was added
        name: String,
    },
    /// Switches an account off: it sends nothing, not in sessions that are open either
    Disable {
        /// As it was added
        name: String,
    },
    /// Adds, lists and revokes the passwords of an account
    #[command(subcommand)]
    Password(PasswordCommand),
}

#[derive(Debug, clap::Subcommand)]
enum PasswordCommand {
    /// Makes a password and prints it, this once
    ///
    /// One for each device or program: each can be revoked alone. Onward makes all passwords, and keeps of them
    /// only a hash. Case, blanks and dashes do not count where it is typed in.
    Add {
        /// The account
        name: String,
        /// What it is for: "phone", "Gmail"
        #[arg(long, value_parser = Label::parse)]
        label: Label,
    },
    /// Prints what the passwords are called and when they were used, never themselves
    List {
        /// The account
        name: String,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Takes a password from an account; sessions opened with it send nothing more
    Revoke {
        /// The account
        name: String,
        /// As it was added
        #[arg(long, value_parser = Label::parse)]
        label: Label,
    },
}

/// Adds an account
///
/// NAME is an address, with which a mail program logs in. What it sends as are addresses that an alias of a hosted domain
/// answers, or with '*@example.org' all of a domain; where nothing is named, NAME itself. Its passwords are made by
/// `onward account password add`.
#[derive(Debug, clap::Args)]
struct AddArgs {
    /// With what it logs in: an address
    name: String,
    /// What it sends as: hello@example.org, or '*@example.org'; may be given several times
    #[arg(long = "as", value_name = "ADDRESS", num_args = 1.., value_parser = SendAs::parse)]
    may: Vec<SendAs>,
}

/// Changes as whom an account sends
///
/// What is not named stays as it is.
#[derive(Debug, clap::Args)]
#[command(override_usage = "onward account set [OPTIONS] <NAME>")]
#[command(group(clap::ArgGroup::new("word").required(true).multiple(true).args(["more", "less"])))]
struct SetArgs {
    /// As it was added
    name: String,
    /// What it sends as besides: hello@example.org, or '*@example.org'; may be given several times
    #[arg(long = "as", value_name = "ADDRESS", num_args = 1.., value_parser = SendAs::parse)]
    more: Vec<SendAs>,
    /// What it sends as no longer; may be given several times
    #[arg(long = "no-as", value_name = "ADDRESS", num_args = 1.., value_parser = SendAs::parse)]
    less: Vec<SendAs>,
}

impl Command {
    fn changes(&self) -> bool {
        match self {
            Self::List { .. }
            | Self::Show { .. }
            | Self::Client(_)
            | Self::Password(PasswordCommand::List { .. }) => false,
            Self::Add(_)
            | Self::Set(_)
            | Self::Remove { .. }
            | Self::Enable { .. }
            | Self::Disable { .. }
            | Self::Password(_) => true,
        }
    }
}

/// What is to be said on stderr when all is done.
#[derive(Debug, Default)]
struct Told {
    warnings: Vec<Hindrance>,
    note: Option<String>,
}

/// `onward account`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = BufWriter::new(context.out());
    let purpose = Purpose::changes(args.command.changes());
    block_on(with_store(&config, purpose, async |store| {
        let told = execute(args.command, store, &config, &mut out).await?;
        out.flush()?;
        warn(&told.warnings)?;
        told.note.map_or(Ok(()), note)
    }))?;
    Ok(ExitCode::SUCCESS)
}

async fn execute(
    command: Command,
    store: &Store,
    config: &Config,
    out: &mut impl Output,
) -> Result<Told, Failure> {
    let (keys, limits) = (&Keys::of(config), &config.submission.limits());
    match command {
        Command::Add(AddArgs { name, may }) => {
            let account = accounts::add(store, accounts::parse_name(&name)?, may).await?;
            writeln!(out, "added {}", line(&account))?;
            let next = format!(
                "next: onward account password add {} --label phone (or what else it is for)",
                account.name
            );
            let mut told = Told { note: Some(next), ..lacks_key(store, keys, &account).await? };
            told.warnings.extend((!config.takes_submissions()).then_some(Hindrance::NoListener));
            return Ok(told);
        }
        Command::Set(SetArgs { name, more, less }) => {
            let name = accounts::parse_name(&name)?;
            let account = accounts::amend(store, &name, &more, &less).await?;
            writeln!(out, "changed {}", line(&account))?;
            return lacks_key(store, keys, &account).await;
        }
        Command::List { json } => {
            let mut list = List::new(out, json, COLUMNS);
            accounts::list(store, |record| {
                list.add(|| record, |out| write_listed(out, record), || row(record))
            })
            .await?;
            list.end()?;
        }
        Command::Show { name, json } => {
            let shown = accounts::show(store, limits, &name).await?;
            if json { write_json(out, &shown)? } else { write_shown(out, &shown, limits)? }
        }
        Command::Client(args) => args.run(store, config, out).await?,
        Command::Remove { name } => {
            let account = accounts::remove(store, &accounts::parse_name(&name)?).await?;
            writeln!(out, "removed {}", account.name)?;
        }
        Command::Enable { name } => {
            let name = accounts::parse_name(&name)?;
            let account = accounts::set_enabled(store, &name, true).await?;
            writeln!(out, "enabled {}", account.name)?;
            return lacks_key(store, keys, &account).await;
        }
        Command::Disable { name } => {
            let name = accounts::parse_name(&name)?;
            let account = accounts::set_enabled(store, &name, false).await?;
            writeln!(out, "disabled {}", account.name)?;
        }
        Command::Password(command) => return password(command, store, limits, out).await,
    }
    Ok(Told::default())
}

async fn password(
    command: PasswordCommand,
    store: &Store,
    limits: &Limits,
    out: &mut impl Output,
) -> Result<Told, Failure> {
    match command {
        PasswordCommand::Add { name, label } => {
            let name = accounts::parse_name(&name)?;
            let password = accounts::add_password(store, &name, label.clone()).await?;
            let shown = writeln!(out, "{}", password.as_str()).and_then(|()| out.flush());
            if let Err(error) = shown {
                // Nobody knows it.
                accounts::revoke_password(store, &name, &label).await?;
                return Err(error.into());
            }
            let told = format!(
                "this is the password {label:?} of {name}, shown only now; \
                 it takes effect at once, and onward account password revoke {name} --label {label:?} ends it",
                label = label.as_str()
            );
            return Ok(Told { note: Some(told), ..Told::default() });
        }
        PasswordCommand::List { name, json } => {
            let mut list = List::new(out, json, OF_PASSWORDS);
            for line in accounts::show(store, limits, &name).await?.record.passwords {
                list.add(|| &line, |out| writeln!(out, "{}", used(&line)), || password_row(&line))?;
            }
            list.end()?;
        }
        PasswordCommand::Revoke { name, label } => {
            let name = accounts::parse_name(&name)?;
            accounts::revoke_password(store, &name, &label).await?;
            writeln!(out, "revoked {label} of {name}")?;
        }
    }
    Ok(Told::default())
}

async fn lacks_key(store: &Store, keys: &Keys, account: &Account) -> Result<Told, Failure> {
    let warnings = accounts::without_key(store, keys, &account.may).await?;
    Ok(Told { warnings, note: None })
}

/// `me@example.org, which sends as hello@example.org`.
fn line(account: &Account) -> String {
    let may: Vec<String> = account.may.iter().map(ToString::to_string).collect();
    format!("{}, which sends as {}", account.name, may.join(", "))
}

fn write_listed(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let Record { account, state, reason, send_as, passwords, .. } = record;
    let why = reason.as_ref().map_or_else(String::new, |why| format!(" ({})", printable(why)));
    let may = if send_as.is_empty() { "nobody".to_owned() } else { send_as.join(", ") };
    let last = passwords.iter().filter_map(|password| password.last_used.as_ref()).max();
    let last = last.map_or_else(|| "never used".into(), |time| format!("last used {time}"));
    let passwords = match passwords.len() {
        0 => "no password".to_owned(),
        1 => format!("1 password, {last}"),
        more => format!("{more} passwords, {last}"),
    };
    writeln!(out, "{account}  {state}{why}  sends as {may}; {passwords}")
}

const COLUMNS: [Column; 5] = [
    Column::Text("ACCOUNT"),
    Column::Text("STATE"),
    Column::Text("SENDS AS"),
    Column::Number("PASSWORDS"),
    Column::Text("LAST USED"),
];

fn row(record: &Record) -> [Cell; 5] {
    let Record { account, state, reason, send_as, passwords, .. } = record;
    let state = match reason {
        Some(why) => Cell::wrong(format!("{state} ({why})")),
        None => state.as_str().into(),
    };
    let may = if send_as.is_empty() { "nobody".to_owned() } else { send_as.join(", ") };
    let last = passwords.iter().filter_map(|password| password.last_used.as_deref()).max();
    let last = last.map_or_else(|| "never".to_owned(), minute);
    [account.as_str().into(), state, may.into(), passwords.len().to_string().into(), last.into()]
}

const OF_PASSWORDS: [Column; 4] = [
    Column::Text("PASSWORD"),
    Column::Text("ADDED"),
    Column::Text("LAST USED"),
    Column::Text("BY"),
];

fn password_row(password: &PasswordLine) -> [Cell; 4] {
    let PasswordLine { label, added, last_used, client } = password;
    let last = last_used.as_deref().map_or_else(|| "never".to_owned(), minute);
    let client = client.as_deref().unwrap_or_default();
    [label.as_str().into(), minute(added).into(), last.into(), client.into()]
}

fn write_shown(out: &mut impl Write, shown: &ShownAccount, limits: &Limits) -> io::Result<()> {
    let Record { account, id, state, reason, since, send_as, added, passwords } = &shown.record;
    writeln!(out, "{account}  {state}")?;
    if let (Some(reason), Some(since)) = (reason, since) {
        writeln!(out, "  frozen since {since}: {}", printable(reason))?;
        writeln!(out, "  to let it send again: onward account enable {account}")?;
    }
    writeln!(out, "  id {id}, added {added}")?;
    let (sent, of) = (&shown.used, print_rate);
    let counts = [
        format!("{} messages of {}", sent.messages, of(limits.messages)),
        format!("{} recipients of {}", sent.recipients, of(limits.recipients)),
        format!("{} new ones of {}", sent.new_recipients, of(limits.new_recipients)),
    ];
    writeln!(out, "  sent lately: {}", counts.join(", "))?;
    for address in send_as {
        match shown.idle.contains(address) {
            true => writeln!(out, "  does not send as {address} now: no alias answers it")?,
            false => writeln!(out, "  sends as {address}")?,
        }
    }
    if send_as.is_empty() {
        writeln!(
            out,
            "  sends as nobody; to change that: onward account set {account} --as ADDRESS"
        )?;
    }
    for password in passwords {
        writeln!(out, "  password {}", used(password))?;
    }
    if passwords.is_empty() {
        writeln!(
            out,
            "  no password; to make one: onward account password add {account} --label L"
        )?;
    }
    Ok(())
}

/// `phone, added TIME, last used TIME by 192.0.2.1`.
fn used(PasswordLine { label, added, last_used, client }: &PasswordLine) -> String {
    let last = match (last_used, client) {
        (Some(time), Some(client)) => format!("last used {time} by {client}"),
        _ => "never used".to_owned(),
    };
    format!("{label}, added {added}, {last}")
}

#[cfg(test)]
mod tests;
