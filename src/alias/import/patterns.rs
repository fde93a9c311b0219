//! regexp_table(5) and pcre_table(5): a pattern between delimiters, flags, and where it leads.

use super::{Entry, Import, split};

/// Which of the two kinds of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Regexp,
    Pcre,
}

/// What was said by the entries before.
pub(super) struct Patterns {
    kind: Kind,
    /// Those that have not ended.
    conditions: usize,
}

impl Patterns {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, conditions: 0 }
    }

    pub(super) fn read(&mut self, entry: &Entry, import: &mut Import) {
        let word = entry.text.split([' ', '\t', '/', '!']).next().unwrap_or_default();
        match word {
            "if" => {
                self.conditions += 1;
                import
                    .problem(entry.line, "if has no counterpart: add its pattern to those within");
            }
            "endif" => self.conditions = self.conditions.saturating_sub(1),
            _ if self.conditions > 0 => {
                import.problem(entry.line, "it stands within an if, which has no counterpart");
            }
            _ => pattern(entry, self.kind, import),
        }
    }
}

fn pattern(entry: &Entry, kind: Kind, import: &mut Import) {
    let (line, text) = (entry.line, entry.text.as_str());
    if text.starts_with('!') {
        return import.problem(line, "a pattern that must not match has no counterpart");
    }
    let Some(parsed) = parse(text) else {
        return import.problem(line, "no pattern between two delimiters");
    };
    for flag in parsed.flags.chars() {
        match flag {
            // Without it both are blind to case, as we are.
            'i' => {
                return import.problem(line, "flag i: no pattern tells upper from lower case here");
            }
            // What a dot and ends of lines mean does not matter in one line.
            's' | 'm' | 'A' | 'D' | 'E' | 'U' | 'X' | 'x' if kind == Kind::Pcre => {
                if matches!(flag, 'x' | 'A' | 'U') {
                    return import.problem(line, format!("flag {flag} has no counterpart"));
                }
            }
            'm' if kind == Kind::Regexp => {}
            'x' if kind == Kind::Regexp => {
                return import
                    .problem(line, "flag x, basic regular expressions, has no counterpart");
            }
            other => return import.problem(line, format!("flag {other} is not known")),
        }
    }
    if kind == Kind::Pcre
        && ["++", "*+", "?+", "}+"].iter().any(|repeat| parsed.pattern.contains(repeat))
    {
        return import.problem(line, "a possessive repeat, such as a++, means something else here");
    }
    let Some(targets) = templates(parsed.value) else {
        return import.problem(line, "a dollar sign that is no $1, ${1} or $(1)");
    };
    if targets.is_empty() {
        return import.problem(line, "it leads nowhere");
    }
    if let Some(target) = targets.iter().find(|target| !target.contains('@')) {
        return import.problem_of(line, target, "is a mailbox of the old machine");
    }
    import.forward(line, &format!("/{}/", parsed.pattern), &targets);
}

struct Parsed<'a> {
    pattern: String,
    flags: &'a str,
    value: &'a str,
}

/// Any delimiter will do; behind a backslash it stands for itself.
fn parse(text: &str) -> Option<Parsed<'_>> {
    let delimiter = text.chars().next().filter(char::is_ascii_punctuation)?;
    let mut pattern = String::new();
    let mut rest = text.char_indices().skip(1);
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => {
                let (_, escaped) = rest.next()?;
                if escaped != delimiter || delimiter == '/' {
                    pattern.push('\\');
                }
                pattern.push(escaped);
            }
            c if c == delimiter => {
                let behind = text.get(at + 1..)?;
                let (flags, value) = behind.split_once([' ', '\t']).unwrap_or((behind, ""));
                return Some(Parsed { pattern, flags, value });
            }
            // Ours stands between slashes.
            '/' => pattern.push_str("\\/"),
            c => pattern.push(c),
        }
    }
    None
}

/// `$(1)` is written `${1}` here. `None` for another dollar sign.
fn templates(value: &str) -> Option<Vec<String>> {
    let mut text = String::new();
    let mut rest = value.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '$' {
            text.push(c);
            continue;
        }
        match rest.next()? {
            '$' => text.push_str("$$"),
            open @ ('{' | '(') => {
                let close = if open == '{' { '}' } else { ')' };
                let digits: String =
                    std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
                if digits.is_empty() || rest.next() != Some(close) {
                    return None;
                }
                text.push_str(&format!("${{{digits}}}"));
            }
            digit if digit.is_ascii_digit() => text.push_str(&format!("${{{digit}}}")),
            _ => return None,
        }
    }
    Some(split(&text, &[','], true))
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Surroundings, read};

    #[test]
    fn tables() {
        let text = "\
# patterns
/^sales-(.+)@example\\.org$/ $1@people.test
!/^a@/ b@c.test
if /@example\\.org$/
/^x@/ y@z.test
endif
|^p/q@example\\.org$| one@x.test, two@y.test
/^i@example\\.org$/i a@b.test
/^(a)(b)@example\\.org$/ ${1}$(2)@x.test
/^d@example\\.org$/ $x@x.test
/^local@example\\.org$/ bob
/(?<!a)b@example\\.org$/ x@y.test
/open
/f++@example\\.org$/ x@y.test
";
        let import = read(Format::PostfixPcre, text, &Surroundings::default());
        let aliases: Vec<String> =
            import.aliases.iter().map(|(line, alias)| format!("{line} {alias}")).collect();
        assert_eq!(
            aliases,
            [
                "2 /^sales-(.+)@example\\.org$/ -> ${1}@people.test",
                "7 /^p\\/q@example\\.org$/ -> one@x.test, two@y.test",
                "9 /^(a)(b)@example\\.org$/ -> ${1}${2}@x.test",
            ]
        );
        let lines: Vec<usize> = import.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 4, 5, 8, 10, 11, 12, 13, 14], "{:#?}", import.problems);
    }
}
