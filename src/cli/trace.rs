//! `onward trace`: what happened to a message.

use super::{
    Context, Failure,
    time::{parse_since, rfc3339 as time},
};
use crate::{
    address::ReversePath,
    config::print_size,
    log::printable,
    store::{
        blocking::Reader,
        journal::{self, Filter, JournalError, Record},
    },
    time::Millis,
};
use serde::Serialize;
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
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// A recipient, or a mailbox it was handed on to: an address or @domain
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
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
    let reader = Reader::open(&context.config()?.state_dir)?;
    let filter =
        Filter { id: args.id, from: args.from, to: args.to, since: args.since, limit: args.limit };
    let mut out = BufWriter::new(context.out());
    let mut found = false;
    reader.read(&filter, |record| -> Result<(), Failure> {
        found = true;
        match args.json {
            true => write_json(&mut out, &record)?,
            false => write_text(&mut out, &record)?,
        }
        Ok(())
    })?;
    out.flush()?;
    if !found && !args.json {
        // To stderr, as it is no result; nothing hangs on it.
        let _ = writeln!(io::stderr(), "onward: no message matches");
    }
    Ok(ExitCode::SUCCESS)
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(error)
    }
}

/// The object of `--json`. Its fields are a promise to scripts.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    time: String,
    client: Option<String>,
    from: String,
    srs_from: Option<&'a str>,
    to: &'a [String],
    outcome: &'static str,
    reply: &'a str,
    attempts: Vec<AttemptLine<'a>>,
    auth: &'a str,
    /// How it came encrypted; empty for plaintext.
    tls: &'a str,
    note: &'a str,
}

#[derive(Serialize)]
struct AttemptLine<'a> {
    time: String,
    host: &'a str,
    reply: &'a str,
    ms: u64,
    /// How it went encrypted; empty for plaintext.
    tls: &'a str,
}

fn write_json(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let line = Line {
        id: &record.id,
        time: time(record.time),
        client: record.client.map(|ip| ip.to_string()),
        from: bare(&record.from),
        srs_from: record.srs_from.as_deref(),
        to: &record.to,
        outcome: record.outcome.as_str(),
        reply: &record.reply,
        attempts: record
            .attempts
            .iter()
            .map(|a| AttemptLine {
                time: time(a.time),
                host: &a.host,
                reply: &a.reply,
                ms: a.ms,
                tls: &a.tls,
            })
            .collect(),
        auth: &record.auth,
        tls: &record.tls,
        note: &record.detail,
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}

fn write_text(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let Record { id, outcome, ms, .. } = record;
    writeln!(out, "{}  {}  {outcome} in {ms} ms", time(record.time), printable(id))?;
    let mut field = |name: &str, value: &str| writeln!(out, "  {name:<7} {}", printable(value));
    let client = record.client.map_or_else(|| "unix socket".into(), |ip| ip.to_string());
    let plain_or = |tls: &str| if tls.is_empty() { "plaintext".to_owned() } else { tls.to_owned() };
    field("client", &format!("{client} ({}), {}", record.helo, plain_or(&record.tls)))?;
    field("from", &bare(&record.from))?;
    if let Some(srs_from) = &record.srs_from {
        field("sent as", srs_from)?;
    }
    field("to", &record.to.join(", "))?;
    if record.size > 0 {
        field("size", &print_size(record.size))?;
    }
    for journal::AttemptLine { to, host, reply, ms, verdict, tls, .. } in &record.attempts {
        let tls = plain_or(tls);
        let text = format!("{} at {host}, {tls}: {verdict} in {ms} ms: {reply}", to.join(", "));
        field("attempt", &text)?;
    }
    if !record.auth.is_empty() {
        field("checks", &record.auth)?;
    }
    field("reply", &record.reply)?;
    if !record.detail.is_empty() {
        field("note", &record.detail)?;
    }
    Ok(())
}

fn bare(path: &ReversePath) -> String {
    path.mailbox().map_or_else(|| "<>".into(), ToString::to_string)
}
