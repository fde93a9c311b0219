//! What holds for all of a domain: addresses that become aliases by their first mail, and digests.

use super::{Alias, AliasAddress, AnswerAddress, Digest, MAX_DESTINATIONS, once_each};
use crate::address::{LocalPart, Mailbox};
use regex::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Hir, Look},
};
use std::fmt;

/// Longest regex, in octets.
const MAX_SOURCE: usize = 1_000;
/// Most memory that one takes compiled, and for what it works out on the way.
const MAX_COMPILED: usize = 1024 * 1024;
const MAX_STATES: usize = 256 * 1024;
/// Longest local part that becomes an alias by itself.
const MAX_LOCAL: usize = 64;

/// What is set for a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainSettings {
    /// Which addresses become aliases by their first mail.
    pub auto_create: Option<AutoCreate>,
    /// How often owners hear of their aliases, where those say nothing else.
    pub digest: Option<Digest>,
}

/// What changes of it; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Which addresses become aliases from now on.
    pub auto_create: Option<Option<AutoCreate>>,
    /// How often owners hear from now on.
    pub digest: Option<Option<Digest>>,
    /// Only if that is what is set.
    pub only_if: Option<DomainSettings>,
}

/// Addresses that become aliases by the first mail that is taken for them.
#[derive(Debug, Clone)]
pub struct AutoCreate {
    source: Box<str>,
    regex: Regex,
    destinations: Vec<Mailbox>,
}

impl SettingsChange {
    /// The settings as they are afterwards.
    pub fn of(&self, settings: DomainSettings) -> DomainSettings {
        DomainSettings {
            auto_create: self.auto_create.clone().unwrap_or(settings.auto_create),
            digest: self.digest.unwrap_or(settings.digest),
        }
    }
}

impl DomainSettings {
    /// True when nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AutoCreate {
    /// Addresses whose whole local part `pattern` matches, without regard to case, lead to `destinations`. Slashes
    /// around the regex, as those of aliases have, are left out.
    ///
    /// # Errors
    /// When it is no regex or too big a one, or there are no destinations, too many, or one is no mailbox.
    pub fn new<S: AsRef<str>>(
        pattern: &str,
        destinations: impl IntoIterator<Item = S>,
    ) -> Result<Self, SettingsError> {
        let inner = pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let source = inner.unwrap_or(pattern);
        let unusable = |why: String| SettingsError::Pattern(pattern.to_owned(), why);
        if source.is_empty() || source.len() > MAX_SOURCE || source.chars().any(char::is_control) {
            return Err(unusable(format!(
                "it has 1 to {MAX_SOURCE} octets, none a control character"
            )));
        }
        if source.contains('@') {
            return Err(unusable("it is for what stands before the @ alone".to_owned()));
        }
        // By its structure, so that no bracket, flag or comment of it ends what stands around it.
        let parsed = ParserBuilder::new().case_insensitive(true).build().parse(source);
        let parsed = parsed.map_err(|error| unusable(last_line(&error.to_string())))?;
        let (start, end) = (Hir::look(Look::Start), Hir::look(Look::End));
        let whole = Hir::concat(vec![start, parsed, end]).to_string();
        let regex =
            RegexBuilder::new(&whole).size_limit(MAX_COMPILED).dfa_size_limit(MAX_STATES).build();
        let regex = regex.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => unusable("it is too big".to_owned()),
            error => unusable(last_line(&error.to_string())),
        })?;
        let destinations = destinations.into_iter().map(|text| {
            let text = text.as_ref();
            Mailbox::parse(text)
                .map_err(|why| SettingsError::Destination(text.to_owned(), why.to_string()))
        });
        let destinations = destinations.collect::<Result<Vec<_>, _>>()?;
        let destinations = once_each(destinations, Mailbox::to_key);
        match destinations.len() {
            1..=MAX_DESTINATIONS => Ok(Self { source: source.into(), regex, destinations }),
            _ => Err(SettingsError::Destinations),
        }
    }

    /// The regex, as it was written.
    pub fn pattern(&self) -> &str {
        &self.source
    }

    /// Where its aliases lead.
    pub fn destinations(&self) -> &[Mailbox] {
        &self.destinations
    }

    /// The alias that mail for `address` makes, if it makes one.
    pub fn alias_for(&self, address: &Mailbox) -> Option<Alias> {
        let made = AliasAddress::Exact(self.makes(address)?);
        Alias::forward(made, self.destinations.iter().map(ToString::to_string)).ok()
    }

    /// The address of the alias that mail for `address` makes; `None` where it makes none: the local part without its
    /// tag does not fit, or is one that strangers must not make an alias of.
    pub fn makes(&self, address: &Mailbox) -> Option<Mailbox> {
        let local = address.local().to_key();
        if AnswerAddress::read(address).is_some() {
            return None;
        }
        let local = local.split('+').next().unwrap_or(&local);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_role = matches!(local, "postmaster" | "abuse");
        if is_role || local.len() > MAX_LOCAL || !local.chars().all(is_plain) {
            return None;
        }
        let plain = LocalPart::parse(local).ok().filter(|plain| plain.wire_len() == local.len())?;
        self.regex.is_match(local).then_some(())?;
        Mailbox::new(plain, address.domain().clone()).ok()
    }
}

impl PartialEq for AutoCreate {
    fn eq(&self, other: &Self) -> bool {
        (&self.source, &self.destinations) == (&other.source, &other.destinations)
    }
}

impl Eq for AutoCreate {}

/// `shop-.* -> me@mailbox.example`: the form in listings.
impl fmt::Display for AutoCreate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to: Vec<String> = self.destinations.iter().map(ToString::to_string).collect();
        write!(f, "{} -> {}", self.source, to.join(", "))
    }
}

/// Why something is not set; the message is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// No regex that addresses are made aliases by.
    #[error(
        "{0:?} says of no addresses that they become aliases: {1}; it is a regex for the whole of what stands before \
         the @, as shop-.* or [a-z]+-(news|shop)"
    )]
    Pattern(String, String),
    /// A destination that is no mailbox.
    #[error("{0:?} is no destination: {1}")]
    Destination(String, String),
    /// None, or too many.
    #[error("aliases that are made by their first mail have 1 to {MAX_DESTINATIONS} destinations")]
    Destinations,
}

fn last_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makes(pattern: &str, address: &str) -> Option<String> {
        let auto_create = AutoCreate::new(pattern, ["me@y.test"]).unwrap();
        auto_create.makes(&Mailbox::parse(address).unwrap()).map(|made| made.to_string())
    }

    #[test]
    fn the_whole_local_part_fits_and_its_tag_does_not_count() {
        for (pattern, address, made) in [
            ("shop-.*", "Shop-News@x.test", Some("shop-news@x.test")),
            ("shop-.*", "shop-a+tag@x.test", Some("shop-a@x.test")),
            ("/^shop-.*$/", "shop-a@x.test", Some("shop-a@x.test")),
            ("a|b", "b@x.test", Some("b@x.test")),
            ("a|b", "ab@x.test", None),
            ("a|b", "ba@x.test", None),
            ("shop", "my-shop@x.test", None),
            ("(?x) shop # all", "shop@x.test", Some("shop@x.test")),
        ] {
            assert_eq!(makes(pattern, address).as_deref(), made, "{pattern} {address}");
        }
    }

    #[test]
    fn no_stranger_makes_an_alias_that_misleads() {
        for address in [
            "postmaster@x.test",
            "abuse@x.test",
            "Abuse+a@x.test",
            "srs0=hhhh=tt=y.test=a@x.test",
            "a+b=c.test@x.test",
            "+a@x.test",
            "a*@x.test",
            "\"a b\"@x.test",
            "\"a..b\"@x.test",
            "\"a.\"@x.test",
            "\"a@b\"@x.test",
            "a%b@x.test",
            "a!b@x.test",
            "a/b@x.test",
            "$a@x.test",
            "\u{fc}ber@x.test",
        ] {
            assert_eq!(makes(".*", address), None, "{address}");
        }
        assert_eq!(makes(".*", &format!("{}@x.test", "a".repeat(65))), None);
        assert!(makes(".*", &format!("{}@x.test", "a".repeat(64))).is_some());
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_accepted() {
        let long = "a".repeat(1001);
        for bad in ["", "//", "(", "a)|(b", "a@b", "(\\w{500}){500}", "a\nb", &long] {
            let error = AutoCreate::new(bad, ["me@y.test"]).unwrap_err().to_string();
            assert!(error.contains("as shop-.*") && error.lines().count() == 1, "{error}");
        }
        let none: [&str; 0] = [];
        assert_eq!(AutoCreate::new("a", none), Err(SettingsError::Destinations));
        let error = AutoCreate::new("a", ["me"]).unwrap_err().to_string();
        assert!(error.contains("is no destination"), "{error}");
        let many = (0..=MAX_DESTINATIONS).map(|n| format!("m{n}@y.test"));
        assert_eq!(AutoCreate::new("a", many), Err(SettingsError::Destinations));
        let twice = AutoCreate::new("a", ["me@y.test", "ME@Y.test"]).unwrap();
        assert_eq!(twice.destinations().len(), 1);
    }

    #[test]
    fn what_is_not_named_stays() {
        let auto_create = AutoCreate::new("a", ["me@y.test"]).ok();
        let first =
            SettingsChange { auto_create: Some(auto_create.clone()), ..SettingsChange::default() };
        let settings = first.of(DomainSettings { auto_create: None, digest: Some(Digest::Weekly) });
        assert_eq!(settings, DomainSettings { auto_create, digest: Some(Digest::Weekly) });
        let none = SettingsChange {
            auto_create: Some(None),
            digest: Some(None),
            ..SettingsChange::default()
        };
        assert!(none.of(settings).is_empty());
    }
}
