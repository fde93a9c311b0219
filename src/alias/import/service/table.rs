//! CSV with a line of names.

use super::taken::Taking;
use csv::StringRecord;

/// A table whose first line names its columns.
pub(super) struct Table {
    header: StringRecord,
    rows: Vec<(usize, StringRecord)>,
}

/// A line of it.
pub(super) struct Line<'a> {
    /// The line's number; of several lines, the first.
    pub place: usize,
    header: &'a StringRecord,
    record: &'a StringRecord,
}

impl Table {
    /// Reads it; what cannot be read is said. `None` where it has no columns that are called as one of `needed`.
    pub(super) fn read(text: &str, needed: &[&str], taking: &mut Taking<'_>) -> Option<Self> {
        // The reader counts a CRLF to the line behind it.
        let text = text.replace("\r\n", "\n");
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                taking.problem(1, error.to_string());
                return None;
            }
        };
        let names = |name: &str| needed.iter().any(|needed| name.eq_ignore_ascii_case(needed));
        if !header.iter().any(names) {
            let all = needed.join(" or ");
            taking.problem(
                1,
                format!("the first line must name the columns; there is none called {all}"),
            );
            return None;
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let line = |at: Option<&csv::Position>| {
                at.map_or(1, |at| usize::try_from(at.line()).unwrap_or(usize::MAX))
            };
            match record {
                Ok(record) => rows.push((line(record.position()), record)),
                Err(error) => taking.problem(line(error.position()), error.to_string()),
            }
        }
        Some(Self { header, rows })
    }

    /// Its lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(|(place, record)| Line { place: *place, header: &self.header, record })
    }

    /// The columns that are not among `known`.
    pub(super) fn unread(&self, known: &[&str]) -> Vec<String> {
        let is_known = |name: &str| known.iter().any(|known| name.eq_ignore_ascii_case(known));
        self.header
            .iter()
            .filter(|name| !name.is_empty() && !is_known(name))
            .map(str::to_owned)
            .collect()
    }
}

impl<'a> Line<'a> {
    /// What stands in the first column of one of `names`; `None` where the table has none.
    pub(super) fn get(&self, names: &[&str]) -> Option<&'a str> {
        let is_one = |name: &str| names.iter().any(|one| name.eq_ignore_ascii_case(one));
        let at = self.header.iter().position(is_one)?;
        Some(self.record.get(at).unwrap_or_default())
    }

    /// The same, where no column is as one that is empty.
    pub(super) fn text(&self, names: &[&str]) -> &'a str {
        self.get(names).unwrap_or_default()
    }
}
