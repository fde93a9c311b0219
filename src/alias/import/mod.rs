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
use std::collections::HashMap;

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
    let mut import = Import::default();
    if text.lines().count() > MAX_LINES {
        import.problem(MAX_LINES, "no more than a million lines are read");
        return import;
    }
    match format {
        Format::PostfixVirtual => table::read(text, surroundings, &mut import),
        Format::PostfixRegexp => patterns::read(text, patterns::Kind::Regexp, &mut import),
        Format::PostfixPcre => patterns::read(text, patterns::Kind::Pcre, &mut import),
        Format::Aliases => names::read(text, surroundings, false, &mut import),
        Format::Exim => names::read(text, surroundings, true, &mut import),
        Format::Csv => csv::read(text, &mut import),
    }
    import.refuse_repeated();
    import
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

    /// Where an address comes twice, all systems read here go by the first; but for maps that were built
    /// from the file, which go by the last. So nobody can tell, and none of the lines is taken.
    pub(crate) fn refuse_repeated(&mut self) {
        let mut lines: HashMap<Key, Vec<usize>> = HashMap::new();
        for (line, alias) in &self.aliases {
            lines.entry(alias.address().key()).or_default().push(*line);
        }
        let cause = "stands in several lines; which of them counts cannot be told";
        for (line, alias) in std::mem::take(&mut self.aliases) {
            match lines.get(&alias.address().key()) {
                Some(lines) if lines.len() > 1 => {
                    self.problem_of(line, &alias.address().to_string(), cause);
                }
                _ => self.aliases.push((line, alias)),
            }
        }
    }
}

/// The entries of a Postfix table or alias file: comments and empty lines go, lines that begin with a
/// blank continue the one before.
fn entries(text: &str, import: &mut Import) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let is_comment = line.trim_start().starts_with('#');
        if line.is_empty() || is_comment {
            continue;
        }
        match entries.last_mut() {
            Some(entry) if line.starts_with([' ', '\t']) => {
                entry.text.push(' ');
                entry.text.push_str(line.trim_start());
            }
            _ => entries.push(Entry { line: at + 1, text: line.trim_start().to_owned() }),
        }
    }
    entries.retain(|entry| {
        let fits = entry.text.len() <= MAX_ENTRY;
        if !fits {
            import.problem(entry.line, format!("the entry is longer than {MAX_ENTRY} octets"));
        }
        fits
    });
    entries
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
        let mut import = Import::default();
        let text = "# no\n\na b\n  c\n# still no\n\td\ne f\n";
        let entries = entries(text, &mut import);
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
