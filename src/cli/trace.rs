//! `onward trace`: what happened to a message.

use super::{
    Context, Failure,
    argument::address,
    context::{Purpose, block_on, with_existing_store, write_json},
    progress::Bar,
    time::parse_since,
};
use crate::{
    admin::{
        Place, Store, accounts,
        trace::{AttemptLine, Filter, Names, Record, Traced, trace},
    },
    config::print_size,
    log::printable,
    time::Millis,
};
use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

/// Shows what happened to a message
///
/// Prints every record of the journal that matches all of the given options, the oldest first. A
/// message is in it within a second of its final reply.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id, as in the 250 reply and in our Received field
    #[arg(long)]
    id: Option<String>,
    /// The sender: an address, @domain, or <> for bounces
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true, value_parser = address)]
    from: Option<String>,
    /// A recipient, or a mailbox it was handed on to: an address or @domain
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true, value_parser = address)]
    to: Option<String>,
    /// What an account sent, or tried to: its name, or its id as Received fields have it
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Not before: 2h, 7d, 2026-01-31, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    since: Option<Millis>,
    /// Only the latest N
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// `onward trace`.
///
/// # Errors
/// When the journal cannot be read.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let Args { id, from, to, account, since, limit, json } = args;
    let mut out = BufWriter::new(context.out());
    let mut found = false;
    let work = async |store: Option<&Store>| {
        let (names, account) = match (store, account) {
            (Some(store), Some(name)) => {
                (Names::all(store).await?, Some(accounts::id_of(store, &name).await?))
            }
            (Some(store), None) => (Names::all(store).await?, None),
            (None, _) => (Names::default(), None),
        };
        let bar = Bar::of("reading the journal", json);
        let each = |message: &Record| {
            if !found {
                bar.clear();
            }
            found = true;
            let message = names.traced(message);
            if json { write_json(&mut out, &message) } else { write_text(&mut out, &message) }
        };
        let filter = Filter { id, from, to, account, since, limit, ..Filter::default() };
        Ok(trace(&Place::of(&config), &filter, each).await?)
    };
    block_on(with_existing_store(&config, Purpose::Read, work))?;
    out.flush()?;
    if !found && !json {
        // To stderr, as it is no result; nothing hangs on it.
        let _ = writeln!(io::stderr(), "onward: no message matches");
    }
    Ok(ExitCode::SUCCESS)
}

fn write_text(out: &mut impl Write, traced: &Traced<'_>) -> io::Result<()> {
    let Traced { record, account } = traced;
    let Record { id, time, outcome, ms, .. } = record;
    writeln!(out, "{time}  {}  {outcome} in {ms} ms", printable(id))?;
    let mut field = |name: &str, value: &str| writeln!(out, "  {name:<7} {}", printable(value));
    let client = record.client.map_or_else(|| "unix socket".into(), |ip| ip.to_string());
    let plain_or = |tls: &str| if tls.is_empty() { "plaintext".to_owned() } else { tls.to_owned() };
    field("client", &format!("{client} ({}), {}", record.helo, plain_or(&record.tls)))?;
    if let Some(account) = account {
        field("account", account)?;
    }
    field("from", &record.sender())?;
    if let Some(srs_from) = &record.srs_from {
        field("sent as", srs_from)?;
    }
    field("to", &record.to.join(", "))?;
    if record.size > 0 {
        field("size", &print_size(record.size))?;
    }
    for AttemptLine { to, host, reply, ms, verdict, tls, .. } in &record.attempts {
        let tls = plain_or(tls);
        let text = format!("{} at {host}, {tls}: {verdict} in {ms} ms: {reply}", to.join(", "));
        field("attempt", &text)?;
    }
    if !record.auth.is_empty() {
        field("checks", &record.auth)?;
    }
    if let Some(filter) = &record.filter {
        field("filter", &filter.to_string())?;
    }
    field("reply", &record.reply)?;
    if !record.detail.is_empty() {
        field("note", &record.detail)?;
    }
    Ok(())
}
