//! aliases(5), and Exim's alias files: a name, a colon, and where it leads. Names that are aliases
//! themselves lead on; others are mailboxes of the old machine.

use super::{Entries, Entry, Import, NO_DOMAIN, OLD_MAILBOX, Surroundings, split};
use crate::alias::{Alias, AliasAddress};
use std::collections::HashSet;

/// What is known of the file as a whole.
pub(super) struct Names<'a> {
    surroundings: &'a Surroundings,
    /// Exim's `lsearch*@` knows wildcards, and aliases(5) none.
    has_wildcards: bool,
    names: HashSet<Box<str>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(text: &str, surroundings: &'a Surroundings, has_wildcards: bool) -> Self {
        let keys = Entries::of(text).filter_map(|entry| key_and_value(&entry.text));
        let names = keys.map(|(key, _)| key.to_lowercase().into()).collect();
        Self { surroundings, has_wildcards, names }
    }

    pub(super) fn read(&self, entry: &Entry, import: &mut Import) {
        let Some((key, value)) = key_and_value(&entry.text) else {
            return import.problem(entry.line, "no name and colon");
        };
        if !self.has_wildcards && matches!(key.split('@').next(), Some("*" | "")) {
            let subject = format!("{key}:");
            return import.problem_of(entry.line, &subject, "aliases(5) has no wildcards");
        }
        alias(entry.line, &key, &value, &self.names, self.surroundings, import);
    }
}

/// `name: value`, where the name may stand in quotes; lsearch takes a blank for the colon.
fn key_and_value(text: &str) -> Option<(String, String)> {
    if let Some(rest) = text.strip_prefix('"') {
        let (key, rest) = rest.split_once('"')?;
        let value = rest.trim_start().strip_prefix(':').unwrap_or(rest);
        return Some((key.to_owned(), value.trim().to_owned()));
    }
    let end = text.find([':', ' ', '\t'])?;
    let (key, rest) = text.split_at_checked(end)?;
    let rest = rest.trim_start();
    let value = rest.strip_prefix(':').unwrap_or(rest);
    (!key.is_empty()).then(|| (key.trim().to_owned(), value.trim().to_owned()))
}

fn alias(
    line: usize,
    key: &str,
    value: &str,
    names: &HashSet<Box<str>>,
    surroundings: &Surroundings,
    import: &mut Import,
) {
    let address = match (key.rsplit_once('@'), &surroundings.domain) {
        (Some(("*" | "", domain)), _) => format!("*@{domain}"),
        (Some(_), _) => key.to_owned(),
        (None, None) => {
            return import.problem_of(line, key, NO_DOMAIN);
        }
        (None, Some(domain)) if key.contains(' ') => format!("\"{key}\"@{domain}"),
        (None, Some(domain)) => format!("{key}@{domain}"),
    };
    if let Some(special) = special(value) {
        let parsed = AliasAddress::parse(&address);
        let alias = match special {
            Special::Fail(text) => parsed.and_then(|address| Alias::reject(address, text)),
            Special::Defer(text) => parsed.and_then(|address| Alias::defer(address, text)),
            Special::Discard => parsed.and_then(Alias::discard),
        };
        return import.alias(line, alias);
    }
    let mut targets = Vec::new();
    for target in split(value, &[','], false) {
        let unescaped = target.strip_prefix('\\').unwrap_or(&target);
        let bare = unescaped.trim_matches('"');
        let refused = match bare.chars().next() {
            Some('|') => Some("a command runs nowhere here"),
            Some('/') => Some("files are not written here"),
            Some(':') => Some("files of addresses are not read: their lines can be destinations"),
            _ => None,
        };
        if let Some(why) = refused {
            return import.problem_of(line, &format!("{key} leads to {bare}:"), why);
        }
        let is_alias = names.contains(bare.to_lowercase().as_str()) && !target.starts_with('\\');
        match (unescaped.contains('@'), &surroundings.mailboxes, &surroundings.domain) {
            (true, ..) => targets.push(unescaped.to_owned()),
            (false, _, Some(domain)) if is_alias => targets.push(format!("{unescaped}@{domain}")),
            (false, Some(domain), _) => targets.push(format!("{unescaped}@{domain}")),
            (false, ..) => {
                let subject = format!("{key} leads to {bare}, which");
                return import.problem_of(line, &subject, OLD_MAILBOX);
            }
        }
    }
    if targets.is_empty() {
        return import.problem_of(line, key, "leads nowhere");
    }
    import.forward(line, &address, &targets);
}

enum Special<'a> {
    Fail(&'a str),
    Defer(&'a str),
    Discard,
}

/// Exim's `:fail: text`, `:defer: text` and `:blackhole:`; Sendmail's and Postfix's /dev/null.
fn special(value: &str) -> Option<Special<'_>> {
    let text = |rest: &'static str, default| -> Option<&str> {
        let text = value.strip_prefix(rest)?.trim();
        Some(if text.is_empty() { default } else { text })
    };
    if let Some(text) = text(":fail:", "This address does not accept mail") {
        return Some(Special::Fail(text));
    }
    if let Some(text) = text(":defer:", "This address does not accept mail now") {
        return Some(Special::Defer(text));
    }
    matches!(value, ":blackhole:" | "/dev/null" | "\"/dev/null\"").then_some(Special::Discard)
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read};
    use super::*;
    use crate::address::Domain;

    #[test]
    fn a_file() {
        let text = "\
# aliases
postmaster:    root
root: me@x.test, \\root
sales: \"Bob Smith\"@x.test,
   carl@y.test
hello: root
list: |/usr/bin/list
archive: /var/mail/archive
people: :include:/etc/people
gone: :fail: moved away
later: :defer:
quiet: /dev/null
*@other.test: me@x.test
alone: dave
no colon
";
        let only_domain =
            Surroundings { domain: Domain::parse("example.org").ok(), mailboxes: None };
        let import = read(Format::Exim, text, &only_domain);
        let aliases: Vec<String> =
            import.aliases.iter().map(|(line, alias)| format!("{line} {alias}")).collect();
        assert_eq!(
            aliases,
            [
                "2 postmaster@example.org -> root@example.org",
                "4 sales@example.org -> \"Bob Smith\"@x.test, carl@y.test",
                "6 hello@example.org -> root@example.org",
                "10 gone@example.org rejects: moved away",
                "11 later@example.org defers: This address does not accept mail now",
                "12 quiet@example.org discards",
                "13 *@other.test -> me@x.test",
            ]
        );
        let lines: Vec<usize> = import.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 7, 8, 9, 14, 15], "{:#?}", import.problems);
        let both = Surroundings {
            domain: Domain::parse("example.org").ok(),
            mailboxes: Domain::parse("mailbox.test").ok(),
        };
        let wild =
            read(Format::Aliases, "*: me@x.test\n*@a.test: me@x.test\n\"a b\": me@x.test\n", &both);
        assert_eq!((wild.problems.len(), wild.aliases.len()), (2, 1), "{wild:?}");
        assert_eq!(wild.aliases[0].1.to_string(), "\"a b\"@example.org -> me@x.test");
        let import = read(Format::Aliases, "root: \\root, dave\n", &both);
        assert_eq!(
            import.aliases[0].1.to_string(),
            "root@example.org -> root@mailbox.test, dave@mailbox.test"
        );
    }
}
