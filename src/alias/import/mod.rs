//! Aliases in the words of other mail systems, turned into ours. What cannot be is named, with the
//! reason.

mod csv;
mod names;
mod patterns;
mod service;
mod table;

pub use service::{Beside, Service, read_service};

use super::{Alias, AliasAddress, AliasError, Key};
use crate::address::Domain;
use std::{
    collections::{HashMap, HashSet},
    iter::{Enumerate, Peekable},
    str,
};

/// Lines that are read of one file.
const MAX_LINES: usize = 1_000_000;
/// Octets of one entry, its continued lines included.
const MAX_ENTRY: usize = 64 << 10;

/// Of a name without a domain, where none is known.
const NO_DOMAIN: &str = "has no domain; which it is, --domain says";
/// Of a destination that is no address, where mailboxes have no domain.
const OLD_MAILBOX: &str = "is a mailbox of the old machine; where its mail goes, --mailboxes says";

/// Whose words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// virtual(5) of Postfix: hash, texthash, lmdb and their source.
    PostfixVirtual,
    /// regexp_table(5) of Postfix.
    PostfixRegexp,
    /// pcre_table(5) of Postfix.
    PostfixPcre,
    /// aliases(5): Sendmail's, Postfix's, OpenSMTPD's.
    Aliases,
    /// Alias files of Exim's redirect router, for lsearch.
    Exim,
    /// A line of names, and a line an alias, as hosted services export them.
    Csv,
}

/// What is known beside the file.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The domain of names without one, where the file may have them.
    pub domain: Option<Domain>,
    /// Where mailboxes of the old machine, which are names that are no aliases, are to get their mail:
    /// each at this domain.
    pub mailboxes: Option<Domain>,
}

/// What a file comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The aliases, each with its line, in the order of the file.
    pub aliases: Vec<(usize, Alias)>,
    /// Domains that the file declares to have aliases.
    pub domains: Vec<(usize, Domain)>,
    /// What could not be translated.
    pub problems: Vec<Problem>,
    /// What was left out because it means nothing here.
    pub notes: Vec<Problem>,
    /// Its numbers are of items, as a list of JSON has them, and not of lines.
    pub counts_items: bool,
}

/// A line, and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is to be said about the line.
    pub what: String,
    /// What many lines may have in common, whose names differ.
    pub cause: String,
}

impl Problem {
    /// One that is the same for every line it is said of.
    pub fn new(line: usize, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { line, cause: what.clone(), what }
    }

    /// One of `subject`, with a cause that others may have too.
    pub fn of(line: usize, subject: &str, cause: &str) -> Self {
        Self { line, what: format!("{subject} {cause}"), cause: cause.to_owned() }
    }
}

/// One entry of a file: the lines that continue it are part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    line: usize,
    text: String,
}

/// Reads the text of a file.
pub fn read(format: Format, text: &str, surroundings: &Surroundings) -> Import {
    let mut reading = Reading::new(format, text, surroundings);
    let aliases = reading.by_ref().collect();
    let mut import = Import { aliases, ..reading.rest() };
    import.refuse_repeated();
    import
}

/// The aliases of a file's text with their lines, one after the other, so that a million of them need not be held; those
/// that come twice among them.
pub struct Reading<'a> {
    lines: Lines<'a>,
    import: Import,
}

/// How the text is taken apart.
enum Lines<'a> {
    Table(Entries<'a>, &'a Surroundings),
    Patterns(Entries<'a>, patterns::Patterns),
    Names(Entries<'a>, names::Names<'a>),
    Csv(Box<csv::Rows<'a>>),
    Nothing,
}

impl<'a> Reading<'a> {
    /// Begins with the first line.
    pub fn new(format: Format, text: &'a str, surroundings: &'a Surroundings) -> Self {
        let mut import = Import::default();
        if text.lines().count() > MAX_LINES {
            import.problem(MAX_LINES, "no more than a million lines are read");
            return Self { lines: Lines::Nothing, import };
        }
        let entries = Entries::of(text);
        let patterns = patterns::Patterns::new;
        let names = |has_wildcards| names::Names::of(text, surroundings, has_wildcards);
        let lines = match format {
            Format::PostfixVirtual => Lines::Table(entries, surroundings),
            Format::PostfixRegexp => Lines::Patterns(entries, patterns(patterns::Kind::Regexp)),
            Format::PostfixPcre => Lines::Patterns(entries, patterns(patterns::Kind::Pcre)),
            Format::Aliases => Lines::Names(entries, names(false)),
            Format::Exim => Lines::Names(entries, names(true)),
            Format::Csv => csv::Rows::of(text, &mut import)
                .map_or(Lines::Nothing, |rows| Lines::Csv(Box::new(rows))),
        };
        Self { lines, import }
    }

    /// What was found so far beside the aliases.
    pub fn rest(self) -> Import {
        self.import
    }

    /// Reads an entry; `false` behind the last.
    fn step(&mut self) -> bool {
        let import = &mut self.import;
        let entries = match &mut self.lines {
            Lines::Csv(rows) => return rows.next(import),
            Lines::Nothing => return false,
            Lines::Table(entries, _) | Lines::Patterns(entries, _) | Lines::Names(entries, _) => {
                entries
            }
        };
        let Some(entry) = entries.next() else { return false };
        if entry.text.len() > MAX_ENTRY {
            import.problem(entry.line, format!("the entry is longer than {MAX_ENTRY} octets"));
            return true;
        }
        match &mut self.lines {
            Lines::Table(_, surroundings) => table::read(&entry, surroundings, import),
            Lines::Patterns(_, patterns) => patterns.read(&entry, import),
            Lines::Names(_, names) => names.read(&entry, import),
            Lines::Csv(_) | Lines::Nothing => {}
        }
        true
    }
}

impl Iterator for Reading<'_> {
    type Item = (usize, Alias);

    fn next(&mut self) -> Option<(usize, Alias)> {
        loop {
            // An entry is one alias at most.
            if let Some(found) = self.import.aliases.pop() {
                return Some(found);
            }
            if !self.step() {
                return None;
            }
        }
    }
}

/// The keys that come more than once. They are gone through twice, and numbers are kept for them: keys themselves would take
/// more memory than the text that they stand in.
pub fn repeated<I: Iterator<Item = Key>>(keys: impl Fn() -> I) -> HashSet<Key> {
    let mut prints: Vec<u64> = keys().map(|key| key.fingerprint()).collect();
    prints.sort_unstable();
    let pairs = prints.iter().zip(prints.iter().skip(1));
    let again: HashSet<u64> =
        pairs.filter(|(one, next)| one == next).map(|(one, _)| *one).collect();
    drop(prints);
    if again.is_empty() {
        return HashSet::new();
    }
    let (mut seen, mut repeated) = (HashSet::new(), HashSet::new());
    for key in keys().filter(|key| again.contains(&key.fingerprint())) {
        if let Some(key) = seen.replace(key) {
            repeated.insert(key);
        }
    }
    repeated
}

/// Where an address comes twice, all systems read here go by the first; but for maps that were built
/// from the file, which go by the last. So nobody can tell, and none of the lines is taken.
pub fn repeated_problem(line: usize, alias: &Alias) -> Problem {
    let cause = "stands in several lines; which of them counts cannot be told";
    Problem::of(line, &alias.address().to_string(), cause)
}

impl Import {
    fn problem(&mut self, line: usize, what: impl Into<String>) {
        self.problems.push(Problem::new(line, what));
    }

    fn problem_of(&mut self, line: usize, subject: &str, cause: &str) {
        self.problems.push(Problem::of(line, subject, cause));
    }

    fn note(&mut self, line: usize, what: impl Into<String>) {
        self.notes.push(Problem::new(line, what));
    }

    fn alias(&mut self, line: usize, alias: Result<Alias, AliasError>) {
        match alias {
            Ok(alias) => self.aliases.push((line, alias)),
            Err(error) => self.problem(line, error.to_string()),
        }
    }

    fn domain(&mut self, line: usize, name: &str) {
        match Domain::parse(name) {
            Ok(domain) => self.domains.push((line, domain)),
            Err(error) => self.problem(line, format!("{name}: {error}")),
        }
    }

    /// An alias of `address`, or of a regex between slashes, that leads to `targets`.
    fn forward(&mut self, line: usize, address: &str, targets: &[String]) {
        if targets.iter().any(|target| target.eq_ignore_ascii_case(address)) {
            let cause = "keeps a copy in a mailbox of its own name; there are no mailboxes here";
            return self.problem_of(line, address, cause);
        }
        let alias =
            AliasAddress::parse(address).and_then(|address| Alias::forward(address, targets));
        self.alias(line, alias);
    }

    /// Pages of an API overlap where something changed between two questions: an alias that comes again just as it was is
    /// taken once, and said.
    fn take_repeated_once(&mut self) {
        let mut known: HashMap<Key, Alias> = HashMap::new();
        for (line, alias) in std::mem::take(&mut self.aliases) {
            match known.get(&alias.address().key()) {
                Some(first) if *first == alias => {
                    let cause = "stands here again just as before, and is taken once";
                    self.notes.push(Problem::of(line, &alias.address().to_string(), cause));
                }
                _ => {
                    known.entry(alias.address().key()).or_insert_with(|| alias.clone());
                    self.aliases.push((line, alias));
                }
            }
        }
    }

    /// None of the lines whose addresses come twice is taken.
    fn refuse_repeated(&mut self) {
        let repeated = repeated(|| self.aliases.iter().map(|(_, alias)| alias.address().key()));
        if repeated.is_empty() {
            return;
        }
        for (line, alias) in std::mem::take(&mut self.aliases) {
            match repeated.contains(&alias.address().key()) {
                true => self.problems.push(repeated_problem(line, &alias)),
                false => self.aliases.push((line, alias)),
            }
        }
    }
}

/// The entries of a Postfix table or alias file: comments and empty lines go, lines that begin with a
/// blank continue the one before.
struct Entries<'a> {
    lines: Peekable<Enumerate<str::Lines<'a>>>,
}

impl<'a> Entries<'a> {
    fn of(text: &'a str) -> Self {
        Self { lines: text.lines().enumerate().peekable() }
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let (at, line) = self.lines.find(|(_, line)| !is_skipped(line))?;
        let mut entry = Entry { line: at + 1, text: line.trim().to_owned() };
        let continues =
            |(_, line): &(usize, &str)| is_skipped(line) || line.starts_with([' ', '\t']);
        while let Some((_, line)) = self.lines.next_if(continues) {
            if !is_skipped(line) {
                entry.text.push(' ');
                entry.text.push_str(line.trim());
            }
        }
        Some(entry)
    }
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// The words of a value: between `separators`, and with `blanks` between blanks too, but for what stands
/// in quotes.
pub fn split(text: &str, separators: &[char], blanks: bool) -> Vec<String> {
    let (mut quoted, mut escaped) = (false, false);
    let is_between = |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        !quoted && (separators.contains(&c) || blanks && c.is_ascii_whitespace())
    };
    let parts = text.split(is_between).map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_and_their_lines() {
        let text = "# no\n\na b\n  c\n# still no\n\td\ne f\n";
        let entries: Vec<Entry> = Entries::of(text).collect();
        let found: Vec<_> = entries.iter().map(|entry| (entry.line, &*entry.text)).collect();
        assert_eq!(found, [(3, "a b c d"), (7, "e f")]);
    }

    #[test]
    fn what_stands_twice() {
        let import = read(
            Format::PostfixVirtual,
            "a@b.test x@y.test\nA@b.test z@y.test\n",
            &Surroundings::default(),
        );
        assert_eq!(import.aliases, [], "what is said to be left out is not added");
        let named: Vec<_> = import.problems.iter().map(|one| (one.line, &*one.what)).collect();
        let cause = "stands in several lines; which of them counts cannot be told";
        assert_eq!(named, [(1, &*format!("a@b.test {cause}")), (2, &*format!("A@b.test {cause}"))]);
    }

    proptest! {
        #[test]
        fn any_text(text in "[a@b.:,|/#\"!${}()1if \t\n\\\\*-]{0,80}", which in 0_usize..6) {
            let formats = [
                Format::PostfixVirtual, Format::PostfixRegexp, Format::PostfixPcre, Format::Aliases,
                Format::Exim, Format::Csv,
            ];
            let domain = Domain::parse("example.org").ok();
            let import = read(formats[which], &text, &Surroundings { domain, mailboxes: None });
            let lines = text.lines().count();
            for (line, _) in &import.aliases {
                prop_assert!((1..=lines).contains(line));
            }
        }
    }
}
