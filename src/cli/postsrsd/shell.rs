//! /etc/default/postsrsd: assignments for a shell, read and never run.

use std::collections::BTreeMap;

/// A value that only a shell knows.
pub(super) const COMPUTED: &str = "a shell computes it";

/// Name → value, or why there is none. Later ones win.
pub(super) fn read(text: &str) -> BTreeMap<String, Result<String, &'static str>> {
    let mut values = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let Some((name, value)) = line.split_once('=') else { continue };
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if is_name(name) {
            values.insert(name.to_owned(), unquoted(value));
        }
    }
    values
}

/// What a shell makes of a word, as far as nothing is to be run or looked up for it.
fn unquoted(text: &str) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut rest = text.chars();
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            ('$' | '`', None | Some('"')) => return Err(COMPUTED),
            ('\\', None) => value.extend(rest.next()),
            ('\\', Some('"')) => match rest.next() {
                Some(c @ ('"' | '\\' | '$' | '`')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            (' ' | '\t' | ';' | '#', None) if c != '#' || value.is_empty() => return Ok(value),
            (c, _) => value.push(c),
        }
    }
    if quote.is_some() { Err("a quote is not closed") } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments() {
        let values = read(
            "# SRS_DOMAIN=no\nSRS_DOMAIN=example.com # yes\n SRS_SEPARATOR==\n\
             SRS_EXCLUDE_DOMAINS=\".example.com, example.org\"\nexport SRS_SECRET='/etc/a b'\n\
             RUN_AS=`id`\nCHROOT=\"$HOME\"\nA=\"open\nif [ 1 = 2 ]; then\nSRS_HASHMIN=a\\ b\n\
             SRS_EMPTY=\nSRS_DOMAIN=later.example\n",
        );
        let value = |name: &str| values[name].as_deref();
        assert_eq!(value("SRS_DOMAIN"), Ok("later.example"));
        assert_eq!(value("SRS_SEPARATOR"), Ok("="));
        assert_eq!(value("SRS_EXCLUDE_DOMAINS"), Ok(".example.com, example.org"));
        assert_eq!(value("SRS_SECRET"), Ok("/etc/a b"));
        assert_eq!(value("SRS_HASHMIN"), Ok("a b"));
        assert_eq!(value("SRS_EMPTY"), Ok(""));
        for name in ["RUN_AS", "CHROOT"] {
            assert!(value(name).is_err_and(|why| *why == COMPUTED), "{name}");
        }
        assert!(value("A").is_err());
    }
}
