//! Two dialogues side by side on a page of text.

use super::wire::Side;
use std::io::Write;

/// Width of one column.
const COLUMN: usize = 74;

/// Where the demonstration is printed. What cannot be written is not worth a failure of its own.
pub(super) struct Page {
    out: Box<dyn Write>,
}

impl Page {
    pub(super) fn new(out: Box<dyn Write>) -> Self {
        Self { out }
    }

    pub(super) fn title(&mut self, text: &str) {
        let _ = writeln!(self.out, "\n{text}\n{}", "=".repeat(text.chars().count()));
    }

    pub(super) fn say(&mut self, text: &str) {
        let _ = writeln!(self.out, "  {text}");
    }

    /// Lines of a message, indented and with no control characters.
    pub(super) fn text(&mut self, text: &str) {
        for line in text.lines() {
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let _ = writeln!(self.out, "    {line}");
        }
    }

    /// Prints two dialogues, each under its heading; the right one is left out when empty.
    pub(super) fn side_by_side(
        &mut self,
        (left_title, left): (&str, Vec<(Side, String)>),
        (right_title, right): (&str, Vec<(Side, String)>),
    ) {
        let left = column(left_title, &left);
        let right = if right.is_empty() { Vec::new() } else { column(right_title, &right) };
        for at in 0..left.len().max(right.len()) {
            let empty = String::new();
            let (l, r) = (left.get(at).unwrap_or(&empty), right.get(at).unwrap_or(&empty));
            let pad = COLUMN.saturating_sub(l.chars().count());
            let line = format!("  {l}{}{r}", " ".repeat(pad));
            let _ = writeln!(self.out, "{}", line.trim_end());
        }
    }
}

fn column(title: &str, dialogue: &[(Side, String)]) -> Vec<String> {
    let mut lines = vec![title.to_owned(), "-".repeat(title.chars().count())];
    for (side, text) in dialogue {
        let mark = match side {
            Side::Client => "C: ",
            Side::Server => "S: ",
        };
        lines.extend(wrap(text, COLUMN - 6, mark));
    }
    lines
}

fn wrap(text: &str, width: usize, mark: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if chars.is_empty() {
        return vec![mark.trim_end().to_owned()];
    }
    let rows = chars.chunks(width).enumerate();
    rows.map(|(at, row)| {
        let mark = if at == 0 { mark } else { "   " };
        format!("{mark}{}", row.iter().collect::<String>())
    })
    .collect()
}
