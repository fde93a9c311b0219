//! Reads the tables of a configuration file against their [`Section`]s and collects every finding.

use super::{
    Database, Finding, Machine,
    schema::{Key, Kind, Section},
    units::{parse_duration, parse_rate, parse_size},
};
use crate::rate::Rate;
use std::{cell::RefCell, ops::Range, path::PathBuf, time::Duration};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

/// The findings of one file while it is read.
pub(super) struct Report<'t> {
    text: &'t str,
    sections: &'t [&'static Section],
    machine: &'t Machine,
    findings: RefCell<Vec<Finding>>,
    /// The keys whose values nobody else is to read.
    secrets: RefCell<Vec<String>>,
}

/// One table of the file, or the empty one in its place.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    section: &'static Section,
    values: Option<&'t DeTable<'t>>,
    line: Option<usize>,
    report: &'t Report<'t>,
}

/// The keys of one table as [`section!`](super::define::section) defines them, each read by itself.
pub(super) trait FromTable<'t>: Sized {
    const SECTION: &'static Section;

    fn from_table(table: Table<'t>) -> Self;
}

/// What a table says of one key.
///
/// There is no value where something had to be reported; the reader goes on, so that all findings are
/// found, and gives up at the end.
pub(super) struct Entry<'t, T> {
    pub(super) value: Option<T>,
    table: Table<'t>,
    key: &'static Key,
}

/// A value that is read for a key. The methods give `None` when they had to report something.
pub(super) struct Value<'a> {
    table: Table<'a>,
    key: &'static Key,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(
        text: &'t str,
        sections: &'t [&'static Section],
        machine: &'t Machine,
    ) -> Self {
        Self { text, sections, machine, findings: RefCell::default(), secrets: RefCell::default() }
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        1 + before.filter(|b| **b == b'\n').count()
    }

    pub(super) fn add(&self, line: Option<usize>, key: String, what: String, accepted: String) {
        self.findings.borrow_mut().push(Finding { line, key, what, accepted });
    }

    /// The keys with values that nobody else is to read, in the order of the file's tables.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.secrets.borrow().clone()
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }
}

impl<'t> Table<'t> {
    fn note_secret(&self, key: &Key) {
        let mut secrets = self.report.secrets.borrow_mut();
        let path = self.section.path(key.name);
        if !secrets.contains(&path) {
            secrets.push(path);
        }
    }

    /// The file as a whole, whose keys stand above all tables.
    pub(super) fn root(
        section: &'static Section,
        values: &'t DeTable<'t>,
        report: &'t Report<'t>,
    ) -> Self {
        let root = Self { section, values: Some(values), line: None, report };
        root.report_unknown_keys();
        root
    }

    /// The keys of a table; one that is absent reads as empty.
    pub(super) fn table<K: FromTable<'t>>(&self) -> K {
        let (section, report) = (K::SECTION, self.report);
        let Some((name, value)) = self.find(section) else {
            return K::from_table(Self { section, values: None, line: None, report });
        };
        let line = Some(report.line(&name.span()));
        let values = value.get_ref().as_table();
        if values.is_none() {
            let accepted = format!("a table [{}]", section.name);
            report.add(line, section.name.into(), describe(value.get_ref()), accepted);
        }
        let table = Self { section, values, line, report };
        table.report_unknown_keys();
        K::from_table(table)
    }

    /// The keys of each of the tables that stand any number of times.
    pub(super) fn tables<K: FromTable<'t>>(&self) -> Vec<K> {
        let (section, report) = (K::SECTION, self.report);
        let Some((_, value)) = self.find(section) else { return Vec::new() };
        let tables: Option<Vec<_>> = value.get_ref().as_array().and_then(|items| {
            let table = |item: &'t Spanned<DeValue<'t>>| {
                let line = Some(report.line(&item.span()));
                let values = Some(item.get_ref().as_table()?);
                Some(Self { section, values, line, report })
            };
            items.iter().map(table).collect()
        });
        let Some(tables) = tables else {
            let line = Some(report.line(&value.span()));
            let accepted = format!("tables headed [[{}]]", section.name);
            report.add(line, section.name.into(), describe(value.get_ref()), accepted);
            return Vec::new();
        };
        tables.iter().for_each(Self::report_unknown_keys);
        tables.into_iter().map(K::from_table).collect()
    }

    /// What is written for a key, or else its default.
    pub(super) fn entry<T>(
        self,
        key: &'static Key,
        read: impl FnOnce(&Value<'_>) -> Option<T>,
    ) -> Entry<'t, T> {
        let default = key.default.toml();
        let default = default.as_deref().and_then(|toml| DeValue::parse(toml).ok());
        let mut entry = Entry { value: None, table: self, key };
        match self.written(key).or(default.as_ref()) {
            Some(value) => entry.value = read(&Value { table: self, key, value }),
            None => entry.refuse_value("missing"),
        }
        entry
    }

    /// What is written for a key that has no default.
    pub(super) fn optional<T>(
        self,
        key: &'static Key,
        read: impl FnOnce(&Value<'_>) -> Option<T>,
    ) -> Entry<'t, Option<T>> {
        let value = match self.written(key) {
            Some(value) => read(&Value { table: self, key, value }).map(Some),
            None => Some(None),
        };
        Entry { value, table: self, key }
    }

    fn written(&self, key: &Key) -> Option<&'t Spanned<DeValue<'t>>> {
        self.values?.get(key.name)
    }

    fn find(
        &self,
        section: &Section,
    ) -> Option<(&'t Spanned<DeString<'t>>, &'t Spanned<DeValue<'t>>)> {
        let above = match section.above() {
            Some(above) if above != self.section.name => {
                self.values?.get(above)?.get_ref().as_table()
            }
            _ => self.values,
        };
        above?.get_key_value(section.own_name())
    }

    fn report_unknown_keys(&self) {
        let Self { section, report, .. } = *self;
        let below = report.sections.iter().filter(|below| below.above() == Some(section.name));
        let keys = section.keys.iter().map(|key| key.name);
        let known: Vec<&str> = keys.chain(below.map(|below| below.own_name())).collect();
        for name in self.values.into_iter().flat_map(DeTable::keys) {
            let text = name.get_ref().as_ref();
            if known.contains(&text) {
                continue;
            }
            let hint = did_you_mean(text, &known, section, report.sections);
            let path = section.path(&text.escape_debug().to_string());
            let what = format!("unknown key{hint}");
            report.add(Some(report.line(&name.span())), path, what, known.join(", "));
        }
    }
}

impl<T> Entry<'_, T> {
    /// True when the file has the key.
    pub(super) fn is_written(&self) -> bool {
        self.table.written(self.key).is_some()
    }

    /// Notes that nobody else is to read the value.
    pub(super) fn note_secret(&self) {
        self.table.note_secret(self.key);
    }

    /// Reports something about the key, at its line or else the table's.
    pub(super) fn refuse(&self, what: impl Into<String>, accepted: impl Into<String>) {
        let Table { section, report, line, .. } = self.table;
        let line = self.table.written(self.key).map(|value| report.line(&value.span())).or(line);
        report.add(line, section.path(self.key.name), what.into(), accepted.into());
    }

    /// As [`Entry::refuse`], with all that the key accepts.
    pub(super) fn refuse_value(&self, what: impl Into<String>) {
        self.refuse(what, self.key.kind.to_string());
    }
}

impl Value<'_> {
    pub(super) fn bool(&self) -> Option<bool> {
        let value = self.value.get_ref();
        self.or_refuse(value.as_bool().ok_or_else(|| describe(value)))
    }

    pub(super) fn integer<T: TryFrom<u64>>(&self) -> Option<T> {
        let Some(number) = self.value.get_ref().as_integer() else {
            return self.refuse(describe(self.value.get_ref()));
        };
        let parsed = u64::from_str_radix(number.as_str(), number.radix()).ok();
        let parsed = match self.key.kind {
            Kind::Integer(from, to) => parsed.filter(|parsed| (from..=to).contains(parsed)),
            _ => None,
        };
        let result = parsed.and_then(|parsed| T::try_from(parsed).ok());
        self.or_refuse(result.ok_or_else(|| format!("{number} is out of range")))
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.text(|text| {
            let duration = parse_duration(text)?;
            let is_right = match self.key.kind {
                Kind::Duration(from, to) => {
                    (u128::from(from)..=u128::from(to)).contains(&duration.as_millis())
                }
                _ => false,
            };
            is_right.then_some(duration).ok_or_else(|| format!("{text:?} is out of range"))
        })
    }

    pub(super) fn size(&self) -> Option<usize> {
        let value = self.value.get_ref();
        let octets = match (value.as_str(), value.as_integer()) {
            (Some(text), _) => parse_size(text),
            (None, Some(number)) => u64::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| format!("{number} is out of range")),
            (None, None) => Err(describe(value)),
        };
        self.or_refuse(octets.and_then(|octets| match self.key.kind {
            Kind::Size(from, to) if (from..=to).contains(&octets) => {
                usize::try_from(octets).map_err(|_| "too large for this machine".into())
            }
            _ => Err("the size is out of range".into()),
        }))
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        self.text(parse_rate)
    }

    /// A string that `meaning` knows.
    pub(super) fn one_of<T>(&self, meaning: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.text(|text| meaning(text).ok_or_else(|| format!("{text:?} is not known")))
    }

    /// A string that `parse` understands.
    pub(super) fn text<T, E: ToString>(&self, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let value = self.value.get_ref();
        self.or_refuse(match value.as_str() {
            Some(text) => parse(text).map_err(|error| error.to_string()),
            None => Err(describe(value)),
        })
    }

    /// A list of strings that `parse` understands; each that it does not is a finding of its own.
    pub(super) fn list<T, E: ToString>(
        &self,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let Some(items) = self.value.get_ref().as_array() else {
            return self.refuse(describe(self.value.get_ref()));
        };
        let items = items.iter().map(|value| Value { value, ..*self }.text(&parse));
        items.collect::<Vec<Option<T>>>().into_iter().collect()
    }

    /// An absolute path, or one of a credential.
    pub(super) fn secret_path(&self) -> Option<PathBuf> {
        self.text(|text| self.table.report.machine.secret_path(text))
    }

    /// A database by its URL, or by that of a credential.
    pub(super) fn database(&self) -> Option<Database> {
        self.text(|text| match text.strip_prefix("credential:") {
            Some(_) => self.table.report.machine.secret_text(text).and_then(|url| {
                Database::parse(url.trim()).map_err(|error| format!("{text:?}: {error}"))
            }),
            None => {
                let database = Database::parse(text).map_err(|error| error.to_string())?;
                if database.has_password() {
                    self.table.note_secret(self.key);
                }
                Ok(database)
            }
        })
    }

    fn or_refuse<T>(&self, result: Result<T, String>) -> Option<T> {
        result.map_or_else(|what| self.refuse(what), Some)
    }

    fn refuse<T>(&self, what: String) -> Option<T> {
        let Table { section, report, .. } = self.table;
        let accepted = self.key.kind.to_string();
        report.add(Some(self.line()), section.path(self.key.name), what, accepted);
        None
    }

    fn line(&self) -> usize {
        self.table.report.line(&self.value.span())
    }
}

fn describe(value: &DeValue<'_>) -> String {
    let article = if matches!(value.type_str(), "integer" | "array") { "an" } else { "a" };
    format!("{article} {} is not accepted here", value.type_str())
}

/// The nearest key of this table, else a table that has a key of just this name.
fn did_you_mean(name: &str, known: &[&str], here: &Section, sections: &[&Section]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 4);
    if let Some((_, known)) = near {
        return format!(", did you mean {known}?");
    }
    let has_key = |section: &&&Section| section.keys.iter().any(|key| key.name == name);
    match sections.iter().find(has_key).map(|section| section.name) {
        Some("") => format!("; {name} stands above all tables"),
        Some(table) if table != here.name => format!("; {name} belongs to [{table}]"),
        _ => String::new(),
    }
}
