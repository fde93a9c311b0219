use super::{record::Record, refuse_lookalike};
use crate::{
    admin::{Error, Store},
    alias::Alias,
    store::{Apply, Change},
};
use std::{
    fmt::Display,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

/// Makes the aliases equal to the records in `file`, one a line, as far as `extent` says, and tells `each`
/// change in words. Gives the aliases that come with it.
///
/// # Errors
/// When the file cannot be read or holds what is no alias, when aliases are refused together, when more would be
/// removed than `extent` allows, when the store fails, or `each` does.
pub async fn apply(
    store: &Store,
    file: &Path,
    extent: Apply,
    mut each: impl FnMut(&dyn Display) -> io::Result<()>,
) -> Result<Vec<Alias>, Error> {
    let opened = File::open(file).map_err(|error| Error::file(file, error))?;
    let lines = BufReader::with_capacity(1 << 18, opened).lines();
    let aliases = lines.enumerate().filter_map(|(index, line)| {
        let alias = match line {
            Ok(line) if line.trim().is_empty() => return None,
            Ok(line) => parse(&line),
            Err(error) => Err(error.to_string()),
        };
        let at_line = |what| Error::Line { file: file.to_owned(), line: index + 1, what };
        Some(alias.map_err(at_line))
    });
    let wanted = aliases.collect::<Result<Vec<Alias>, Error>>()?;
    let changes = store.apply(wanted, extent).await?;
    changes.iter().try_for_each(|change| each(change)).map_err(Error::Output)?;
    let new = changes.into_iter().filter_map(|change| match change {
        Change::Add(alias) | Change::Replace { new: alias, .. } => Some(alias),
        Change::Remove(_) | Change::Reorder => None,
    });
    Ok(new.collect())
}

fn parse(line: &str) -> Result<Alias, String> {
    let alias = Record::read(line)?.into_alias().map_err(|error| error.to_string())?;
    refuse_lookalike(&alias).map_err(|error| error.to_string())?;
    Ok(alias)
}
