//! What is known of a key: its name, what it accepts, its default, its meaning.

use super::units::{print_duration, print_size};
use std::{borrow::Cow, fmt, time::Duration};

/// A table of the file.
pub(super) struct Section {
    /// `srs` for `[srs]`; empty for the keys above all tables.
    pub(super) name: &'static str,
    /// True for `[[listen]]`, which may stand any number of times.
    pub(super) repeated: bool,
    /// What the table is about.
    pub(super) doc: &'static str,
    /// The keys of the table.
    pub(super) keys: &'static [Key],
}

/// One key of a table.
pub(super) struct Key {
    /// The name of the key.
    pub(super) name: &'static str,
    /// What the key accepts. Prints as the text after `accepted:`.
    pub(super) kind: Kind,
    /// What holds when the key is not written.
    pub(super) default: IfAbsent,
    /// The meaning of the key.
    pub(super) doc: &'static str,
}

/// What a key accepts.
pub(super) enum Kind {
    /// `true` or `false`.
    Bool,
    /// An integer from and to.
    Integer(u64, u64),
    /// A duration from and to, in milliseconds.
    Duration(u64, u64),
    /// A size from and to, in octets.
    Size(u64, u64),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A string, described.
    Text(&'static str),
    /// A list of strings, described.
    List(&'static str),
}

/// What holds when a key is not written.
pub(super) enum IfAbsent {
    /// The key must be written.
    Required,
    /// No value; the text says what happens then.
    Absent(&'static str),
    /// This value, in TOML.
    Toml(&'static str),
    /// The value that this function makes, in TOML.
    Computed(fn() -> String),
}

impl IfAbsent {
    /// The value in TOML, where there is one.
    pub(super) fn toml(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Toml(value) => Some(Cow::Borrowed(value)),
            Self::Computed(value) => Some(Cow::Owned(value())),
            Self::Required | Self::Absent(_) => None,
        }
    }
}

impl Section {
    /// The last part of its name, by which it stands in the table above it.
    pub(super) fn own_name(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, name)| name)
    }

    /// The name of the table it stands in: empty for the file itself; `None` for the keys above all tables.
    pub(super) fn above(&self) -> Option<&'static str> {
        let above = self.name.rsplit_once('.').map_or("", |(above, _)| above);
        (!self.name.is_empty()).then_some(above)
    }

    /// The key as findings and documents name it: `srs.tag`.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.into() } else { format!("{}.{key}", self.name) }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bool => f.write_str("true or false"),
            Self::Integer(from, to) => write!(f, "an integer from {from} to {to}"),
            Self::Duration(from, to) => {
                let text = |ms| print_duration(Duration::from_millis(ms));
                write!(f, "a duration from {:?} to {:?}", text(from), text(to))
            }
            Self::Size(from, to) => write!(
                f,
                "a size from {:?} to {:?}, or a number of octets",
                print_size(from),
                print_size(to)
            ),
            Self::OneOf(names) => f.write_str(&names.join(", ")),
            Self::Text(description) => f.write_str(description),
            Self::List(description) => write!(f, "a list of {description}"),
        }
    }
}

/// A name of a key as the file has it: one that Rust knows as a word of its own is written `r#word` there.
pub(super) const fn plain(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}
