//! `onward alias list`.

use crate::{
    admin::{
        Store,
        aliases::{self, Listed, Record},
    },
    alias::{Alias, Filter, MAX_SEARCH},
    cli::{
        Failure, domain,
        progress::Bar,
        screen::Output,
        table::{Cell, Column, List},
        time::parse_past,
    },
    log::printable,
    time::Millis,
};

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

pub(super) async fn run(args: Args, store: &Store, out: &mut impl Output) -> Result<(), Failure> {
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
    let mut list = List::new(out, json, COLUMNS);
    aliases::find(store, &filter, |alias, counters| {
        through += 1;
        progress.step("written", through, None);
        list.add(
            || Listed { record: Record::from(alias), counters },
            |out| writeln!(out, "{}", printable(&alias.to_string())),
            || row(alias),
        )
    })
    .await?;
    Ok(list.end()?)
}

const COLUMNS: [Column; 4] = [
    Column::Text("ALIAS"),
    Column::Text("LEADS TO"),
    Column::Key("STATE"),
    Column::Text("RULES AND NOTE"),
];

fn row(alias: &Alias) -> [Cell; 4] {
    let does = alias.action().to_string();
    let does = does.strip_prefix("-> ").unwrap_or(&does);
    let state = if alias.enabled() { "" } else { "disabled" };
    let tag = match alias.keep_tag() {
        Some(true) => "(keeps the tag)",
        Some(false) => "(drops the tag)",
        None => "",
    };
    let rules = format!("{tag}{}", alias.rules());
    [alias.address().to_string().into(), does.into(), state.into(), rules.trim_start().into()]
}
