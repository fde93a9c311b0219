//! header_checks(5) that take away or replace what DKIM signs.

use super::Examination;
use crate::admin::doctor::finding::{Finding, shell, warning};
use regex::{Regex, RegexBuilder};

/// Fields that DKIM signatures mostly cover, as they often look.
const SIGNED: [&str; 13] = [
    "From: Alice Smith <alice@example.com>",
    "To: bob@example.net",
    "Cc: carol@example.net",
    "Subject: Hello",
    "Date: Mon, 5 Jan 2026 12:00:00 +0000",
    "Message-ID: <1@example.com>",
    "Reply-To: alice@example.com",
    "In-Reply-To: <0@example.net>",
    "References: <0@example.net>",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s",
];

const CHECKS: [(&str, &[&str]); 4] = [
    ("header_checks", &["cleanup"]),
    ("mime_header_checks", &["cleanup"]),
    ("nested_header_checks", &["cleanup"]),
    ("smtp_header_checks", &["smtp"]),
];

/// A rule of a table of patterns.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule<'a> {
    /// Its lines in the file, from 1 on.
    pub(super) lines: (usize, usize),
    pub(super) text: &'a str,
}

impl Examination<'_> {
    pub(super) fn header_checks(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut seen = Vec::new();
        for (parameter, programs) in CHECKS {
            for scope in self.setup.scopes(programs, &[parameter]) {
                for table in self.setup.list(scope, parameter) {
                    if !seen.contains(&table) {
                        seen.push(table);
                        findings.extend(self.table_of_patterns(parameter, table));
                    }
                }
            }
        }
        findings
    }

    fn table_of_patterns(&self, parameter: &str, table: &str) -> Vec<Finding> {
        const WHY: &str = "signatures break, and mail of domains with a DMARC policy is refused at its destination";
        let file = table.strip_prefix("regexp:").or_else(|| table.strip_prefix("pcre:"));
        if let Some((file, text)) = file.and_then(|file| Some((file, self.machine.read(file)?))) {
            return changing(&text)
                .into_iter()
                .map(|Rule { lines: (first, last), text }| {
                    warning(
                        "header-checks",
                        format!("{file}:{first} changes a field that DKIM signs: {text}"),
                        WHY,
                        [format!("sed -i '{first},{last}s/^/#/' {}", shell(file))],
                    )
                })
                .collect();
        }
        // Written into main.cf, or of another kind: what it does is asked, where it stands is not known.
        let changed: Vec<&str> = SIGNED
            .iter()
            .filter(|field| self.machine.lookup(table, field).is_some_and(|said| changes(&said)))
            .filter_map(|field| field.split(':').next())
            .collect();
        let what = || format!("{parameter} has {table}, which changes {}", changed.join(", "));
        (!changed.is_empty())
            .then(|| warning("header-checks", what(), WHY, Vec::new()))
            .into_iter()
            .collect()
    }
}

/// The rules that change a field of ours. Inside of `if` they count as if they stood alone.
pub(super) fn changing(text: &str) -> Vec<Rule<'_>> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut at = 0;
    // Lines that go on, comments and empty ones between them, belong to the one before.
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let start = at;
        at += line.len();
        let is_blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        if is_blank {
            continue;
        }
        let goes_on = line.starts_with([' ', '\t']);
        match rules.last_mut() {
            Some(last) if goes_on => {
                last.lines.1 = number;
                let from = start_of(text, last.text);
                last.text = text.get(from..at).unwrap_or(last.text).trim_end();
            }
            _ => {
                let text = text.get(start..at).unwrap_or_default().trim();
                rules.push(Rule { lines: (number, number), text });
            }
        }
    }
    rules.retain(|rule| is_changing(rule.text));
    rules
}

/// Where a part of a text begins in it.
fn start_of(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

fn is_changing(rule: &str) -> bool {
    let Some((pattern, action)) = parse(rule) else { return false };
    changes(action) && SIGNED.iter().any(|field| pattern.is_match(field) || names(&pattern, field))
}

fn changes(action: &str) -> bool {
    let mut lines = action.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    let word = lines.find_map(|line| line.split_ascii_whitespace().next()).unwrap_or_default();
    ["IGNORE", "REPLACE", "STRIP"].iter().any(|change| word.eq_ignore_ascii_case(change))
}

/// `/pattern/flags action`; `None` for what negates, or is no such rule.
fn parse(rule: &str) -> Option<(Regex, &str)> {
    let delimiter = rule.chars().next().filter(char::is_ascii_punctuation)?;
    if delimiter == '!' {
        return None;
    }
    let mut is_escaped = false;
    let body = rule.get(delimiter.len_utf8()..)?;
    let end = body.find(|c| {
        let is_end = c == delimiter && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })?;
    let (pattern, rest) = body.split_at_checked(end)?;
    let rest = rest.get(delimiter.len_utf8()..)?;
    let (flags, action) = rest.split_once(|c: char| c.is_ascii_whitespace())?;
    let pattern = pattern.replace(&format!("\\{delimiter}"), &delimiter.to_string());
    let pattern = RegexBuilder::new(&pattern)
        // Both kinds of tables take them so, and the flag turns it.
        .case_insensitive(!flags.contains('i'))
        .size_limit(1 << 20)
        .build()
        .ok()?;
    Some((pattern, action.trim_start()))
}

/// Whether a pattern is about this field, though the one that we made up does not match it: its name is
/// spelt out at the beginning.
fn names(pattern: &Regex, field: &str) -> bool {
    let name = field.split(':').next().unwrap_or_default();
    let pattern = pattern.as_str().trim_start_matches('^').to_ascii_lowercase();
    let prefix = format!("{}:", name.to_ascii_lowercase());
    if pattern.starts_with(&prefix) {
        return true;
    }
    let Some((alternatives, rest)) =
        pattern.strip_prefix('(').and_then(|rest| rest.split_once(')'))
    else {
        return false;
    };
    rest.starts_with(':')
        && alternatives.split('|').any(|alternative| alternative.eq_ignore_ascii_case(name))
}
