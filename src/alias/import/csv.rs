//! CSV with a line of names, as hosted forwarders export it.

use super::{Import, split};
use crate::alias::{Alias, AliasError, Rules, SenderPattern, parse_day, parse_limit};
use csv::StringRecord;
use std::{borrow::Cow, io::Cursor};

/// How the columns may be called.
const ADDRESS: [&str; 6] = ["address", "alias", "source", "from", "email", "name"];
const DESTINATIONS: [&str; 10] = [
    "destinations",
    "destination",
    "forward_to",
    "forward to",
    "forwards to",
    "target",
    "targets",
    "to",
    "goto",
    "recipients",
];
const ENABLED: [&str; 3] = ["enabled", "active", "is_enabled"];
const KEEP_TAG: [&str; 1] = ["keep_tag"];
const SPAM: [&str; 1] = ["spam"];
const ALLOW: [&str; 3] = ["allow", "allowed", "allow_list"];
const BLOCK: [&str; 3] = ["block", "blocked", "block_list"];
const LIMIT: [&str; 2] = ["limit", "rate"];
const MAX_MESSAGES: [&str; 1] = ["max_messages"];
const EXPIRES: [&str; 3] = ["expires", "expires_at", "expiry"];
const REPLY_BY_ADDRESS: [&str; 1] = ["reply_by_address"];
const DIGEST: [&str; 1] = ["digest"];
const NOTE: [&str; 4] = ["note", "notes", "description", "comment"];
/// Columns of our own exports that follow from the others.
const KNOWN: [&str; 1] = ["kind"];

/// The rows behind the line of names.
pub(super) struct Rows<'a> {
    reader: csv::Reader<Cursor<Text<'a>>>,
    record: StringRecord,
    address: usize,
    destinations: usize,
    enabled: Option<usize>,
    words: Words,
}

/// The text as it stands, or with other ends of lines.
struct Text<'a>(Cow<'a, str>);

impl AsRef<[u8]> for Text<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl<'a> Rows<'a> {
    /// Reads the line of names; `None`, and said, where it does not name what is needed.
    pub(super) fn of(text: &'a str, import: &mut Import) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // The reader counts a CRLF to the line behind it.
        let text = match text.contains("\r\n") {
            true => Cow::Owned(text.replace("\r\n", "\n")),
            false => Cow::Borrowed(text),
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(Cursor::new(Text(text)));
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                import.problem(1, error.to_string());
                return None;
            }
        };
        let mut columns = Columns { header: &header, read: Vec::new() };
        let (Some(address), Some(destinations)) =
            (columns.find(&ADDRESS), columns.find(&DESTINATIONS))
        else {
            import.problem(
                1,
                "the first line must name the columns: address, destinations and, where there are such, enabled, keep_tag, \
                 spam, allow, block, limit, max_messages, expires, reply_by_address, digest and note",
            );
            return None;
        };
        let (enabled, words) = (columns.find(&ENABLED), Words::find(&mut columns));
        for unread in columns.unread() {
            import.note(1, format!("the column {unread:?} is not read"));
        }
        let record = StringRecord::new();
        Some(Self { reader, record, address, destinations, enabled, words })
    }

    /// Reads a row; `false` behind the last.
    pub(super) fn next(&mut self, import: &mut Import) -> bool {
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                import.problem(usize::try_from(line).unwrap_or(usize::MAX), error.to_string());
                return true;
            }
        }
        let record = &self.record;
        let line = record.position().map_or(1, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let address = record.get(self.address).unwrap_or_default();
        let targets = record.get(self.destinations).unwrap_or_default();
        import.forward(line, address, &split(targets, &[',', ';'], true));
        let is_off = self.enabled.and_then(|at| record.get(at)).is_some_and(is_no);
        if let Some((line, alias)) = import.aliases.pop() {
            match self.words.of(alias, record) {
                Ok(alias) => import.aliases.push((line, alias.with_enabled(!is_off))),
                Err(what) => import.problem(line, what),
            }
        }
        true
    }
}

/// Where the columns stand, and which of them mean something.
struct Columns<'a> {
    header: &'a StringRecord,
    read: Vec<usize>,
}

impl Columns<'_> {
    fn find(&mut self, names: &[&str]) -> Option<usize> {
        let is_one = |name: &str| names.contains(&name.to_ascii_lowercase().as_str());
        let at = self.header.iter().position(is_one)?;
        self.read.push(at);
        Some(at)
    }

    /// The names of those that mean nothing.
    fn unread(&self) -> impl Iterator<Item = &str> {
        let columns = self.header.iter().enumerate();
        columns
            .filter(|(at, name)| !self.read.contains(at) && !KNOWN.contains(name))
            .map(|(_, name)| name)
    }
}

/// Where stands what an alias says of itself.
struct Words {
    keep_tag: Option<usize>,
    spam: Option<usize>,
    allow: Option<usize>,
    block: Option<usize>,
    limit: Option<usize>,
    max_messages: Option<usize>,
    expires: Option<usize>,
    reply_by_address: Option<usize>,
    digest: Option<usize>,
    note: Option<usize>,
}

impl Words {
    fn find(columns: &mut Columns<'_>) -> Self {
        Self {
            keep_tag: columns.find(&KEEP_TAG),
            spam: columns.find(&SPAM),
            allow: columns.find(&ALLOW),
            block: columns.find(&BLOCK),
            limit: columns.find(&LIMIT),
            max_messages: columns.find(&MAX_MESSAGES),
            expires: columns.find(&EXPIRES),
            reply_by_address: columns.find(&REPLY_BY_ADDRESS),
            digest: columns.find(&DIGEST),
            note: columns.find(&NOTE),
        }
    }

    /// The alias with what the record says of it.
    fn of(&self, alias: Alias, record: &StringRecord) -> Result<Alias, String> {
        let value = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        // Where nothing is said, it is as for all aliases.
        let word = |at| {
            let word = value(at).to_ascii_lowercase();
            (!matches!(word.as_str(), "" | "default" | "none")).then_some(word)
        };
        let keep_tag = match word(self.keep_tag) {
            None => None,
            Some(word) if is_yes(&word) => Some(true),
            Some(word) if is_no(&word) => Some(false),
            Some(word) => return Err(format!("{word:?} in keep_tag is neither true nor false")),
        };
        let no_number = |word: String| format!("{word:?} in max_messages is no number");
        let rules = Rules {
            note: Some(value(self.note).to_owned()),
            expires: word(self.expires)
                .map(|_| parse_day(value(self.expires)))
                .transpose()
                .told()?,
            max_messages: word(self.max_messages)
                .map(|word| word.parse().map_err(|_| no_number(word)))
                .transpose()?,
            allow: senders(value(self.allow)).told()?,
            block: senders(value(self.block)).told()?,
            limit: word(self.limit).map(|rate| parse_limit(&rate)).transpose().told()?,
            spam: word(self.spam).map(|word| word.parse()).transpose().told()?,
            reply_by_address: is_yes(value(self.reply_by_address)),
            digest: word(self.digest).map(|word| word.parse()).transpose().told()?,
        };
        alias.with_keep_tag(keep_tag).and_then(|alias| alias.with_rules(rules)).told()
    }
}

/// The error in words.
trait Told<T> {
    fn told(self) -> Result<T, String>;
}

impl<T> Told<T> for Result<T, AliasError> {
    fn told(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

fn senders(list: &str) -> Result<Vec<SenderPattern>, AliasError> {
    split(list, &[',', ';'], true).iter().map(|text| SenderPattern::parse(text)).collect()
}

fn is_yes(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

fn is_no(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off" | "disabled")
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Surroundings, read};

    #[test]
    fn a_file() {
        let text = "Alias,Forward To,Active\r\nhello@example.org,\"a@x.test, b@y.test\",yes\r\n\
                    *@example.org,me@x.test;you@y.test,no\r\nshort\r\nbad,me@x.test,yes\r\n\
                    odd@example.org,\"\"\"a;b\"\"@x.test\",yes\r\n";
        let import = read(Format::Csv, text, &Surroundings::default());
        let aliases: Vec<String> =
            import.aliases.iter().map(|(line, alias)| format!("{line} {alias}")).collect();
        assert_eq!(
            aliases,
            [
                "2 hello@example.org -> a@x.test, b@y.test",
                "3 *@example.org -> me@x.test, you@y.test (disabled)",
                "6 odd@example.org -> \"a;b\"@x.test",
            ]
        );
        assert_eq!(import.problems.len(), 2, "{:?}", import.problems);
        let nameless = read(Format::Csv, "a@b.test,c@d.test\n", &Surroundings::default());
        assert!(nameless.problems[0].what.contains("must name the columns"));
    }

    #[test]
    fn rules() {
        let text = "alias,forward_to,enabled,spam,allow\na@x.test,p@y.test,no,Mark,\"@s.test; *.s.test\"\n\
                    b@x.test,p@y.test,yes,default,\nc@x.test,p@y.test,,drop,\nd@x.test,p@y.test,,,s.test\n";
        let import = read(Format::Csv, text, &Surroundings::default());
        let aliases: Vec<String> =
            import.aliases.iter().map(|(line, alias)| format!("{line} {alias}")).collect();
        let first = "2 a@x.test -> p@y.test (spam: mark) (allows @s.test, *.s.test) (disabled)";
        assert_eq!(aliases, [first, "3 b@x.test -> p@y.test"]);
        let text = "alias,forward_to,reply_by_address\na@x.test,p@y.test,yes\n*@x.test,p@y.test,no\n/^b@x\\.test$/,p@y.test,1\n";
        let import_of_answers = read(Format::Csv, text, &Surroundings::default());
        let aliases: Vec<String> =
            import_of_answers.aliases.iter().map(|(_, alias)| alias.to_string()).collect();
        assert_eq!(aliases, ["a@x.test -> p@y.test (reply by address)", "*@x.test -> p@y.test"]);
        assert_eq!(import_of_answers.problems.len(), 1);
        let problems: Vec<_> = import.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problems, [4, 5], "{:?}", import.problems);
    }

    #[test]
    fn a_column_for_each_word() {
        let text = "\u{feff}address,destinations,kind,keep_tag,block,limit,max_messages,expires,digest,note,created\n\
                    a@x.test,p@y.test,exact,yes,*;@s.test,30/1h,5,2026-12-31,daily,\"for, the shop\",yesterday\n\
                    b@x.test,p@y.test,,no,,none,,2026-12-31T12:00:00+02:00,default,,\n\
                    c@x.test,p@y.test,,maybe\nd@x.test,p@y.test,,,,often\ne@x.test,p@y.test,,,,,many\n\
                    f@x.test,p@y.test,,,,,,soon\ng@x.test,p@y.test,,,,,,,hourly\nh@x.test,p@y.test,,,,,0\n";
        let import = read(Format::Csv, text, &Surroundings::default());
        let aliases: Vec<String> =
            import.aliases.iter().map(|(_, alias)| alias.to_string()).collect();
        let first = "a@x.test -> p@y.test (keeps the tag) (blocks *, @s.test) (limit: 30/1h) (at most 5 messages) (until \
                     2027-01-01T00:00:00Z) (digest: daily) (note: for, the shop)";
        let second = "b@x.test -> p@y.test (drops the tag) (until 2026-12-31T10:00:00Z)";
        assert_eq!(aliases, [first, second]);
        let problems: Vec<_> = import.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problems, [4, 5, 6, 7, 8, 9], "{:?}", import.problems);
        let notes: Vec<_> = import.notes.iter().map(|note| &*note.what).collect();
        assert_eq!(notes, ["the column \"created\" is not read"]);
    }
}
