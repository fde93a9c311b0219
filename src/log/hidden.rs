//! Keys that no line may show, whoever writes it: a library names whatever it looks up.

use parking_lot::RwLock;
use std::borrow::Cow;

/// What stands in place of a key.
const MASK: &str = "[key]";
/// A key shorter than this may be part of other words: it is masked where it is a word of its own.
const DISTINCT: usize = 6;

/// In lower case.
static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Lets no line show these from now on, in whatever case.
pub fn hide<'a>(secrets: impl IntoIterator<Item = &'a str>) {
    let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
    let mut hidden = SECRETS.write();
    for secret in secrets.map(str::to_ascii_lowercase) {
        if !hidden.contains(&secret) {
            hidden.push(secret);
        }
    }
}

/// A line without them.
pub(super) fn without_secrets(line: &str) -> Cow<'_, str> {
    masked(line, &SECRETS.read())
}

fn masked<'a>(line: &'a str, secrets: &[String]) -> Cow<'a, str> {
    let mut line = Cow::Borrowed(line);
    for secret in secrets {
        // Of the same length as the line: no other octets change.
        let lower = line.to_ascii_lowercase();
        let mut found = lower.match_indices(secret.as_str()).map(|(at, _)| at);
        let Some(first) = found.find(|at| shows(&lower, *at, secret)) else { continue };
        let mut out = String::with_capacity(line.len());
        let mut end = 0;
        for at in std::iter::once(first).chain(found.filter(|at| shows(&lower, *at, secret))) {
            out.push_str(line.get(end..at).unwrap_or_default());
            out.push_str(MASK);
            end = at + secret.len();
        }
        out.push_str(line.get(end..).unwrap_or_default());
        line = Cow::Owned(out);
    }
    line
}

/// Whether `secret`, which stands there in `line`, shows as such.
fn shows(line: &str, at: usize, secret: &str) -> bool {
    let before = line.get(..at).and_then(|before| before.chars().next_back());
    let after = line.get(at + secret.len()..).and_then(|after| after.chars().next());
    secret.len() >= DISTINCT || ![before, after].into_iter().flatten().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_in_no_case() {
        let secrets = ["0a1b2c".to_owned(), "qz7x".to_owned()];
        for (line, expected) in [
            ("nothing to hide", "nothing to hide"),
            ("1.2.0.192.0A1b2C.zen.test. IN A", "1.2.0.192.[key].zen.test. IN A"),
            ("0a1b2c0a1b2c", "[key][key]"),
            ("ü 0a1b2c ü QZ7X.ZEN.dq", "ü [key] ü [key].ZEN.dq"),
            ("key=Qz7x, aqz7x qz7xa qz7x", "key=[key], aqz7x qz7xa [key]"),
            ("0a1b2", "0a1b2"),
        ] {
            assert_eq!(masked(line, &secrets), expected);
        }
        assert!(matches!(masked("0a1b2c", &[]), Cow::Borrowed(_)));
    }
}
