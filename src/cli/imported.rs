//! What is told of an import, whoever's file it is.

use super::{Failure, context::write_json, progress::Bar};
use crate::{
    admin::{
        Store,
        aliases::{self, Foreign, Imported, Wanted},
    },
    alias::{AliasSource, import::Problem},
    log::printable,
};
use std::{
    collections::HashMap,
    io::{self, Write},
    path::Path,
};

/// Lines of one cause that are named.
const LINES: usize = 20;

/// How far an import goes, and how it is told.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Host the domains that are not hosted yet
    #[arg(long)]
    add_domains: bool,
    /// Take the file's where an address has another alias already
    #[arg(long)]
    replace: bool,
    /// Leave out what cannot be taken over
    #[arg(long)]
    skip: bool,
    /// Only print what would change
    #[arg(long)]
    pub(super) plan: bool,
    /// Print what changes as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Takes over a file and tells of it; what it gives has the aliases that are new, or as new.
pub(super) async fn take_over(
    store: &Store,
    file: &Path,
    foreign: Foreign,
    options: &Options,
    out: &mut impl Write,
) -> Result<Box<dyn AliasSource>, Failure> {
    let Options { add_domains, replace, skip, plan, json } = *options;
    let bar = Bar::new(json);
    let wanted = Wanted { add_domains, replace, skip, plan, progress: bar.progress() };
    let imported = aliases::import(store, file, foreign, &wanted).await?;
    bar.clear();
    let count = imported.problems.len();
    let fails = count > 0 && !skip;
    for change in imported.changes() {
        match json {
            true => write_json(out, &change)?,
            false => writeln!(out, "{}", printable(&change.to_string()))?,
        }
    }
    tell(file, &imported.notes, imported.counts_items)?;
    tell(file, &imported.problems, imported.counts_items)?;
    if imported.unchanged() > 0 && !json {
        writeln!(out, "{} stand here already as they are", imported.unchanged())?;
    }
    if imported.is_empty() {
        writeln!(io::stderr(), "onward: {}: there are no aliases in it", file.display())?;
    }
    if fails {
        out.flush()?;
        return Err(refused(&imported, plan));
    }
    Ok(Box::new(imported))
}

fn refused(imported: &Imported, plan: bool) -> Failure {
    let done = if plan { "nothing would be changed" } else { "nothing is changed" };
    let what = match (imported.problems.len(), imported.counts_items) {
        (1, true) => "an item".to_owned(),
        (count, true) => format!("{count} items"),
        (1, false) => "a line".to_owned(),
        (count, false) => format!("{count} lines"),
    };
    Failure::new(format_args!(
        "{done}: {what} cannot be taken over (above); --skip leaves them out"
    ))
}

/// Says each cause once, with the first line it is said of, and the numbers of the others.
fn tell(file: &Path, problems: &[Problem], counts_items: bool) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for Said { line, what, also } in said(problems) {
        let place = if counts_items { format!(" item {line}") } else { line.to_string() };
        let told = format!("{what}{}", others(&also, counts_items));
        writeln!(err, "{}:{place}: {}", file.display(), printable(&told))?;
    }
    Ok(())
}

struct Said<'a> {
    line: usize,
    what: &'a str,
    also: Vec<usize>,
}

fn said(problems: &[Problem]) -> Vec<Said<'_>> {
    let mut said: Vec<Said<'_>> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for Problem { line, what, cause } in problems {
        match at.get(cause.as_str()).and_then(|at| said.get_mut(*at)) {
            Some(one) => one.also.push(*line),
            None => {
                at.insert(cause, said.len());
                said.push(Said { line: *line, what, also: Vec::new() });
            }
        }
    }
    said
}

fn others(lines: &[usize], counts_items: bool) -> String {
    let kind = if counts_items { "item" } else { "line" };
    let named: Vec<String> = lines.iter().take(LINES).map(ToString::to_string).collect();
    let more = match lines.len().saturating_sub(LINES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match lines {
        [] => String::new(),
        [line] => format!("; so too {kind} {line}"),
        _ => format!("; so too {kind}s {}{more}", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let many = (1..=30).map(|line| Problem::of(line, &format!("n{line}"), "has no domain"));
        let mut problems: Vec<Problem> = many.collect();
        problems.insert(3, Problem::new(4, "no colon"));
        problems.push(Problem::new(31, "no colon"));
        let told: Vec<String> = said(&problems)
            .iter()
            .map(|one| format!("{}: {}{}", one.line, one.what, others(&one.also, false)))
            .collect();
        let lines: Vec<String> = (2..=21).map(|line| line.to_string()).collect();
        let long = format!("1: n1 has no domain; so too lines {} and 9 more", lines.join(", "));
        assert_eq!(told, [long.as_str(), "4: no colon; so too line 31"]);
        assert_eq!(others(&[3, 4], true), "; so too items 3, 4");
    }
}
