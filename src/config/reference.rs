//! `docs/CONFIG.md`, made from [`schema`](super::schema).

use super::schema::{IfAbsent, SECTIONS, Section};
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

One TOML file: `/etc/onward/onward.toml`, unless `--config FILE` or `$ONWARD_CONFIG` names another.
`onward init` writes a first one, `onward check` says what is wrong with it or what will listen where.

Everything in the file must be known and valid; an unknown key is an error, not ignored. Errors name
file, line, key and what is accepted, all of them at once.

Durations are strings of numbers with a unit each: `ms`, `s`, `m`, `h`, `d`, `w`, as in `\"45s\"` or
`\"1h30m\"`. Sizes are strings such as `\"25MiB\"` (1024²) or `\"10KB\"` (1000), or plain octets.

The tables `[filter]` and `[submission]` belong to later versions and are refused.
";

/// The text of `docs/CONFIG.md`.
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    for section in &SECTIONS {
        section_markdown(section, &mut out);
    }
    out
}

fn section_markdown(section: &Section, out: &mut String) {
    let title = match (section.name, section.repeated) {
        ("", _) => "At the top".to_owned(),
        (name, true) => format!("`[[{name}]]`"),
        (name, false) => format!("`[{name}]`"),
    };
    // Writing to a String cannot fail.
    let _ = write!(out, "\n## {title}\n\n{}\n", section.doc);
    for key in section.keys {
        let default = match key.default {
            IfAbsent::Required => "none, the key is required".to_owned(),
            IfAbsent::Absent(text) => text.to_owned(),
            IfAbsent::Toml(value) => format!("`{value}`"),
        };
        let _ = write!(
            out,
            "\n### `{}`\n\n{}\n\n- Accepted: {}\n- Default: {default}\n",
            key.name, key.doc, key.kind
        );
    }
}
