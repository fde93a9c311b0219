//! virtual(5): an address, or a domain behind an at sign, or a domain alone, and where it leads.

use super::{Entry, Import, NO_DOMAIN, OLD_MAILBOX, Surroundings, split};
use crate::address::Domain;

pub(super) fn read(entry: &Entry, surroundings: &Surroundings, import: &mut Import) {
    let (key, value) = key_and_value(&entry.text);
    let targets = split(value, &[','], true);
    if targets.is_empty() {
        return import.problem_of(entry.line, key, "leads nowhere");
    }
    match key.rsplit_once('@') {
        Some(("", domain)) => catch_all(entry.line, domain, &targets, surroundings, import),
        Some(_) => {
            if let Some(targets) = completed(entry.line, &targets, surroundings, import) {
                import.forward(entry.line, key, &targets);
            }
        }
        // `example.org anything` says that the domain is one of aliases.
        None if key.contains('.') && Domain::parse(key).is_ok() => {
            import.domain(entry.line, key);
        }
        None => match &surroundings.domain {
            None => import.problem_of(entry.line, key, NO_DOMAIN),
            Some(domain) => {
                let address = format!("{key}@{domain}");
                if let Some(targets) = completed(entry.line, &targets, surroundings, import) {
                    import.forward(entry.line, &address, &targets);
                }
            }
        },
    }
}

/// The key ends at the first blank that stands in no quotes.
fn key_and_value(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        !quoted && matches!(c, ' ' | '\t')
    });
    text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""))
}

/// `@domain` leads to addresses, or keeps the local part: `@old.example @new.example`.
fn catch_all(
    line: usize,
    domain: &str,
    targets: &[String],
    surroundings: &Surroundings,
    import: &mut Import,
) {
    let is_domain = |target: &&String| target.starts_with('@');
    if !targets.iter().any(|target| target.starts_with('@')) {
        if let Some(targets) = completed(line, targets, surroundings, import) {
            import.forward(line, &format!("*@{domain}"), &targets);
        }
        return;
    }
    if targets.iter().filter(is_domain).any(|target| target.get(1..) == Some(domain)) {
        return import.note(line, format!("@{domain} leads to itself, which means: as it is"));
    }
    let pattern = format!("/^(.+)@{}$/", domain.replace('.', "\\."));
    let targets: Vec<String> = targets
        .iter()
        .map(|target| match target.strip_prefix('@') {
            Some(domain) => format!("$1@{domain}"),
            None => target.clone(),
        })
        .collect();
    import.forward(line, &pattern, &targets);
}

/// With a domain behind each name. `None`, and said, where that cannot be told.
fn completed(
    line: usize,
    targets: &[String],
    surroundings: &Surroundings,
    import: &mut Import,
) -> Option<Vec<String>> {
    let mut completed = Vec::new();
    for target in targets {
        match (target.contains('@'), &surroundings.mailboxes) {
            (true, _) => completed.push(target.clone()),
            (false, Some(domain)) => completed.push(format!("{target}@{domain}")),
            (false, None) => {
                import.problem_of(line, target, OLD_MAILBOX);
                return None;
            }
        }
    }
    Some(completed)
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read};
    use super::*;

    #[test]
    fn a_table() {
        let text = "\
# comment
example.org      anything
hello@example.org   a@x.test, b@y.test
    c@z.test
@example.org\tme@x.test
@old.test @new.test
@old.test.same @old.test.same
info carl
bob@example.org root
keep@example.org keep@example.org, z@x.test
nobody@example.org
a..b@example.org x@y.test
\"a b\"@example.org x@y.test
";
        let import = read(Format::PostfixVirtual, text, &Surroundings::default());
        let aliases: Vec<String> =
            import.aliases.iter().map(|(line, alias)| format!("{line} {alias}")).collect();
        assert_eq!(
            aliases,
            [
                "3 hello@example.org -> a@x.test, b@y.test, c@z.test",
                "5 *@example.org -> me@x.test",
                "6 /^(.+)@old\\.test$/ -> $1@new.test",
                "12 \"a..b\"@example.org -> x@y.test",
                "13 \"a b\"@example.org -> x@y.test",
            ]
        );
        let lines = |problems: &[super::super::Problem]| -> Vec<usize> {
            problems.iter().map(|problem| problem.line).collect()
        };
        assert_eq!(lines(&import.problems), [8, 9, 10, 11], "{:?}", import.problems);
        assert_eq!(lines(&import.notes), [7]);
        let domains: Vec<String> =
            import.domains.iter().map(|(line, domain)| format!("{line} {domain}")).collect();
        assert_eq!(domains, ["2 example.org"]);

        let known = Surroundings {
            domain: Domain::parse("example.org").ok(),
            mailboxes: Domain::parse("x.test").ok(),
        };
        let import = read(Format::PostfixVirtual, "info carl\n", &known);
        assert_eq!(import.aliases[0].1.to_string(), "info@example.org -> carl@x.test");
    }
}
