//! Commands that change our configuration file.

use crate::admin::doctor::finding::shell;
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};
use toml::de::{DeTable, DeValue};

/// The configuration file as it was read. A command of one finding must not spoil that of another, which stands in
/// the same report: places are named by their text, not by their number.
#[derive(Debug)]
pub(super) struct OnwardToml {
    path: PathBuf,
    text: String,
}

impl OnwardToml {
    pub(super) fn read(path: &Path) -> Self {
        Self { path: path.to_owned(), text: fs::read_to_string(path).unwrap_or_default() }
    }

    #[cfg(test)]
    pub(super) fn of(path: &Path, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The command that sets a key of a table, or of the table of that number in an array; `value` is TOML. `None` where
    /// it is not written in a line of its own.
    pub(super) fn set(&self, table: &str, number: usize, key: &str, value: &str) -> Option<String> {
        let document = DeTable::parse(&self.text).ok()?;
        let table = match document.get_ref().get(table)?.get_ref() {
            DeValue::Table(table) => table,
            DeValue::Array(tables) => tables.get(number)?.get_ref().as_table()?,
            _ => return None,
        };
        let line = format!("{key} = {value}");
        let written = table.iter().find(|(name, _)| name.get_ref() == key);
        let change = match written {
            Some((name, value)) => {
                let lines = self.lines(name.span().start..value.span().end)?;
                match (lines.first()?, lines.last()?) {
                    (first, last) if lines.len() > 1 => {
                        format!("/^{}$/,/^{}$/c\\{}", pattern(first), pattern(last), literal(&line))
                    }
                    (only, _) => format!("/^{}$/c\\{}", pattern(only), literal(&line)),
                }
            }
            // In front of a line that no other table has, as the address of a listener.
            None => {
                let mut keys = table.iter().filter_map(|(name, value)| {
                    let lines = self.lines(name.span().start..value.span().end)?;
                    lines.first().copied().filter(|_| lines.len() == 1)
                });
                let once =
                    keys.find(|line| self.text.lines().filter(|l| l == line).count() == 1)?;
                format!("/^{}$/i\\{}", pattern(once), literal(&line))
            }
        };
        Some(format!("sed -i {} {}", shell(&change), shell(&self.path.display().to_string())))
    }

    /// The command that adds a table of an array.
    pub(super) fn add(&self, table: &str, lines: &[&str]) -> String {
        let text = format!("\\n[[{table}]]\\n{}\\n", lines.join("\\n"));
        format!("printf {} >> {}", shell(&text), shell(&self.path.display().to_string()))
    }

    /// The whole lines of a key and its value; `None` where something else stands before it.
    fn lines(&self, span: Range<usize>) -> Option<Vec<&str>> {
        let start = self.text.get(..span.start)?.rfind('\n').map_or(0, |end| end + 1);
        let is_alone = self.text.get(start..span.start)?.trim().is_empty();
        let behind = self.text.get(span.end..)?.find('\n').unwrap_or(self.text.len() - span.end);
        is_alone
            .then(|| self.text.get(start..span.end + behind))?
            .map(|text| text.lines().collect())
    }
}

/// A basic regular expression of exactly this text.
fn pattern(text: &str) -> String {
    escaped(text, &['\\', '/', '.', '*', '[', ']', '^', '$'])
}

/// Text of sed's `c` and `i`.
fn literal(text: &str) -> String {
    escaped(text, &['\\'])
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if special.contains(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A list of texts, as TOML has it.
pub(super) fn list<S: AsRef<str>>(texts: &[S]) -> String {
    let texts: Vec<String> =
        texts.iter().map(|text| format!("\"{}\"", escaped(text.as_ref(), &['\\', '"']))).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const TEXT: &str = "[[listen]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1:25\"\n[[listen]]\n\
        protocol = \"milter\"\n  address = \"unix:/run/a\" # here\nalias_maps = [\n  \"a\", # one\n]\n\
        [srs]\ndomain = \"a.b\"\n";

    fn changed(table: &str, number: usize, key: &str, value: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("it's.toml");
        fs::write(&path, TEXT).unwrap();
        let command = OnwardToml::read(&path).set(table, number, key, value).unwrap();
        assert!(Command::new("sh").arg("-c").arg(&command).status().unwrap().success());
        fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn a_key_is_changed_or_added_in_its_own_table() {
        assert_eq!(
            changed("listen", 1, "alias_maps", "[\"pcre:/\\\\d\", \"b\"]"),
            TEXT.replace("[\n  \"a\", # one\n]", "[\"pcre:/\\\\d\", \"b\"]")
        );
        let address = "  address = \"unix:/run/a\" # here\n";
        assert_eq!(
            changed("listen", 1, "shadow", "false"),
            TEXT.replace(address, &format!("shadow = false\n{address}"))
        );
        assert_eq!(
            changed("srs", 0, "exempt_domains", "[\"c.d\"]"),
            TEXT.replace("domain = ", "exempt_domains = [\"c.d\"]\ndomain = ")
        );
        let inline = OnwardToml::of(Path::new("x"), "listen = [{ protocol = \"milter\" }]\n");
        assert_eq!(inline.set("listen", 0, "shadow", "true"), None);
    }
}
