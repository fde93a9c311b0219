//! Keys that no line may show, whoever writes it: a library names whatever it looks up.

use parking_lot::RwLock;
use std::borrow::Cow;

/// What stands in place of a key.
const MASK: &str = "[key]";

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
        let mut rest = line.to_ascii_lowercase();
        if !rest.contains(secret.as_str()) {
            continue;
        }
        let mut out = String::with_capacity(line.len());
        let mut at = 0;
        while let Some(before) = rest.find(secret.as_str()) {
            out.push_str(line.get(at..at + before).unwrap_or_default());
            out.push_str(MASK);
            at += before + secret.len();
            rest = rest.split_off(before + secret.len());
        }
        out.push_str(line.get(at..).unwrap_or_default());
        line = Cow::Owned(out);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_in_no_case() {
        let secrets = ["0a1b2c".to_owned(), "k3y.zen".to_owned()];
        for (line, expected) in [
            ("nothing to hide", "nothing to hide"),
            ("1.2.0.192.0A1b2C.zen.test. IN A", "1.2.0.192.[key].zen.test. IN A"),
            ("0a1b2c0a1b2c", "[key][key]"),
            ("ü 0a1b2c ü K3Y.ZEN.dq K3Y", "ü [key] ü [key].dq K3Y"),
            ("0a1b2", "0a1b2"),
        ] {
            assert_eq!(masked(line, &secrets), expected);
        }
        assert!(matches!(masked("0a1b2c", &[]), Cow::Borrowed(_)));
    }
}
