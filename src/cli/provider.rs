//! `onward provider`: what the governor knows of Gmail and the others, and who is slowed down why.

use super::{
    Context, Failure,
    context::{note, write_json},
    screen::Output,
    table::{Cell, Column, List},
    time::span,
};
use crate::{
    admin::providers::{self, State, Told},
    clock,
    log::printable,
    time::Millis,
};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Shows how much leaves for each provider, and ends what holds mail back
///
/// A provider that says that we send too much gets less for a time, or nothing: what is for it waits, or stays with its
/// sender. docs/OPERATIONS.md tells when.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists providers that mail goes to, those first that get less than they take
    List {
        /// Those too that no mail went to lately: the built-in table and that of the configuration
        #[arg(long)]
        all: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Shows one provider: its limits, and why it gets less
    Show {
        /// Its name, as in listings
        name: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Lets a provider get what it takes again, and what waits for it go at once
    Resume {
        /// Its name, as in listings
        name: String,
    },
}

/// `onward provider`.
///
/// # Errors
/// When nobody knows the provider that was asked for, or the daemon does not answer.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = context.out();
    match args.command {
        Command::List { all, json } => {
            let told = providers::list(&config, all)?;
            if told.is_empty() && !json {
                writeln!(
                    out,
                    "no mail has gone to any provider lately; --all lists those that are known"
                )?;
            }
            write_list(&mut out, &told, json)?;
        }
        Command::Show { name, json } => {
            let told = providers::show(&config, &name)?.ok_or_else(|| {
                Failure::new(format_args!(
                    "no provider {name}; `onward provider list --all` has those that are known"
                ))
            })?;
            if json { write_json(&mut out, &told)? } else { write_one(&mut out, &told)? }
        }
        Command::Resume { name } => {
            if providers::resume(&config, &name)? {
                writeln!(out, "{name} gets what it takes again")?;
            } else {
                note(format_args!("{name} gets what it takes already"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [Column; 7] = [
    Column::Text("PROVIDER"),
    Column::Key("STATE"),
    Column::Number("CONNECTIONS"),
    Column::Number("RATE"),
    Column::Number("WAITING"),
    Column::Number("UNTIL"),
    Column::Text("WHY"),
];

fn write_list<W: Output>(out: &mut W, told: &[Told], json: bool) -> io::Result<()> {
    let mut list = List::new(out, json, COLUMNS);
    for (at, one) in told.iter().enumerate() {
        let line = |out: &mut W| {
            if at == 0 {
                write_line(out, COLUMNS.map(Column::heading))?;
            }
            write_line(out, row(one).each_ref().map(Cell::text))
        };
        list.add(|| one, line, || row(one))?;
    }
    list.end()
}

fn row(one: &Told) -> [Cell; 7] {
    let state = match one.state {
        State::Usual => one.state.as_str().into(),
        State::Slowed => Cell::waits(one.state.as_str()),
        State::Suspended => Cell::wrong(one.state.as_str()),
    };
    [
        printable(&one.provider).into(),
        state,
        format!("{}/{}", one.in_use, one.connections).into(),
        one.rate.as_deref().unwrap_or("-").into(),
        one.waiting.to_string().into(),
        one.until.map_or_else(|| "-".to_owned(), in_future).into(),
        one.why.as_deref().map(printable).unwrap_or_default().into(),
    ]
}

fn write_line(out: &mut impl Write, texts: [&str; 7]) -> io::Result<()> {
    let [name, state, connections, rate, waiting, until, why] = texts;
    let line =
        format!("{name:<24} {state:<9} {connections:>11} {rate:>7} {waiting:>7} {until:>6}  {why}");
    writeln!(out, "{}", line.trim_end())
}

fn write_one(out: &mut impl Write, one: &Told) -> io::Result<()> {
    let Told { in_use, connections, limit, messages_per_connection, asking, waiting, .. } = one;
    writeln!(out, "{}", printable(&one.provider))?;
    let mut line = |name: &str, text: String| writeln!(out, "  {name:<11} {text}");
    line("state", one.state.as_str().to_owned())?;
    line("connections", format!("{in_use} in use, {connections} allowed now, {limit} at most"))?;
    line("messages", format!("{messages_per_connection} over one connection"))?;
    if let Some(rate) = &one.rate {
        line("rate", rate.clone())?;
    }
    line("waiting", format!("{waiting} in the spool, {asking} for a connection"))?;
    if let Some(why) = &one.why {
        line("why", printable(why))?;
    }
    if let Some(since) = one.since {
        line("since", since.to_string())?;
    }
    if let Some(until) = one.until {
        line("until", format!("{until} ({})", in_future(until)))?;
    }
    if let Some(probe) = one.next_probe {
        line("next probe", format!("{probe} ({})", in_future(probe)))?;
    }
    if one.state != State::Usual {
        writeln!(out, "  to end it: onward provider resume {}", printable(&one.provider))?;
    }
    Ok(())
}

/// How long until then: `25m`, `now`.
fn in_future(time: Millis) -> String {
    let left = time.since(clock::steady_millis());
    if left.as_secs() == 0 { "now".to_owned() } else { span(left) }
}
