//! `docs/CONFIG.md` and onward.toml(5), made from the definitions of all keys.

use super::{
    schema::{IfAbsent, Section},
    sections::SECTIONS,
};
use roff::{Roff, bold, roman};
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

One TOML file: `/etc/onward/onward.toml`, unless `--config FILE` or `$ONWARD_CONFIG` names another.
`onward init` writes a first one, `onward check` says what is wrong with it or what will listen where.

Everything in the file must be known and valid; an unknown key is an error, not ignored. Errors name
file, line, key and what is accepted, all of them at once.

Durations are strings of numbers with a unit each: `ms`, `s`, `m`, `h`, `d`, `w`, as in `\"45s\"` or
`\"1h30m\"`. Sizes are strings such as `\"25MiB\"` (1024²) or `\"10KB\"` (1000), or plain octets.
Rates are strings such as `\"600/1h\"`: 600 at once, and after that one every 6 s, as a bucket that holds
600 fills evenly in an hour.
";

/// The text of `docs/CONFIG.md`.
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    for section in SECTIONS {
        section_markdown(section, &mut out);
    }
    out
}

fn section_markdown(section: &Section, out: &mut String) {
    let title = match section.name {
        "" => title(section),
        _ => format!("`{}`", title(section)),
    };
    // Writing to a String cannot fail.
    let _ = write!(out, "\n## {title}\n\n{}\n", section.doc);
    for key in section.keys {
        let default = default(&key.default);
        let _ = write!(
            out,
            "\n### `{}`\n\n{}\n\n- Accepted: {}\n- Default: {default}\n",
            key.name, key.doc, key.kind
        );
    }
}

fn title(section: &Section) -> String {
    match (section.name, section.repeated) {
        ("", _) => "At the top".to_owned(),
        (name, true) => format!("[[{name}]]"),
        (name, false) => format!("[{name}]"),
    }
}

fn default(if_absent: &IfAbsent) -> String {
    match (if_absent, if_absent.toml()) {
        (_, Some(value)) => format!("`{value}`"),
        (IfAbsent::Absent(text), None) => (*text).to_owned(),
        (_, None) => "none, the key is required".to_owned(),
    }
}

/// onward.toml(5), in roff.
pub fn manual() -> String {
    let mut page = Roff::new();
    page.control("TH", ["onward.toml", "5", "", "onward", "Onward"]);
    page.control("SH", ["NAME"]);
    page.text([roman("onward.toml - the configuration of Onward")]);
    // Whatever stands in NAME beside names is one more of them to apropos.
    page.control("SH", ["DESCRIPTION"]);
    for (at, paragraph) in HEAD.split("\n\n").skip(1).enumerate() {
        if at > 0 {
            page.control("PP", []);
        }
        page.text([roman(plain(&paragraph.replace('\n', " ")))]);
    }
    for section in SECTIONS {
        page.control("SH", [title(section).as_str()]);
        page.text([roman(plain(section.doc))]);
        for key in section.keys {
            page.control("TP", []);
            page.text([bold(key.name)]);
            page.text([roman(plain(key.doc))]);
            page.control("br", []);
            page.text([roman(plain(&format!("Accepted: {}.", key.kind)))]);
            page.control("br", []);
            page.text([roman(plain(&format!("Default: {}.", default(&key.default))))]);
        }
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([roman("onward(1)")]);
    page.to_roff()
}

/// Without the marks of Markdown.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
