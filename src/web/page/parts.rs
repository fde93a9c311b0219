//! What pages are made of: values from outside, times, tables, fields of forms.

use super::texts::Texts;
use crate::time::UnixTime;
use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// A point in time: in UTC here, in the zone of the browser where script runs.
pub(crate) fn time(at: UnixTime) -> Markup {
    html! { time datetime=(Timestamp::from(at)) { (utc(at)) } }
}

/// A point in time that has passed, by how long ago it was.
pub(crate) fn ago(texts: Texts, at: UnixTime, now: UnixTime) -> Markup {
    let seconds = now.since(at).as_secs();
    let text = match seconds {
        0..60 => texts.say("ago-now", &[]),
        60..3_600 => texts.say("ago-minutes", &[("count", (seconds / 60).into())]),
        3_600..86_400 => texts.say("ago-hours", &[("count", (seconds / 3_600).into())]),
        _ => texts.say("ago-days", &[("count", (seconds / 86_400).into())]),
    };
    html! { time .ago datetime=(Timestamp::from(at)) title=(utc(at)) { (text) } }
}

/// `2026-11-29 20:11 UTC`.
fn utc(at: UnixTime) -> String {
    let zoned = Timestamp::from(at).to_zoned(TimeZone::UTC);
    zoned.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A table, whose rows become cards where the screen is narrow.
#[derive(Debug)]
pub(crate) struct Table {
    caption: String,
    columns: Vec<(String, &'static str)>,
    rows: Vec<Vec<Markup>>,
}

impl Table {
    /// Without columns or rows; readers hear the caption.
    pub(crate) fn new(caption: &str) -> Self {
        Self { caption: caption.to_owned(), columns: Vec::new(), rows: Vec::new() }
    }

    /// Adds a column of text.
    pub(crate) fn text(self, name: &str) -> Self {
        self.column(name, "text")
    }

    /// Adds a column of numbers, which stand to the right.
    pub(crate) fn number(self, name: &str) -> Self {
        self.column(name, "number")
    }

    /// Adds a column of what can be done, whose name is only heard.
    pub(crate) fn actions(self, name: &str) -> Self {
        self.column(name, "actions")
    }

    fn column(mut self, name: &str, kind: &'static str) -> Self {
        self.columns.push((name.to_owned(), kind));
        self
    }

    /// Adds a row, with a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Markup>) {
        self.rows.push(cells);
    }

    /// The table; without rows, what says that there are none and what to do.
    pub(crate) fn or_empty(&self, none: &str) -> Markup {
        html! {
            @if self.rows.is_empty() { p .empty { (none) } }
            @else { div .table { table {
                caption .heard { (self.caption) }
                thead { tr { @for (name, kind) in &self.columns {
                    th .(kind) scope="col" { @if *kind == "actions" { span .heard { (name) } } @else { (name) } }
                } } }
                tbody { @for cells in &self.rows { tr {
                    @for ((name, kind), cell) in self.columns.iter().zip(cells) {
                        td .(kind) data-label=(name) { div .cell { (cell) } }
                    }
                } } }
            } } }
        }
    }
}

/// A field of a form, with what is wrong with it beside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field<'a> {
    /// Its name, which is sent.
    pub(crate) name: &'a str,
    /// What is asked for.
    pub(crate) label: &'a str,
    /// What is accepted, or what comes of it; may be empty.
    pub(crate) hint: &'a str,
    /// What stands there.
    pub(crate) value: &'a str,
    /// What is wrong with it; `None` where nothing is.
    pub(crate) error: Option<&'a str>,
    /// The kind of input, such as `email`; empty for text.
    pub(crate) kind: &'a str,
    /// Has to be filled in.
    pub(crate) required: bool,
    /// Lines; 0 and 1 for one.
    pub(crate) lines: u8,
}

impl Field<'_> {
    /// The field with its label, its hint and its error, which readers hear with it.
    pub(crate) fn markup(&self) -> Markup {
        let id = format!("field-{}", self.name);
        let (hint, error) = (format!("{id}-hint"), format!("{id}-error"));
        let mut described = String::new();
        if self.error.is_some() {
            let _ = write!(described, "{error} ");
        }
        if !self.hint.is_empty() {
            described.push_str(&hint);
        }
        let described = Some(described.trim()).filter(|ids| !ids.is_empty());
        let invalid = self.error.map(|_| "true");
        let kind = if self.kind.is_empty() { "text" } else { self.kind };
        html! {
            div .field .wrong[self.error.is_some()] {
                label for=(id) { (self.label) }
                @if self.lines > 1 {
                    textarea id=(id) name=(self.name) rows=(self.lines) required[self.required]
                        aria-describedby=[described] aria-invalid=[invalid] {
                        // A browser leaves the first line end out.
                        (PreEscaped("\n")) (self.value)
                    }
                } @else {
                    input id=(id) name=(self.name) type=(kind) value=(self.value) required[self.required]
                        aria-describedby=[described] aria-invalid=[invalid] autocomplete="off" autocapitalize="off" spellcheck="false";
                }
                @if let Some(text) = self.error { p .error id=(error) { (text) } }
                @if !self.hint.is_empty() { p .hint id=(hint) { (self.hint) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let at = UnixTime::new(1_796_000_000);
        assert_eq!(
            time(at).into_string(),
            "<time datetime=\"2026-11-30T00:53:20Z\">2026-11-30 00:53 UTC</time>"
        );
    }

    #[test]
    fn an_error_is_heard_with_its_field() {
        let field = Field {
            name: "address",
            label: "Address",
            hint: "a@b",
            value: "\"><script>",
            error: Some("is none"),
            ..Field::default()
        };
        let markup = field.markup().into_string();
        for wanted in [
            "aria-describedby=\"field-address-error field-address-hint\"",
            "aria-invalid=\"true\"",
            "value=\"&quot;&gt;&lt;script&gt;\"",
            "<p class=\"error\" id=\"field-address-error\">is none</p>",
        ] {
            assert!(markup.contains(wanted), "{wanted}: {markup}");
        }
        let area = Field { lines: 3, value: "\nx", error: None, hint: "", ..field }.markup();
        let area = area.into_string();
        assert!(area.contains(">\n\nx</textarea>") && !area.contains("aria-"), "{area}");
    }
}
