use super::{AliasAddress, AliasError, Pattern};
use crate::address::{AddressError, Mailbox};
use regex::Captures;
use std::fmt;

/// Where an alias forwards to. Prints as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A mailbox, which may be an alias itself.
    Mailbox(Mailbox),
    /// Made from what a regex matched.
    Template(Template),
}

impl Destination {
    /// Parses a destination of the alias `address`: only a regex's may hold `$1`, `${1}` and `$$`.
    ///
    /// # Errors
    /// When `text` is neither a mailbox nor such a template.
    pub fn parse(text: &str, address: &AliasAddress) -> Result<Self, AliasError> {
        match address {
            AliasAddress::Regex(pattern) if text.contains('$') => {
                Template::new(text, pattern).map(Self::Template)
            }
            _ => Mailbox::parse(text)
                .map(Self::Mailbox)
                .map_err(|why| AliasError::Destination(text.to_owned(), why)),
        }
    }

    /// The mailbox, unless it is only known at routing time.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Mailbox(mailbox) => Some(mailbox),
            Self::Template(_) => None,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailbox(mailbox) => write!(f, "{mailbox}"),
            Self::Template(template) => write!(f, "{template}"),
        }
    }
}

/// A destination with groups of the regex in it, such as `$1@people.example`.
///
/// The `@` of a template is its own: with one from a group, whoever writes the mail would choose the
/// domain, and the server would be an open relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: Box<str>,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
}

impl Template {
    fn new(source: &str, pattern: &Pattern) -> Result<Self, AliasError> {
        let bad = |why| AliasError::Template(source.to_owned(), why);
        let parts = split(source).map_err(bad)?;
        let has_at =
            parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('@')));
        if !has_at {
            return Err(bad("it needs an @ of its own, as $1@example.net"));
        }
        let groups = pattern.groups();
        if parts.iter().any(|part| matches!(part, Part::Group(n) if *n >= groups)) {
            return Err(bad("its regex has no group of that number"));
        }
        let template = Self { source: source.into(), parts };
        Mailbox::parse(&template.fill(|_| "x"))
            .map_err(|why| AliasError::Destination(source.to_owned(), why))?;
        Ok(template)
    }

    /// The mailbox for a match; the text it would have been where it is none.
    pub(super) fn apply(&self, captures: &Captures<'_>) -> Result<Mailbox, (String, AddressError)> {
        let text = self.fill(|n| captures.get(n).map_or("", |group| group.as_str()));
        Mailbox::parse(&text).map_err(|why| (text, why))
    }

    fn fill<'a>(&self, group: impl Fn(usize) -> &'a str) -> String {
        let mut text = String::new();
        for part in &self.parts {
            text.push_str(match part {
                Part::Text(own) => own,
                Part::Group(n) => group(*n),
            });
        }
        text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Unlike the regex crate's own templates, `$1a` is group 1 and an `a`, and a slip is an error.
fn split(source: &str) -> Result<Vec<Part>, &'static str> {
    const HELP: &str = "$ is followed by the number of a group, as $1 or ${1}; $$ is a $ itself";
    let mut parts = Vec::new();
    let mut own = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once('$') {
        own.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            own.push('$');
            rest = after;
            continue;
        }
        let (number, after) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or(HELP)?,
            None => {
                let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                after.split_at_checked(end).ok_or(HELP)?
            }
        };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(HELP);
        }
        parts.push(Part::Text(std::mem::take(&mut own)));
        parts.push(Part::Group(number.parse().map_err(|_| HELP)?));
        rest = after;
    }
    own.push_str(rest);
    parts.push(Part::Text(own));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern() -> Pattern {
        Pattern::new(r"^(.+)-(.+)@(a|b)\.test$").unwrap()
    }

    fn applied(template: &str, address: &str) -> Result<String, String> {
        let captures_of = pattern();
        let template = Template::new(template, &captures_of).unwrap();
        template
            .apply(&captures_of.captures(address).unwrap())
            .map(|mailbox| mailbox.to_string())
            .map_err(|(text, _)| text)
    }

    #[test]
    fn groups_are_filled_in() {
        for (template, result) in [
            ("$1@y.test", "x@y.test"),
            ("${2}1@y.test", "eu1@y.test"),
            ("$2a@$3.y.test", "eua@a.y.test"),
            ("$$$1@y.test", "$x@y.test"),
        ] {
            assert_eq!(applied(template, "x-eu@a.test").unwrap(), result);
        }
    }

    #[test]
    fn what_a_sender_writes_cannot_change_the_domain() {
        let text = applied("$1@y.test", "v@evil.test-eu@a.test").unwrap_err();
        assert_eq!(text, "v@evil.test@y.test");
        assert!(applied("$1@y.test", "a b-eu@a.test").is_err());
    }

    #[test]
    fn slips_are_errors() {
        for (template, says) in [
            ("$1", "@ of its own"),
            ("$4@y.test", "no group of that number"),
            ("$@y.test", "followed by the number"),
            ("${1@y.test", "followed by the number"),
            ("${x}@y.test", "followed by the number"),
            ("$99999999999999999999@y.test", "followed by the number"),
            ("$1@-y.test", "not a valid domain name"),
        ] {
            let error = Template::new(template, &pattern()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn outside_a_regex_a_dollar_is_an_ordinary_character() {
        let exact = AliasAddress::parse("a@x.test").unwrap();
        let destination = Destination::parse("cash$1@y.test", &exact).unwrap();
        assert_eq!(destination.mailbox().unwrap().to_string(), "cash$1@y.test");
    }
}
