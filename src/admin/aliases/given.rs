//! The aliases of a file that somebody gives. What is in memory of them is the text, which is taken apart anew whenever they are
//! gone through: a million of them would be many times as much.

use super::record::Record;
use crate::{
    admin::Error,
    alias::{
        Alias, AliasSource,
        import::{Beside, Format, Import, Problem, Reading, Service, Surroundings, read_service},
    },
};
use std::{collections::HashSet, fs::File, io::Read, path::Path, sync::Arc};

/// Longest file that is read, in octets.
const MAX_FILE: u64 = 64 << 20;

/// What a file is, and what is known beside its text.
#[derive(Debug, Clone)]
pub enum Foreign {
    /// Records, as `export` writes them.
    Records,
    /// Of another mail system.
    System(Format, Surroundings),
    /// Of a hosted service.
    Service(Service, Beside),
}

/// The aliases of a file, but for those that are left out; each goes by its place among all of them.
#[derive(Clone)]
pub(super) struct Given {
    file: Arc<Text>,
    left_out: HashSet<usize>,
}

struct Text {
    text: String,
    kind: Kind,
    /// Of each alias.
    lines: Vec<u32>,
}

enum Kind {
    Records,
    System(Format, Surroundings),
    /// What services export is small, and said in many ways: it is taken apart once.
    Whole(Vec<(usize, Alias)>),
}

type Aliases<'a> = Box<dyn Iterator<Item = (usize, Alias)> + Send + 'a>;

impl Given {
    /// Reads a file; gives what stands in it beside aliases, too.
    ///
    /// # Errors
    /// When it cannot be read, is no text, or is too long.
    pub(super) fn read(file: &Path, foreign: Foreign) -> Result<(Self, Import), Error> {
        let mut text = read(file)?;
        let line = |(line, _): (usize, Alias)| u32::try_from(line).unwrap_or(u32::MAX);
        let mut lines = Vec::new();
        let (kind, rest) = match foreign {
            Foreign::Records => {
                let mut rest = Import::default();
                for read in records(&text) {
                    match read {
                        Ok(found) => lines.push(line(found)),
                        Err(problem) => rest.problems.push(problem),
                    }
                }
                (Kind::Records, rest)
            }
            Foreign::System(format, surroundings) => {
                let mut reading = Reading::new(format, &text, &surroundings);
                lines.extend(reading.by_ref().map(line));
                let rest = reading.rest();
                (Kind::System(format, surroundings), rest)
            }
            Foreign::Service(service, beside) => {
                let mut rest = read_service(service, &text, &beside);
                let aliases = std::mem::take(&mut rest.aliases);
                lines.extend(aliases.iter().cloned().map(line));
                text = String::new();
                (Kind::Whole(aliases), rest)
            }
        };
        let given = Self { file: Arc::new(Text { text, kind, lines }), left_out: HashSet::new() };
        Ok((given, rest))
    }

    /// Where an alias stands.
    pub(super) fn line(&self, number: usize) -> usize {
        self.file.lines.get(number).map_or(0, |line| *line as usize)
    }

    pub(super) fn leave_out(&mut self, number: usize) {
        self.left_out.insert(number);
    }
}

impl AliasSource for Given {
    fn aliases(&self) -> Aliases<'_> {
        let all = self.file.aliases().enumerate();
        let stays = |(number, _): &(usize, (usize, Alias))| !self.left_out.contains(number);
        Box::new(all.filter(stays).map(|(number, (_, alias))| (number, alias)))
    }

    fn count(&self) -> usize {
        self.file.lines.len().saturating_sub(self.left_out.len())
    }
}

impl Text {
    fn aliases(&self) -> Aliases<'_> {
        match &self.kind {
            Kind::Records => Box::new(records(&self.text).filter_map(Result::ok)),
            Kind::System(format, surroundings) => {
                Box::new(Reading::new(*format, &self.text, surroundings))
            }
            Kind::Whole(aliases) => Box::new(aliases.iter().cloned()),
        }
    }
}

fn records(text: &str) -> impl Iterator<Item = Result<(usize, Alias), Problem>> + '_ {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| {
        let record = Record::read(line);
        let alias =
            record.and_then(|record| record.into_alias().map_err(|error| error.to_string()));
        alias.map(|alias| (at + 1, alias)).map_err(|what| Problem::new(at + 1, what))
    })
}

fn read(file: &Path) -> Result<String, Error> {
    let opened = File::open(file).map_err(|error| Error::file(file, error))?;
    let mut octets = Vec::new();
    if let Ok(metadata) = opened.metadata() {
        // Nothing is copied as it grows.
        let octets_there = metadata.len().min(MAX_FILE) as usize;
        octets.reserve_exact(octets_there + 1);
    }
    opened.take(MAX_FILE + 1).read_to_end(&mut octets).map_err(|error| Error::file(file, error))?;
    if octets.len() as u64 > MAX_FILE {
        return Err(Error::file(file, "it is larger than 64 MiB"));
    }
    String::from_utf8(octets).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let read = error.as_bytes().iter().take(at).filter(|octet| **octet == b'\n').count();
        let what = "it is not text in UTF-8; of a table, the source is wanted, not the .db that postmap makes of it";
        Error::Line { file: file.to_owned(), line: read + 1, what: what.to_owned() }
    })
}
