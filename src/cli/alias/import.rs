//! `onward alias import`: the aliases of another mail system.

use crate::{
    address::Domain,
    admin::{
        Store,
        aliases::{self, Foreign, Wanted},
    },
    alias::{
        Alias,
        import::{self, Problem, Surroundings},
    },
    cli::{Failure, context::write_json},
};
use std::{
    collections::HashMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Lines of one cause that are named.
const LINES: usize = 20;

/// Adds the aliases of another mail system's file
///
/// Prints what it adds, and what cannot be translated, with the line and the reason; where there is
/// such a line nothing is changed, and the exit code is 1, unless --skip leaves it out. All of it is done, or
/// nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose file it is
    #[arg(long, value_name = "FORMAT")]
    from: Format,
    /// The source of the table, not its .db
    file: PathBuf,
    /// The domain of names without one
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    domain: Option<Domain>,
    /// Where mail for mailboxes of the old machine goes: to each one's name at this domain
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    mailboxes: Option<Domain>,
    /// Host the domains that are not hosted yet
    #[arg(long)]
    add_domains: bool,
    /// Take the file's where an address has another alias already
    #[arg(long)]
    replace: bool,
    /// Leave out what cannot be translated
    #[arg(long)]
    skip: bool,
    /// Only print what would change
    #[arg(long)]
    pub(super) plan: bool,
    /// Print what changes as JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// virtual(5), the source of virtual_alias_maps
    PostfixVirtual,
    /// regexp_table(5)
    PostfixRegexp,
    /// pcre_table(5)
    PostfixPcre,
    /// aliases(5), as /etc/aliases
    Aliases,
    /// An alias file of Exim's redirect router
    Exim,
    /// CSV whose first line names the columns
    Csv,
    /// JSON lines, as onward alias export writes them
    Onward,
}

/// Gives the aliases that are new, or as new.
pub(super) async fn run(
    args: Args,
    store: &Store,
    out: &mut impl Write,
) -> Result<Vec<Alias>, Failure> {
    let surroundings = Surroundings { domain: args.domain, mailboxes: args.mailboxes };
    let foreign = Foreign { format: args.from.foreign(), surroundings };
    let wanted = Wanted { add_domains: args.add_domains, replace: args.replace };
    let plan = aliases::plan_import(store, &args.file, &foreign, wanted).await?;
    for change in &plan.changes {
        if args.json { write_json(out, change)? } else { writeln!(out, "{change}")? }
    }
    tell(&args.file, &plan.notes)?;
    tell(&args.file, &plan.problems)?;
    if plan.unchanged > 0 && !args.json {
        writeln!(out, "{} stand here already as they are", plan.unchanged)?;
    }
    let new = plan.changes.iter().filter_map(|change| match change {
        aliases::Change::Add { alias } | aliases::Change::Replace { alias, .. } => Some(alias),
        aliases::Change::Host { .. } => None,
    });
    let new: Vec<Alias> = new.cloned().collect();
    let count = plan.problems.len();
    if count > 0 && !args.skip {
        out.flush()?;
        let (done, lines) = match (args.plan, count) {
            (true, 1) => ("nothing would be changed", "a line".to_owned()),
            (true, _) => ("nothing would be changed", format!("{count} lines")),
            (false, 1) => ("nothing is changed", "a line".to_owned()),
            (false, _) => ("nothing is changed", format!("{count} lines")),
        };
        return Err(Failure::new(format_args!(
            "{done}: {lines} cannot be taken over (above); --skip leaves them out"
        )));
    }
    if !args.plan {
        plan.carry_out(store).await?;
    }
    Ok(new)
}

impl Format {
    /// `None` for our own.
    fn foreign(self) -> Option<import::Format> {
        match self {
            Self::PostfixVirtual => Some(import::Format::PostfixVirtual),
            Self::PostfixRegexp => Some(import::Format::PostfixRegexp),
            Self::PostfixPcre => Some(import::Format::PostfixPcre),
            Self::Aliases => Some(import::Format::Aliases),
            Self::Exim => Some(import::Format::Exim),
            Self::Csv => Some(import::Format::Csv),
            Self::Onward => None,
        }
    }
}

/// Says each cause once, with the first line it is said of, and the numbers of the others.
fn tell(file: &Path, problems: &[Problem]) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for Said { line, what, also } in said(problems) {
        writeln!(err, "{}:{line}: {what}{}", file.display(), others(&also))?;
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

fn others(lines: &[usize]) -> String {
    let named: Vec<String> = lines.iter().take(LINES).map(ToString::to_string).collect();
    let more = match lines.len().saturating_sub(LINES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match lines {
        [] => String::new(),
        [line] => format!("; so too line {line}"),
        _ => format!("; so too lines {}{more}", named.join(", ")),
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
            .map(|one| format!("{}: {}{}", one.line, one.what, others(&one.also)))
            .collect();
        let lines: Vec<String> = (2..=21).map(|line| line.to_string()).collect();
        let long = format!("1: n1 has no domain; so too lines {} and 9 more", lines.join(", "));
        assert_eq!(told, [long.as_str(), "4: no colon; so too line 31"]);
    }
}
