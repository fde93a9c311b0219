use super::{AliasError, anchored::domain_of};
use crate::address::{Domain, Mailbox};
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
/// Whoever makes an alias of it has it name one domain, to the end of the address. One that does not
/// may be kept from before that was asked: it still says which addresses it meant. Prints between slashes.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: Box<str>,
    regex: Regex,
    domain: Result<Domain, AliasError>,
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
        let domain = domain_of(source).map_err(|why| unusable(&why));
        Ok(Self { source: source.into(), regex, domain })
    }

    /// The regex without its slashes.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The one domain whose addresses it matches as a whole.
    ///
    /// # Errors
    /// When it can match parts of addresses, or addresses of several domains: what to write instead.
    pub fn domain(&self) -> Result<&Domain, &AliasError> {
        self.domain.as_ref()
    }

    /// How many groups it has, the whole match included.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len()
    }

    /// True for an address that it answers.
    pub fn matches(&self, address: &Mailbox) -> bool {
        self.captures(&address.to_key(), address.domain()).is_some()
    }

    /// The groups, when it matches `address`, the key of one in `domain`.
    pub(super) fn captures<'a>(&self, address: &'a str, domain: &Domain) -> Option<Captures<'a>> {
        let is_meant = self.domain.as_ref().is_ok_and(|own| own == domain) || self.domain.is_err();
        is_meant.then(|| self.regex.captures(address)).flatten()
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
    fn matches_without_regard_to_case_the_addresses_of_its_domain() {
        let ours = Domain::parse("Example.org").unwrap();
        let sales = Pattern::new(r"^Sales-(.+)@example\.org$").unwrap();
        let captures = sales.captures("sales-eu@example.org", &ours).unwrap();
        assert_eq!(captures.get(1).unwrap().as_str(), "eu");
        assert!(sales.captures("presales-eu@example.org", &ours).is_none());
        assert!(sales.captures("sales-eu@example.org.evil.test", &ours).is_none());
        let other = Domain::parse("x.test").unwrap();
        assert!(sales.captures("sales-eu@example.org", &other).is_none());
        let slash = Pattern::new(r"^a\/b@x\.test$").unwrap();
        assert!(slash.captures("a/b@x.test", &other).is_some());
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
