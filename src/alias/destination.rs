use super::{AliasAddress, AliasError, Pattern, tag::ROUTING};
use crate::address::{Domain, LocalPart, Mailbox};
use regex::Captures;
use std::fmt;

/// Where an alias forwards to. Prints as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A mailbox, which may be an alias itself.
    Mailbox(Mailbox),
    /// Made from what a regex matched.
    Template(Template),
    /// A template that no alias may have, kept from before that was refused: never followed.
    Unsafe {
        /// As it was written.
        text: Box<str>,
        /// Why it is refused.
        fault: Box<AliasError>,
    },
}

impl Destination {
    /// Parses a destination of the alias `address`: only a regex's may hold `$1`, `${1}` and `$$`.
    ///
    /// # Errors
    /// When `text` is neither a mailbox nor, for a regex, holds a `$`.
    pub(super) fn parse(text: &str, address: &AliasAddress) -> Result<Self, AliasError> {
        match address {
            AliasAddress::Regex(pattern) if text.contains('$') => {
                Ok(match Template::new(text, pattern) {
                    Ok(template) => Self::Template(template),
                    Err(fault) => Self::Unsafe { text: text.into(), fault: fault.into() },
                })
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
            Self::Template(_) | Self::Unsafe { .. } => None,
        }
    }

    /// What tells it from every other destination.
    pub(super) fn to_key(&self) -> String {
        match self {
            Self::Mailbox(mailbox) => mailbox.to_key(),
            Self::Template(_) | Self::Unsafe { .. } => self.to_string(),
        }
    }

    /// The domain that takes its mail, whatever a regex matched.
    pub fn domain(&self) -> Option<&Domain> {
        match self {
            Self::Mailbox(mailbox) => Some(mailbox.domain()),
            Self::Template(template) => Some(&template.domain),
            Self::Unsafe { .. } => None,
        }
    }

    /// Why no alias may have this destination.
    pub(super) fn fault(&self) -> Option<&AliasError> {
        match self {
            Self::Mailbox(_) | Self::Template(_) => None,
            Self::Unsafe { fault, .. } => Some(fault),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailbox(mailbox) => write!(f, "{mailbox}"),
            Self::Template(template) => write!(f, "{template}"),
            Self::Unsafe { text, .. } => f.write_str(text),
        }
    }
}

/// A destination with groups of the regex in it, such as `$1@people.example`.
///
/// Its domain is its own. With one from a group, whoever writes the mail would choose it, and the server
/// would be an open relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: Box<str>,
    local: Vec<Part>,
    domain: Domain,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
}

impl Template {
    fn new(source: &str, pattern: &Pattern) -> Result<Self, AliasError> {
        let bad = |why| AliasError::Template(source.to_owned(), why);
        let mut local = split(source).map_err(bad)?;
        let at = local
            .iter()
            .rposition(|part| matches!(part, Part::Text(text) if text.contains('@')))
            .ok_or_else(|| bad("it needs an @ of its own, as $1@example.net"))?;
        if local.iter().skip(at).any(|part| matches!(part, Part::Group(_))) {
            return Err(bad(
                "its domain is the sender's choice; write the domain out, as $1@example.net, in an alias \
                 for each domain",
            ));
        }
        let behind = local.split_off(at);
        let (own, domain) = match behind.as_slice() {
            [Part::Text(text)] => text.rsplit_once('@').unwrap_or_default(),
            _ => Default::default(),
        };
        let domain =
            Domain::parse(domain).map_err(|why| AliasError::Destination(source.to_owned(), why))?;
        local.push(Part::Text(own.to_owned()));
        let groups = pattern.groups();
        if local.iter().any(|part| matches!(part, Part::Group(n) if *n >= groups)) {
            return Err(bad("its regex has no group of that number"));
        }
        if local.contains(&Part::Group(0)) {
            return Err(bad("$0 is the whole address with its @; number the groups from 1, as $1"));
        }
        let template = Self { source: source.into(), local, domain };
        template.fill(|_| "x").map_err(|(_, why)| bad(why)).map(|_| template)
    }

    /// The mailbox for a match; the text it would have been where it is none, and why.
    pub(super) fn apply(&self, captures: &Captures<'_>) -> Result<Mailbox, (String, &'static str)> {
        self.fill(|n| captures.get(n).map_or("", |group| group.as_str()))
    }

    fn fill<'a>(
        &self,
        group: impl Fn(usize) -> &'a str,
    ) -> Result<Mailbox, (String, &'static str)> {
        let mut local = String::new();
        let mut is_led_on = false;
        for part in &self.local {
            match part {
                Part::Text(own) => local.push_str(own),
                Part::Group(n) => {
                    is_led_on |= group(*n).contains(ROUTING);
                    local.push_str(group(*n));
                }
            }
        }
        let failed = |why| (format!("{local}@{}", self.domain), why);
        if is_led_on {
            return Err(failed("a group matched a character that routes mail on, or a quote"));
        }
        LocalPart::parse(&local)
            .and_then(|local| Mailbox::new(local, self.domain.clone()))
            .map_err(|_| failed("the groups make no local part"))
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
        Pattern::new(r"^(.*)-(.+)@(a\.test)$").unwrap()
    }

    fn applied(template: &str, address: &str) -> Result<String, String> {
        let captures_of = pattern();
        let template = Template::new(template, &captures_of).unwrap();
        let domain = Domain::parse("a.test").unwrap();
        template
            .apply(&captures_of.captures(address, &domain).unwrap())
            .map(|mailbox| mailbox.to_string())
            .map_err(|(text, _)| text)
    }

    #[test]
    fn groups_are_filled_in() {
        for (template, result) in [
            ("$1@y.test", "x@y.test"),
            ("${2}1@y.test", "eu1@y.test"),
            ("$2a-$3@y.test", "eua-a.test@y.test"),
            ("$$$1@y.test", "$x@y.test"),
            ("\"$1 $2\"@y.test", "\"x eu\"@y.test"),
        ] {
            assert_eq!(applied(template, "x-eu@a.test").unwrap(), result, "{template}");
        }
    }

    #[test]
    fn what_a_sender_writes_cannot_change_where_mail_goes() {
        let text = applied("$1@y.test", "v@evil.test-eu@a.test").unwrap_err();
        assert_eq!(text, "v@evil.test@y.test");
        for written in [
            "v%evil.test",
            "evil.test!v",
            "a b",
            "a\"@evil.test,\"b",
            "\"@evil.test",
            "a\\",
            "",
            ".a",
        ] {
            let address = format!("{written}-eu@a.test");
            for template in ["$1@y.test", "\"$1\"@y.test", "x$1@y.test"] {
                match applied(template, &address) {
                    Ok(mailbox) => assert!(
                        mailbox.ends_with("@y.test") && !mailbox.contains(['%', '!', '\\']),
                        "{template} {written}: {mailbox}"
                    ),
                    Err(text) => assert!(text.ends_with("@y.test"), "{text}"),
                }
            }
        }
    }

    #[test]
    fn a_domain_that_the_sender_chooses_is_refused() {
        for template in
            ["$1@$2", "me@$1", "me@$1.test", "me@y$1.test", "me@y.test$1", "$1@y.${2}", "a@b@$1"]
        {
            let error = Template::new(template, &pattern()).unwrap_err().to_string();
            assert!(error.contains("its domain is the sender's choice"), "{template}: {error}");
        }
    }

    #[test]
    fn slips_are_errors() {
        for (template, says) in [
            ("$1", "@ of its own"),
            ("$0", "@ of its own"),
            ("$0@y.test", "number the groups from 1"),
            ("$4@y.test", "no group of that number"),
            ("$@y.test", "followed by the number"),
            ("${1@y.test", "followed by the number"),
            ("${x}@y.test", "followed by the number"),
            ("$99999999999999999999@y.test", "followed by the number"),
            ("$1@-y.test", "not a valid domain name"),
            ("$1 $1@y.test", "no local part"),
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
