//! `onward queue`: messages that wait in the spool.

use super::{
    Context, Failure,
    context::{Purpose, block_on, with_existing_store, write_json},
    progress::Bar,
    screen::Output,
    size::size,
    table::{Cell, Column, List},
    time::span,
};
use crate::{
    admin::{
        self, Store, accounts,
        queue::{self, Changed, Filter, LegState, Unlisted, WaitingMessage},
    },
    clock,
    config::parse_duration,
    log::printable,
    time::Millis,
};
use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
    time::Duration,
};

/// Lists messages that wait, tries them again, or gives them up
///
/// Works on a running daemon, which follows within a second, and on a stopped one.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists messages that wait, the oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Shows one message, where it goes and how that went
    Show {
        /// The id, as in the 250 reply and in listings
        id: String,
        /// The message itself, as it will leave
        #[arg(long)]
        message: bool,
        /// One JSON object
        #[arg(long, conflicts_with = "message")]
        json: bool,
    },
    /// Tries messages at once, whenever their next attempt would be
    Retry(Chosen),
    /// Gives messages up, and tells nobody but the journal
    ///
    /// A message that is being sent at this moment is left alone.
    Drop(Chosen),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Only these ids
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only what waits for this mailbox, or for this domain
    #[arg(long, value_name = "DOMAIN|ADDRESS", value_parser = queue::parse_place)]
    destination: Option<String>,
    /// Only what came from this address, this domain, or <> for bounces
    #[arg(long, value_name = "DOMAIN|ADDRESS", value_parser = queue::parse_sender)]
    from: Option<String>,
    /// Only what has waited for longer: 2h, 3d
    #[arg(long, value_name = "AGE", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// Only what is in this state: queued, sending or uncertain
    #[arg(long, value_parser = queue::parse_state)]
    state: Option<LegState>,
    /// Only what this account sent: its name, or its id, which a removed account still has here
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Chosen {
    #[command(flatten)]
    which: Which,
    /// Everything that waits
    #[arg(long, conflicts_with_all = ["ids", "destination", "from", "older_than", "state", "account"])]
    all: bool,
}

impl Which {
    async fn filter(self, store: Option<&Store>) -> Result<Filter, Failure> {
        let Self { ids, destination, from, older_than, state, account } = self;
        let before = older_than.map(|age| clock::millis() - age);
        let account = match (store, account) {
            (Some(store), Some(name)) => Some(accounts::id_of(store, &name).await?),
            _ => None,
        };
        Ok(Filter { ids, from, destination, state, before, account })
    }
}

impl Chosen {
    /// Nothing is changed by forgetting to say what.
    async fn filter(self, store: Option<&Store>) -> Result<Filter, Failure> {
        let is_of_account = self.which.account.is_some();
        let filter = self.which.filter(store).await?;
        if self.all || is_of_account || !filter.is_empty() {
            return Ok(filter);
        }
        let what = "say which messages: ids, --destination, --from, --older-than, --state, --account, or --all";
        Err(Failure::Usage(what.to_owned()))
    }
}

/// `onward queue`.
///
/// # Errors
/// When the store fails, or something is not there that was asked for.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = BufWriter::new(context.out());
    let changes = matches!(args.command, Command::Retry(_) | Command::Drop(_));
    let work = async |store: Option<&Store>| execute(args, store, &mut out).await;
    block_on(with_existing_store(&config, Purpose::changes(changes), work))?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Without a store nothing waits.
async fn execute(args: Args, store: Option<&Store>, out: &mut impl Output) -> Result<(), Failure> {
    match args.command {
        Command::List { which, json } => {
            list(store, &which.filter(store).await?, json, out).await?
        }
        Command::Show { id, message, json } => {
            let found = match store {
                Some(store) => queue::show(store, &id).await?,
                None => None,
            };
            let (found, bytes) = found.ok_or_else(|| Failure::new(absent(&[id])))?;
            match (message, json) {
                (true, _) => out.write_all(&bytes)?,
                (false, true) => write_json(out, &found)?,
                (false, false) => write_message(out, &found)?,
            }
        }
        Command::Retry(chosen) => {
            let bar = Bar::of("looking for the messages", false);
            let changed = change(store, chosen, queue::retry).await?;
            bar.clear();
            if !changed.is_served {
                // To stderr, as it is no result; nothing hangs on it.
                let _ = writeln!(io::stderr(), "onward: no daemon runs; the next start tries them");
            }
            report("to be tried at once", &changed, out)?;
        }
        Command::Drop(chosen) => {
            let bar = Bar::of("looking for the messages", false);
            let changed = change(store, chosen, queue::drop).await?;
            bar.clear();
            report("dropped", &changed, out)?;
        }
    }
    Ok(())
}

async fn list<W: Output>(
    store: Option<&Store>,
    filter: &Filter,
    json: bool,
    out: &mut W,
) -> Result<(), Failure> {
    let mut found = false;
    let mut list = List::new(out, json, COLUMNS);
    let each = |message: &WaitingMessage| {
        let is_first = !std::mem::replace(&mut found, true);
        let line = |out: &mut W| {
            if is_first {
                let columns = ["ID", "STATE", "SIZE", "AGE", "TRIES", "NEXT"];
                write_row(out, columns, "FROM -> TO: LAST REPLY")?;
            }
            write_line(out, message)
        };
        list.add(|| message, line, || row(message))
    };
    let Unlisted { absent: gone, unreadable } = match store {
        Some(store) => queue::list(store, filter, each).await?,
        None => Unlisted { absent: filter.ids.clone(), ..Unlisted::default() },
    };
    list.end()?;
    out.flush()?;
    for one in &unreadable {
        // To stderr, as scripts read what is listed.
        let _ = writeln!(io::stderr(), "onward: {one}");
    }
    if !gone.is_empty() {
        return Err(Failure::new(absent(&gone)));
    }
    if !found && !json && unreadable.is_empty() {
        // As above.
        let _ = writeln!(io::stderr(), "onward: no message that waits matches");
    }
    Ok(())
}

async fn change(
    store: Option<&Store>,
    chosen: Chosen,
    change: impl AsyncFnOnce(&Store, &Filter) -> Result<Changed, admin::Error>,
) -> Result<Changed, Failure> {
    let filter = chosen.filter(store).await?;
    Ok(match store {
        Some(store) => change(store, &filter).await?,
        None => Changed { absent: filter.ids, ..Changed::default() },
    })
}

/// Says what was done, and fails for what was not.
fn report(done: &str, changed: &Changed, out: &mut impl Write) -> Result<(), Failure> {
    match changed.ids.len() {
        0 => {}
        1 => writeln!(out, "{done}: 1 message")?,
        count => writeln!(out, "{done}: {count} messages")?,
    }
    out.flush()?;
    let mut failures = Vec::new();
    if !changed.sending.is_empty() {
        let ids = changed.sending.join(" ");
        failures.push(format!("being sent at this moment, try again: {ids}"));
    }
    if !changed.held.is_empty() {
        let held = match &changed.held[..] {
            [id] => format!("{id} is"),
            more => format!("{} messages are", more.len()),
        };
        let held = format!("{held} held, as the account must not send: see onward queue list");
        match changed.ids.is_empty() {
            true => failures.push(held),
            // To stderr, as the rest is done.
            false => drop(writeln!(io::stderr(), "onward: {held}")),
        }
    }
    if !changed.absent.is_empty() {
        failures.push(absent(&changed.absent));
    }
    if changed.ids.is_empty() && failures.is_empty() {
        failures.push("no message that waits matches".to_owned());
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("; "))) }
}

fn absent(ids: &[String]) -> String {
    match ids {
        [id] => format!("no message {id} waits; what became of it: onward trace --id {id}"),
        ids => {
            let ids = ids.join(" ");
            format!("no messages with these ids wait: {ids}; for each see onward trace --id ID")
        }
    }
}

/// What a listing says of a message, as texts.
struct Line<'a> {
    state: &'a str,
    size: String,
    age: String,
    attempts: String,
    next: String,
    /// Of the first leg that is still open.
    reply: &'a str,
}

impl<'a> Line<'a> {
    fn of(message: &'a WaitingMessage) -> Self {
        let (state, next_attempt) = match message.held {
            Some(_) => ("held", None),
            None => (message.state, message.next_attempt),
        };
        let open = message.legs.iter().find(|leg| leg.next_attempt.is_some());
        Self {
            state,
            size: size(message.size),
            age: span(clock::millis().since(message.arrived)),
            attempts: message.attempts.to_string(),
            next: next_attempt.map_or("-".to_owned(), in_future),
            reply: open.map(|leg| leg.reply.as_str()).unwrap_or_default(),
        }
    }
}

const COLUMNS: [Column; 10] = [
    Column::Key("ID"),
    Column::Key("STATE"),
    Column::Number("SIZE"),
    Column::Number("AGE"),
    Column::Number("TRIES"),
    Column::Number("NEXT"),
    Column::Text("NODE"),
    Column::Text("FROM"),
    Column::Text("TO"),
    Column::Text("LAST REPLY"),
];

fn row(message: &WaitingMessage) -> [Cell; 10] {
    let Line { state, size, age, attempts, next, reply } = Line::of(message);
    let state = match state {
        "held" => Cell::wrong(state),
        "sending" => state.into(),
        _ => Cell::waits(state),
    };
    let [size, age, attempts, next] = [size, age, attempts, next].map(Cell::from);
    let node = message.node.clone().unwrap_or_default();
    let (from, to) = (message.from.as_str(), message.to.join(", "));
    let id = message.id.as_str().into();
    [id, state, size, age, attempts, next, node.into(), from.into(), to.into(), reply.into()]
}

/// One message, one line.
fn write_line(out: &mut impl Write, message: &WaitingMessage) -> io::Result<()> {
    let WaitingMessage { id, from, to, .. } = message;
    let Line { state, size, age, attempts, next, reply } = Line::of(message);
    let by = message.node.as_ref().map(|node| format!("{node}: ")).unwrap_or_default();
    let rest = printable(&format!("{by}{from} -> {}: {reply}", to.join(", ")));
    write_row(out, [id, state, &size, &age, &attempts, &next], &rest)
}

fn write_row(out: &mut impl Write, columns: [&str; 6], rest: &str) -> io::Result<()> {
    let [id, state, size, age, attempts, next] = columns;
    writeln!(out, "{id:<16}  {state:<9} {size:>8} {age:>6} {attempts:>5} {next:>6}  {rest}")
}

/// All that is known of a message, for people.
fn write_message(out: &mut impl Write, message: &WaitingMessage) -> io::Result<()> {
    let WaitingMessage { id, from, state, arrived, notify, .. } = message;
    writeln!(out, "{id}  {state}")?;
    writeln!(out, "  arrived {arrived}, {} ago", span(clock::millis().since(*arrived)))?;
    writeln!(out, "  by      {}", printable(&brought_by(message)))?;
    let told = if *notify { "is told when it fails" } else { "is not told when it fails" };
    writeln!(out, "  from    {}, who {told}", printable(from))?;
    writeln!(out, "  size    {}", size(message.size))?;
    if let Some(node) = &message.node {
        writeln!(out, "  node    {}", printable(node))?;
    }
    if let (Some(held), Some(account)) = (&message.held, &message.account) {
        let more = match held.as_str() {
            "removed" => String::new(),
            _ => format!(" (onward account show {account})"),
        };
        let told = format!("the account that sent it is {held}{more}");
        writeln!(out, "  held    {told}; to give it up: onward queue drop {id}")?;
    }
    for leg in &message.legs {
        let to = format!("{} -> {}", leg.to, leg.destination);
        writeln!(out, "  to      {}: {}", printable(&to), leg.state)?;
        writeln!(out, "    as    {}", printable(&leg.reverse_path))?;
        let tries = if leg.attempts == 1 { "attempt" } else { "attempts" };
        writeln!(out, "    last  {} ({} {tries})", printable(&leg.reply), leg.attempts)?;
        if let Some(due) = leg.next_attempt.filter(|_| message.held.is_none()) {
            writeln!(out, "    next  {due} ({})", in_future(due))?;
        }
    }
    writeln!(out, "  every attempt: onward trace --id {id}")
}

fn brought_by(message: &WaitingMessage) -> String {
    match (message.client, message.helo.as_str()) {
        (Some(ip), helo) => format!("{ip} ({helo})"),
        // Our own notices come from nobody.
        (None, "") => "Onward itself".to_owned(),
        (None, helo) => format!("unix socket ({helo})"),
    }
}

/// How long until then: `25m`, `now`.
fn in_future(time: Millis) -> String {
    match time.since(clock::millis()) {
        wait if wait < Duration::from_secs(1) => "now".to_owned(),
        wait => span(wait),
    }
}
