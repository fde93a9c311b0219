//! What commands list: a table where somebody looks at it, and elsewhere the lines or objects that programs read.

use super::{
    context::write_json,
    screen::{Output, Screen, Tone, paint},
};
use crate::log::printable;
use comfy_table::{
    Attribute, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row, Table, presets,
};
use serde::Serialize;
use std::io::{self, Write};

/// So many rows are laid out together. A longer list has its headings again then, over columns that may be of another
/// width: it is never in memory as a whole.
const PAGE: usize = 500;
/// Blanks between two columns.
const GAP: u16 = 2;
/// What is cut is left so many characters at least.
const SHORTEST: u16 = 6;
/// In no text, so that texts are cut where their column ends, and not between two words.
const NOWHERE: char = '\0';

/// A list, as whoever asked for it reads it.
pub(super) struct List<'a, W, const COLUMNS: usize> {
    out: &'a mut W,
    form: Form<COLUMNS>,
}

enum Form<const COLUMNS: usize> {
    Objects,
    Lines,
    Table(Page<COLUMNS>),
}

/// A column by its heading.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Texts, which are cut where the screen is too narrow: the longest first.
    Text(&'static str),
    /// What is given to other commands, or says how things stand: cut last.
    Key(&'static str),
    /// Numbers and spans of time, which end below each other: cut last.
    Number(&'static str),
}

/// What stands in a row.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl<'a, W: Output, const COLUMNS: usize> List<'a, W, COLUMNS> {
    /// An empty list, for a program that asked for JSON, for one that reads lines, or for people.
    pub(super) fn new(out: &'a mut W, json: bool, columns: [Column; COLUMNS]) -> Self {
        let form = match out.screen() {
            _ if json => Form::Objects,
            Some(screen) => Form::Table(Page::new(screen, columns)),
            None => Form::Lines,
        };
        Self { out, form }
    }

    /// Adds what `object`, `line` or `row` gives, whichever is wanted. `line` writes its own line end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add<J: Serialize>(
        &mut self,
        object: impl FnOnce() -> J,
        line: impl FnOnce(&mut W) -> io::Result<()>,
        row: impl FnOnce() -> [Cell; COLUMNS],
    ) -> io::Result<()> {
        match &mut self.form {
            Form::Objects => write_json(self.out, &object()),
            Form::Lines => line(self.out),
            Form::Table(page) => {
                page.rows.push(row());
                if page.rows.len() >= PAGE { page.write(self.out) } else { Ok(()) }
            }
        }
    }

    /// Says in a line of its own what is wrong with one that cannot be listed: below the table where there is one.
    ///
    /// # Errors
    /// As [`List::add`].
    pub(super) fn fault(&mut self, what: &str) -> io::Result<()> {
        match &mut self.form {
            Form::Table(page) => page.faults.push(printable(what)),
            Form::Objects | Form::Lines => writeln!(self.out, "{what}")?,
        }
        Ok(())
    }

    /// Writes what is not written yet.
    ///
    /// # Errors
    /// As [`List::add`].
    pub(super) fn end(self) -> io::Result<()> {
        let Form::Table(mut page) = self.form else { return Ok(()) };
        page.write(self.out)?;
        let screen = Some(page.screen);
        page.faults
            .iter()
            .try_for_each(|what| writeln!(self.out, "{}", paint(what, Tone::Wrong, screen)))
    }
}

/// Writes facts below each other, their names in front. Where one is longer than the screen is wide, it goes on in the next
/// line, below its beginning.
///
/// # Errors
/// When they cannot be written.
pub(super) fn write_facts(
    out: &mut impl Write,
    screen: Screen,
    facts: Vec<(&str, Cell)>,
) -> io::Result<()> {
    let mut table = empty(screen);
    for (name, fact) in facts {
        table.add_row([comfy_table::Cell::new(name), fact.shown()]);
    }
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
    write(out, table)
}

impl Cell {
    /// A text that says that something is wrong.
    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Wrong }
    }

    /// A text that says that something waits.
    pub(super) fn waits(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Waits }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What a line of so many characters has room for, and one character more, as the rest is cut.
    fn start(mut self, width: u16) -> Self {
        if let Some((end, _)) = self.text.char_indices().nth(usize::from(width) + 1) {
            self.text.truncate(end);
        }
        self
    }

    fn shown(&self) -> comfy_table::Cell {
        let cell = comfy_table::Cell::new_owned(printable(&self.text));
        // Of the sixteen colours that every terminal has, the two that are read on black and on white.
        match self.tone {
            Tone::Usual => cell,
            Tone::Waits => cell.fg(Color::DarkYellow),
            Tone::Wrong => cell.fg(Color::DarkRed),
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), tone: Tone::Usual }
    }
}

/// Rows that are laid out together.
struct Page<const COLUMNS: usize> {
    screen: Screen,
    columns: [Column; COLUMNS],
    rows: Vec<[Cell; COLUMNS]>,
    faults: Vec<String>,
}

impl<const COLUMNS: usize> Page<COLUMNS> {
    fn new(screen: Screen, columns: [Column; COLUMNS]) -> Self {
        Self { screen, columns, rows: Vec::new(), faults: Vec::new() }
    }

    /// Writes the rows, and has none then.
    fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut said = [false; COLUMNS];
        let mut table = empty(self.screen);
        let headings = self
            .columns
            .map(|column| comfy_table::Cell::new(column.heading()).add_attribute(Attribute::Bold));
        table.set_header(one_line(headings));
        for row in self.rows.drain(..) {
            for (said, cell) in said.iter_mut().zip(&row) {
                *said |= !cell.text.is_empty();
            }
            table.add_row(one_line(row.map(|cell| cell.start(self.screen.width).shown())));
        }
        let fits = self.fits(&table, said);
        for ((column, kind), said) in table.column_iter_mut().zip(self.columns).zip(said) {
            if !said {
                column.set_constraint(ColumnConstraint::Hidden);
            } else if fits && !matches!(kind, Column::Text(_)) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            if matches!(kind, Column::Number(_)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        write(out, table)
    }

    /// Whether all that is to be cut last is as wide as it is, and leaves the others something.
    fn fits(&self, table: &Table, said: [bool; COLUMNS]) -> bool {
        let widths = table.column_max_content_widths();
        let columns = self.columns.into_iter().zip(widths).zip(said).filter(|(_, said)| *said);
        let needed = columns.map(|((column, width), _)| match column {
            Column::Text(_) => width.min(SHORTEST),
            Column::Key(_) | Column::Number(_) => width,
        });
        // No gap is behind the last.
        let [width, gap] = [self.screen.width, GAP].map(u32::from);
        needed.map(|width| u32::from(width) + gap).sum::<u32>() <= width + gap
    }
}

impl Column {
    /// What stands above it.
    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Text(heading) | Self::Key(heading) | Self::Number(heading) => heading,
        }
    }
}

fn empty(screen: Screen) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(screen.width)
        .set_truncation_indicator("\u{2026}");
    match screen.has_colours {
        true => table.enforce_styling(),
        false => table.force_no_tty(),
    };
    table.style_text_only();
    table
}

/// A row of which what does not fit is cut.
fn one_line<const COLUMNS: usize>(cells: [comfy_table::Cell; COLUMNS]) -> Row {
    let mut row = Row::from(cells.map(|cell| cell.set_delimiter(NOWHERE)));
    row.max_height(1);
    row
}

fn write(out: &mut impl Write, mut table: Table) -> io::Result<()> {
    let last = table.column_iter().rposition(|column| !column.is_hidden());
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if Some(at) == last { 0 } else { GAP }));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal that keeps what it is sent.
    struct Seen(Vec<u8>, Screen);

    impl Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Output for Seen {
        fn screen(&self) -> Option<Screen> {
            Some(self.1)
        }
    }

    const COLUMNS: [Column; 4] =
        [Column::Key("ID"), Column::Number("TRIES"), Column::Text("WHO"), Column::Text("WHY")];

    fn shown(width: u16, has_colours: bool, rows: &[[Cell; 4]]) -> String {
        let mut out = Seen(Vec::new(), Screen { width, has_colours });
        let mut list = List::new(&mut out, false, COLUMNS);
        for row in rows {
            list.add(|| (), |_| panic!("a line"), || row.clone()).unwrap();
        }
        list.end().unwrap();
        String::from_utf8(out.0).unwrap()
    }

    fn row(id: &str, tries: &str, who: &str, why: &str) -> [Cell; 4] {
        [id.into(), tries.into(), who.into(), why.into()]
    }

    #[test]
    fn columns_stand_below_their_headings() {
        let rows = [
            row("1", "12", "b\u{fc}ro.example", ""),
            row("12345", "7", "\u{4f8b}\u{3048}.example", "so"),
        ];
        assert_eq!(
            shown(80, false, &rows),
            "ID     TRIES  WHO           WHY\n\
             1         12  b\u{fc}ro.example\n\
             12345      7  \u{4f8b}\u{3048}.example  so\n"
        );
        assert_eq!(shown(80, false, &[]), "", "of nothing there are no headings");
        let none = [row("1", "12", "x", ""), row("2", "", "y", "")];
        assert_eq!(
            shown(80, false, &none),
            "ID  TRIES  WHO\n1      12  x\n2          y\n",
            "nor of what no row has"
        );
    }

    #[test]
    fn the_longest_is_cut_and_never_what_other_commands_need() {
        let why = "because of this and that and of something else";
        let rows = [row("0123456789", "1", "somebody", why)];
        assert_eq!(
            shown(40, false, &rows),
            "ID          TRIES  WHO       WHY\n\
             0123456789      1  somebody  because of\u{2026}\n"
        );
        let wide = "\u{4f8b}".repeat(30);
        let text = shown(40, false, &[row("0123456789", "1", "somebody", &wide)]);
        assert!(text.ends_with("\u{4f8b}\u{4f8b}\u{4f8b}\u{4f8b}\u{4f8b}\u{2026}\n"), "{text}");
        // Where there is no room for that all are cut, and nothing panics.
        for width in [0, 1, 7, 16, 24] {
            let text = shown(width, true, &[row("0123456789", "1", &wide, why)]);
            assert_eq!(text.lines().count(), 2, "{width}: {text}");
        }
    }

    #[test]
    fn nobody_writes_to_the_terminal_through_a_value() {
        let hostile = "a\u{1b}[2J\r\nb\u{202e}\0";
        let text = shown(80, false, &[row(hostile, hostile, hostile, hostile)]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains(['\u{1b}', '\r', '\u{202e}', '\0']), "{text:?}");
        assert!(text.contains("a\\u{1b}[2J\\r\\nb"), "{text:?}");
    }

    #[test]
    fn colours_say_what_is_wrong_or_waits() {
        let rows = [["1".into(), "2".into(), Cell::wrong("x"), Cell::waits("y")]];
        assert_eq!(
            shown(80, true, &rows),
            "\u{1b}[1mID\u{1b}[0m  \u{1b}[1mTRIES\u{1b}[0m  \u{1b}[1mWHO\u{1b}[0m  \u{1b}[1mWHY\u{1b}[0m\n\
             1       2  \u{1b}[38;5;1mx\u{1b}[39m    \u{1b}[38;5;3my\u{1b}[39m\n"
        );
        assert!(!shown(80, false, &rows).contains('\u{1b}'));
    }

    #[test]
    fn a_long_list_comes_in_pages() {
        let rows = vec![row("1", "2", "x", "y"); PAGE + 1];
        let text = shown(80, false, &rows);
        assert_eq!(text.lines().count(), PAGE + 3);
        assert_eq!(text.matches("WHY").count(), 2);
    }

    #[test]
    fn facts_go_on_below_their_beginning() {
        let facts =
            vec![("daemon", Cell::wrong("does not run")), ("", "a word and another".into())];
        let mut out = Vec::new();
        let screen = Screen { width: 22, has_colours: false };
        write_facts(&mut out, screen, facts).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "daemon  does not run\n        a word and\n        another\n"
        );
    }
}
