use super::AliasError;
use regex::{Captures, Regex, RegexBuilder};
use std::fmt;

/// Longest regex, in octets.
const MAX_SOURCE: usize = 1_000;
/// Most memory one compiled regex may take, so that `(a{1000}){1000}` is an error when it is added.
const MAX_COMPILED: usize = 4 * 1024 * 1024;
/// Memory for states of one regex that matching works out on the way.
const MAX_STATES: usize = 256 * 1024;

/// A regex that is matched, without regard to case, against the whole lower-case `local@domain`.
///
/// The regex matches anywhere in the address, unless `^` and `$` say otherwise. Prints between slashes.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: Box<str>,
    regex: Regex,
}

impl Pattern {
    /// Compiles what stands between the slashes.
    ///
    /// # Errors
    /// When `source` is empty, too long, no regex, or too big when compiled.
    pub fn new(source: &str) -> Result<Self, AliasError> {
        let unusable = |why: &str| AliasError::Regex(format!("/{source}/"), why.to_owned());
        if source.is_empty() {
            return Err(unusable("it is empty"));
        }
        if source.len() > MAX_SOURCE {
            return Err(unusable("it is longer than 1000 octets"));
        }
        if source.chars().any(char::is_control) {
            return Err(unusable("it has a control character"));
        }
        let regex = RegexBuilder::new(source)
            .case_insensitive(true)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_STATES)
            .build()
            .map_err(|error| unusable(&explain(&error)))?;
        Ok(Self { source: source.into(), regex })
    }

    /// The regex without its slashes.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many groups it has, the whole match included.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len()
    }

    /// The groups, when it matches `address`.
    pub(super) fn captures<'a>(&self, address: &'a str) -> Option<Captures<'a>> {
        self.regex.captures(address)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.source)
    }
}

/// The last line of the regex crate's message, which says what is wrong; those above draw it.
fn explain(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            r"it is too big; use smaller repetitions, or [a-z0-9] in place of \w".to_owned()
        }
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or("it does not parse");
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_without_regard_to_case_and_only_as_anchored() {
        let sales = Pattern::new(r"^Sales-(.+)@example\.org$").unwrap();
        let captures = sales.captures("sales-eu@example.org").unwrap();
        assert_eq!(captures.get(1).unwrap().as_str(), "eu");
        assert!(sales.captures("presales-eu@example.org").is_none());
        assert!(sales.captures("sales-eu@example.org.evil.test").is_none());
        assert!(Pattern::new("sales").unwrap().captures("presales@x.test").is_some());
        assert!(Pattern::new(r"a\/b").unwrap().captures("a/b@x.test").is_some());
    }

    #[test]
    fn what_people_write_is_not_too_big() {
        Pattern::new(r"^[\w.+-]{1,64}@example\.org$").unwrap();
        Pattern::new(r"^(\p{L}|\d){3,20}-(\w+)@(.+\.)?example\.(org|net|com)$").unwrap();
    }

    #[test]
    fn errors_are_one_line() {
        for (source, says) in [
            ("(", "unclosed group"),
            ("[z-a]", "invalid character class range"),
            (r"(\w{500}){500}", "too big"),
            ("a\nb", "control"),
            (&"a".repeat(1001), "1000"),
            (r"(a)\1", "backreferences are not supported"),
        ] {
            let error = Pattern::new(source).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert!(error.lines().count() == 1 || source.contains('\n'), "{error}");
        }
    }
}
