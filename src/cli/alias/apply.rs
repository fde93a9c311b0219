use super::{Failure, Record};
use crate::{alias::Alias, store::blocking::Directory};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
};

/// Makes the aliases equal to `file`, or prints what that would change.
pub(super) fn apply(
    directory: &mut Directory,
    file: &Path,
    plan: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let name = file.display();
    let opened = File::open(file).map_err(|error| Failure::new(format_args!("{name}: {error}")))?;
    let lines = BufReader::with_capacity(1 << 18, opened).lines();
    let aliases = lines.enumerate().filter_map(|(index, line)| {
        let at_line =
            |why: &dyn std::fmt::Display| Failure::new(format_args!("{name}:{}: {why}", index + 1));
        match line {
            Ok(line) if line.trim().is_empty() => None,
            Ok(line) => Some(parse(&line, at_line)),
            Err(error) => Some(Err(at_line(&error))),
        }
    });
    directory.apply(aliases, plan, |change| Ok(writeln!(out, "{change}")?))
}

fn parse(
    line: &str,
    at_line: impl Fn(&dyn std::fmt::Display) -> Failure,
) -> Result<Alias, Failure> {
    let record: Record = serde_json::from_str(line).map_err(|error| {
        // The JSON reader's own "at line 1 column n" counts lines within this one.
        let text = error.to_string();
        at_line(&text.split(" at line ").next().unwrap_or(&text))
    })?;
    record.into_alias().map_err(|error| at_line(&error))
}
