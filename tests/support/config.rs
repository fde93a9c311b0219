use std::collections::BTreeMap;
use std::fmt;

/// A configuration put together from parts, and printed as TOML.
#[derive(Clone, Default)]
pub struct Config {
    /// Section (empty: the top), key, value as TOML text.
    values: BTreeMap<String, BTreeMap<String, String>>,
    /// `[[listen]]` and `[[route]]`, each whole.
    tables: Vec<String>,
    /// Text that comes last, as it is.
    rest: String,
}

impl Config {
    /// A key such as `hostname` or `limits.errors`, and its value as TOML text, as `3` or `"1s"`.
    pub fn set(&mut self, key: &str, value: impl fmt::Display) {
        let (section, key) = key.rsplit_once('.').unwrap_or(("", key));
        let values = self.values.entry(section.to_owned()).or_default();
        values.insert(key.to_owned(), value.to_string());
    }

    pub fn set_text(&mut self, key: &str, text: impl fmt::Display) {
        self.set(key, quoted(&text.to_string()));
    }

    /// One line of TOML with the section before its key: `limits.errors = 3`.
    pub fn set_line(&mut self, line: &str) {
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("no `=` in {line:?}"));
        self.set(key.trim(), value.trim());
    }

    pub fn remove(&mut self, key: &str) {
        let (section, key) = key.rsplit_once('.').unwrap_or(("", key));
        if let Some(values) = self.values.get_mut(section) {
            values.remove(key);
        }
    }

    /// An element of an array of tables, such as `listen`, with its lines.
    pub fn push(&mut self, table: &str, lines: &[String]) {
        self.tables.push(format!("[[{table}]]\n{}\n", lines.join("\n")));
    }

    pub fn append(&mut self, toml: &str) {
        self.rest.push_str(toml);
        self.rest.push('\n');
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (section, values) in &self.values {
            if !section.is_empty() {
                writeln!(f, "\n[{section}]")?;
            }
            for (key, value) in values {
                writeln!(f, "{key} = {value}")?;
            }
        }
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        write!(f, "\n{}", self.rest)
    }
}

/// A TOML basic string.
pub fn quoted(text: &str) -> String {
    let mut string = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => string.extend(['\\', character]),
            control if control.is_control() => {
                string.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => string.push(other),
        }
    }
    string.push('"');
    string
}
