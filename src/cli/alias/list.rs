//! `onward alias list`.

use crate::{
    admin::{
        Store,
        aliases::{self, Listed, Record},
    },
    alias::{Filter, MAX_SEARCH},
    cli::{Failure, context::write_json, domain, progress::Bar, time::parse_past},
    log::printable,
    time::Millis,
};
use std::io::Write;

/// Prints the aliases; the regexes last, in the order in which they are tried
///
/// Of several options, an alias has to fit all. Those found by a text come in the order in which they were added, and
/// those that are unused in the order of how long they are.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only those of this domain
    #[arg(long)]
    domain: Option<String>,
    /// Only those with this text in the address, the note or a destination, in any case
    #[arg(long, value_name = "TEXT", value_parser = text)]
    find: Option<String>,
    /// Only those with this text in the note
    #[arg(long, value_name = "TEXT", value_parser = text)]
    note: Option<String>,
    /// Only those with this destination
    #[arg(long, value_name = "DEST")]
    to: Option<String>,
    /// Only those that are switched on
    #[arg(long, conflicts_with = "disabled")]
    enabled: bool,
    /// Only those that are switched off
    #[arg(long)]
    disabled: bool,
    /// Only those that took no mail since then, and were there before: 90d, 2026-01-31, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_past)]
    unused_since: Option<Millis>,
    /// One JSON object a line, with what came of the mail to each
    #[arg(long)]
    json: bool,
}

fn text(text: &str) -> Result<String, String> {
    match text.trim().chars().count() {
        1..=MAX_SEARCH => Ok(text.to_owned()),
        _ => Err(format!("accepted: 1 to {MAX_SEARCH} characters")),
    }
}

pub(super) async fn run(args: Args, store: &Store, out: &mut impl Write) -> Result<(), Failure> {
    let Args { domain, find, note, to, enabled, disabled, unused_since, json } = args;
    let filter = Filter {
        domain: domain.as_deref().map(domain::parse).transpose()?,
        destination: to,
        text: find,
        note,
        enabled: (enabled || disabled).then_some(enabled),
        unused_since: unused_since.map(Millis::unix_time),
        ..Filter::default()
    };
    let bar = Bar::beside_output();
    let (progress, mut through) = (bar.progress(), 0);
    aliases::find(store, &filter, |alias, counters| {
        through += 1;
        progress.step("written", through, None);
        match json {
            true => write_json(out, &Listed { record: Record::from(alias), counters }),
            false => writeln!(out, "{}", printable(&alias.to_string())),
        }
    })
    .await?;
    Ok(())
}
