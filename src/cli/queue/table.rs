use super::{Failure, view};
use crate::{
    cli::{size::size, time::span},
    clock,
    log::printable,
    store::spool::Spooled,
    time::Millis,
};
use std::{io::Write, time::Duration};

/// The names of the columns.
pub(super) fn head(out: &mut impl Write) -> Result<(), Failure> {
    row(out, ["ID", "STATE", "SIZE", "AGE", "TRIES", "NEXT"], "FROM -> TO: LAST REPLY")
}

/// One message, one line.
pub(super) fn line(message: &Spooled, out: &mut impl Write) -> Result<(), Failure> {
    let age = span(clock::millis().since(message.head.arrived));
    let attempts = view::attempts(message).to_string();
    let next = in_future(view::next_attempt(message));
    let (size, state) = (size(message.size), view::state(message));
    let reply = view::open(message).next().map(|leg| leg.reply.to_string()).unwrap_or_default();
    let (from, to) = (view::from(message), view::to(message).join(", "));
    let rest = printable(&format!("{from} -> {to}: {reply}"));
    row(out, [&message.head.id, state, &size, &age, &attempts, &next], &rest)
}

/// How long until then: `25m`, `now`.
pub(super) fn in_future(time: Option<Millis>) -> String {
    match time.map(|time| time.since(clock::millis())) {
        None => "-".to_owned(),
        Some(wait) if wait < Duration::from_secs(1) => "now".to_owned(),
        Some(wait) => span(wait),
    }
}

fn row(out: &mut impl Write, columns: [&str; 6], rest: &str) -> Result<(), Failure> {
    let [id, state, size, age, attempts, next] = columns;
    writeln!(out, "{id:<16}  {state:<9} {size:>8} {age:>6} {attempts:>5} {next:>6}  {rest}")?;
    Ok(())
}
