//! `onward tls`: what came of TLS with the mail servers of others.

use super::{
    Context, Failure,
    context::{Purpose, block_on, with_store},
    table::{Cell, Column, List},
};
use crate::{admin::tls_results::tls_results, clock, time::Millis};
use jiff::{civil::Date, tz::TimeZone};
use std::{
    io::{StdoutLock, Write},
    process::ExitCode,
};

/// Shows what came of TLS with the mail servers of others
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Prints the sessions of a day by domain, policy and result (RFC 8460)
    Results {
        /// The day in UTC, as 2026-11-27 [default: today]
        #[arg(long, value_name = "DATE")]
        day: Option<Date>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

const COLUMNS: [Column; 5] = [
    Column::Number("SESSIONS"),
    Column::Text("DOMAIN"),
    Column::Text("POLICY"),
    Column::Text("RESULT"),
    Column::Text("AT"),
];

/// `onward tls`.
///
/// # Errors
/// When the store fails.
pub fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let Command::Results { day, json } = &args.command;
    let day = match day {
        Some(date) => Millis::from(date.to_zoned(TimeZone::UTC).map_err(Failure::new)?.timestamp()),
        None => clock::millis(),
    };
    let config = context.config()?;
    let rows = block_on(with_store(&config, Purpose::Read, async |store| {
        Ok(tls_results(store, day.unix_time()).await?)
    }))?;
    let mut out = context.out();
    let mut list = List::new(&mut out, *json, COLUMNS);
    for row in &rows {
        let (domain, policy, host) = (row.domain.as_str(), row.policy.as_str(), row.host.as_str());
        let result = if row.result.is_empty() { "success" } else { &row.result };
        let line = |out: &mut StdoutLock<'_>| {
            let host = if host.is_empty() { String::new() } else { format!(" at {host}") };
            writeln!(out, "{:>8}  {domain}  {policy}  {result}{host}", row.count)
        };
        let result = match row.result.is_empty() {
            true => Cell::from(result),
            false => Cell::wrong(result),
        };
        let count = row.count.to_string();
        list.add(
            || row,
            line,
            || [count.into(), domain.into(), policy.into(), result, host.into()],
        )?;
    }
    list.end()?;
    if rows.is_empty() && !json {
        writeln!(
            out,
            "no sessions are counted for that day; those of the last minute are not yet"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
