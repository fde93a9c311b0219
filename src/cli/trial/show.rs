//! Dialogues on a page of text that fits a terminal.

use super::wire::Side;
use crate::cli::wrap::{WIDTH, wrapped};
use std::io::Write;

/// What stands before each line.
const INDENT: &str = "  ";
/// Who says it, before what he says.
const MARK: usize = 3;

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

    /// Prints two dialogues, the second below the first, each under its heading; one that is empty is left out.
    pub(super) fn dialogues(&mut self, both: [(&str, Vec<(Side, String)>); 2]) {
        for (title, dialogue) in both {
            if dialogue.is_empty() {
                continue;
            }
            let _ = writeln!(
                self.out,
                "{INDENT}{title}\n{INDENT}{}",
                "-".repeat(title.chars().count())
            );
            for (side, text) in dialogue {
                let mark = match side {
                    Side::Client => "C: ",
                    Side::Server => "S: ",
                };
                for line in wrap(&text, WIDTH - INDENT.len() - MARK, mark) {
                    let _ = writeln!(self.out, "{INDENT}{line}");
                }
            }
            let _ = writeln!(self.out);
        }
    }
}

fn wrap(text: &str, width: usize, mark: &str) -> Vec<String> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // A continued line of a field stays one to the eye.
    let blank = if text.starts_with(' ') { " " } else { "" };
    let mut rows = Vec::new();
    for line in wrapped(&text, width - blank.len()) {
        let chars: Vec<char> = line.chars().collect();
        rows.extend(chars.chunks(width - blank.len()).map(|row| row.iter().collect::<String>()));
    }
    if rows.is_empty() {
        return vec![mark.trim_end().to_owned()];
    }
    let marked = rows.into_iter().enumerate().map(|(at, row)| match at {
        0 => format!("{mark}{blank}{row}"),
        _ => format!("{:MARK$}{blank}{row}", ""),
    });
    marked.collect()
}
