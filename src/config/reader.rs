//! Reads the tables of a configuration file against their [`Section`]s and collects every finding.

use super::{
    Finding,
    schema::{Key, Kind, SECTIONS, Section},
    units::{parse_duration, parse_size},
};
use std::{cell::RefCell, ops::Range, time::Duration};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The findings of one file while it is read.
pub(super) struct Report<'t> {
    text: &'t str,
    findings: RefCell<Vec<Finding>>,
}

/// One table of the file, or the empty one in its place.
///
/// The readers give `None` when they had to report something; the caller reads on, so that all
/// findings are found, and gives up at the end.
pub(super) struct Table<'t> {
    section: &'static Section,
    values: Option<&'t DeTable<'t>>,
    line: Option<usize>,
    report: &'t Report<'t>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, findings: RefCell::default() }
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        1 + before.filter(|b| **b == b'\n').count()
    }

    pub(super) fn add(&self, line: Option<usize>, key: String, what: String, accepted: String) {
        self.findings.borrow_mut().push(Finding { line, key, what, accepted });
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }
}

impl<'t> Table<'t> {
    /// The keys above all tables. `tables` names what may stand beside them, `later` the tables that
    /// a later version brings: they are refused rather than ignored.
    pub(super) fn root(
        section: &'static Section,
        values: &'t DeTable<'t>,
        report: &'t Report<'t>,
        tables: &[&str],
        later: &[&str],
    ) -> Self {
        let root = Self { section, values: Some(values), line: None, report };
        root.report_unknown_keys(tables, later);
        root
    }

    /// The table of that name; an absent one reads as empty.
    pub(super) fn table(&self, section: &'static Section) -> Self {
        let found = self.values.and_then(|values| values.get_key_value(section.name));
        let Some((name, value)) = found else {
            return Self { section, values: None, line: None, report: self.report };
        };
        let line = Some(self.report.line(&name.span()));
        let values = value.get_ref().as_table();
        if values.is_none() {
            let accepted = format!("a table [{}]", section.name);
            self.report.add(line, section.name.into(), describe(value.get_ref()), accepted);
        }
        let table = Self { section, values, line, report: self.report };
        let above = format!("{}.", section.name);
        let below = SECTIONS.iter().filter(|section| section.name.starts_with(&above));
        table.report_unknown_keys(&below.map(Section::own_name).collect::<Vec<_>>(), &[]);
        table
    }

    /// The tables of that name.
    pub(super) fn tables(&self, section: &'static Section) -> Vec<Self> {
        let found = self.values.and_then(|values| values.get_key_value(section.own_name()));
        let Some((_, value)) = found else { return Vec::new() };
        let report = self.report;
        let tables: Option<Vec<_>> = value.get_ref().as_array().and_then(|items| {
            let table = |item: &'t Spanned<DeValue<'t>>| {
                let line = Some(report.line(&item.span()));
                let values = Some(item.get_ref().as_table()?);
                Some(Self { section, values, line, report })
            };
            items.iter().map(table).collect()
        });
        if tables.is_none() {
            let line = Some(report.line(&value.span()));
            let accepted = format!("tables headed [[{}]]", section.name);
            report.add(line, section.name.into(), describe(value.get_ref()), accepted);
        }
        let tables = tables.unwrap_or_default();
        for table in &tables {
            table.report_unknown_keys(&[], &[]);
        }
        tables
    }

    /// True when the file has the key.
    pub(super) fn is_written(&self, key: &str) -> bool {
        self.written(key).is_some()
    }

    /// Reports something about a key, at its line or else the table's.
    pub(super) fn refuse(&self, key: &str, what: impl Into<String>, accepted: impl Into<String>) {
        let line = self.written(key).map(|value| self.report.line(&value.span())).or(self.line);
        self.report.add(line, self.section.path(key), what.into(), accepted.into());
    }

    /// As [`Table::refuse`]; what is accepted stands in the schema.
    pub(super) fn refuse_value(&self, key: &str, what: impl Into<String>) {
        self.refuse(key, what, self.accepted(key));
    }

    pub(super) fn bool(&self, key: &str) -> Option<bool> {
        self.read(key, |_, value| value.as_bool().ok_or_else(|| describe(value)))
    }

    pub(super) fn integer<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        self.read(key, integer)
    }

    /// As [`Table::integer`], for a key without default.
    pub(super) fn optional_integer<T: TryFrom<u64>>(&self, key: &str) -> Option<Option<T>> {
        if self.is_written(key) { self.integer(key).map(Some) } else { Some(None) }
    }

    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        self.read(key, |kind, value| {
            let text = value.as_str().ok_or_else(|| describe(value))?;
            let duration = parse_duration(text)?;
            match kind {
                Kind::Duration(from, to)
                    if (u128::from(*from)..=u128::from(*to)).contains(&duration.as_millis()) =>
                {
                    Ok(duration)
                }
                _ => Err(format!("{text:?} is out of range")),
            }
        })
    }

    pub(super) fn size(&self, key: &str) -> Option<usize> {
        self.read(key, |kind, value| {
            let octets = match (value.as_str(), value.as_integer()) {
                (Some(text), _) => parse_size(text)?,
                (None, Some(number)) => u64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| format!("{number} is out of range"))?,
                (None, None) => return Err(describe(value)),
            };
            match kind {
                Kind::Size(from, to) if (*from..=*to).contains(&octets) => {
                    usize::try_from(octets).map_err(|_| "too large for this machine".into())
                }
                _ => Err("the size is out of range".into()),
            }
        })
    }

    /// As [`Table::size`], for a key without default.
    pub(super) fn optional_size(&self, key: &str) -> Option<Option<usize>> {
        if self.is_written(key) { self.size(key).map(Some) } else { Some(None) }
    }

    /// One of the names of the schema.
    pub(super) fn one_of<T>(&self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.text(key, |text| parse(text).ok_or_else(|| format!("{text:?} is not known")))
    }

    /// A string that `parse` understands.
    pub(super) fn text<T, E: ToString>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.read(key, |_, value| {
            let text = value.as_str().ok_or_else(|| describe(value))?;
            parse(text).map_err(|error| error.to_string())
        })
    }

    /// As [`Table::text`], for a key without default.
    pub(super) fn optional_text<T, E: ToString>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        if self.is_written(key) { self.text(key, parse).map(Some) } else { Some(None) }
    }

    /// A list of strings that `parse` understands; each that it does not is a finding of its own.
    pub(super) fn list<T, E: ToString>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let default = self.section.key(key)?.default.toml();
        let default = default.as_deref().and_then(|toml| DeValue::parse(toml).ok());
        let Some(value) = self.written(key).or(default.as_ref()) else {
            return Some(Vec::new());
        };
        let Some(items) = value.get_ref().as_array() else {
            self.refuse_value(key, describe(value.get_ref()));
            return None;
        };
        let parsed: Vec<Option<T>> = items
            .iter()
            .map(|item| {
                let text = item.get_ref().as_str().ok_or_else(|| describe(item.get_ref()));
                text.and_then(|text| parse(text).map_err(|error| error.to_string()))
                    .map_err(|what| {
                        let line = Some(self.report.line(&item.span()));
                        self.report.add(line, self.section.path(key), what, self.accepted(key));
                    })
                    .ok()
            })
            .collect();
        parsed.into_iter().collect()
    }

    fn read<T>(
        &self,
        key: &str,
        parse: impl Fn(&Kind, &DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let Key { kind, default, .. } = self.section.key(key)?;
        let result = match (self.written(key), default.toml()) {
            (Some(value), _) => parse(kind, value.get_ref()),
            (None, Some(toml)) => DeValue::parse(&toml)
                .map_err(|error| error.message().to_owned())
                .and_then(|value| parse(kind, value.get_ref())),
            (None, None) => Err("missing".into()),
        };
        result.map_err(|what| self.refuse(key, what, kind.to_string())).ok()
    }

    fn written(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.values?.get(key)
    }

    fn accepted(&self, key: &str) -> String {
        self.section.key(key).map(|key| key.kind.to_string()).unwrap_or_default()
    }

    fn report_unknown_keys(&self, tables: &[&str], later: &[&str]) {
        for name in self.values.into_iter().flat_map(DeTable::keys) {
            let text = name.get_ref().as_ref();
            if self.section.key(text).is_some() || tables.contains(&text) {
                continue;
            }
            let known: Vec<&str> = self
                .section
                .keys
                .iter()
                .map(|key| key.name)
                .chain(tables.iter().copied())
                .collect();
            let (path, what) = if later.contains(&text) {
                (format!("[{text}]"), "not available in this version".into())
            } else {
                let hint = did_you_mean(text, &known, self.section);
                (self.section.path(&text.escape_debug().to_string()), format!("unknown key{hint}"))
            };
            let line = Some(self.report.line(&name.span()));
            self.report.add(line, path, what, known.join(", "));
        }
    }
}

fn integer<T: TryFrom<u64>>(kind: &Kind, value: &DeValue<'_>) -> Result<T, String> {
    let number = value.as_integer().ok_or_else(|| describe(value))?;
    let parsed = u64::from_str_radix(number.as_str(), number.radix()).ok();
    match kind {
        Kind::Integer(from, to) => parsed.filter(|parsed| (from..=to).contains(&parsed)),
        _ => None,
    }
    .and_then(|parsed| T::try_from(parsed).ok())
    .ok_or_else(|| format!("{number} is out of range"))
}

fn describe(value: &DeValue<'_>) -> String {
    let article = if matches!(value.type_str(), "integer" | "array") { "an" } else { "a" };
    format!("{article} {} is not accepted here", value.type_str())
}

/// The nearest key of this table, else a table that has a key of just this name.
fn did_you_mean(name: &str, known: &[&str], here: &Section) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), *known))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 4);
    let elsewhere = || {
        let section = SECTIONS.iter().find(|section| section.key(name).is_some())?;
        Some(match section.name {
            "" => format!("; {name} stands above all tables"),
            table if table == here.name => return None,
            table => format!("; {name} belongs to [{table}]"),
        })
    };
    match near {
        Some((_, known)) => format!(", did you mean {known}?"),
        None => elsewhere().unwrap_or_default(),
    }
}
