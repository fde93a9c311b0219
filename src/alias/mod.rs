//! Aliases: which one answers an address, and which mailboxes it finally leads to.
//!
//! Plain functions over a [`Lookup`]; where the aliases are kept is not known here.
//!
//! An SRS-shaped recipient must never be found by a catch-all or a regex. The caller decides about
//! those recipients before it asks here.

mod address;
mod amendment;
mod anchored;
mod answer;
mod blocks;
mod counters;
mod daily;
mod destination;
mod domain_settings;
mod edit;
mod error;
mod expand;
mod filter;
mod find;
pub mod import;
mod judge;
mod lookalike;
mod named;
mod pattern;
mod rules;
mod senders;
mod source;
mod tag;
mod ways;
mod words;

pub use address::{AliasAddress, Key};
pub use amendment::Amendment;
pub use answer::AnswerAddress;
pub use blocks::{Block, BlockList, MAX_BLOCKS};
pub use counters::{Counters, Reason, Used};
pub use daily::{DAYS, Daily, DayUse, first_day};
pub use destination::{Destination, Template};
pub use domain_settings::{AutoCreate, DomainSettings, SettingsChange, SettingsError};
pub use edit::{Edit, EditError, NewDestination};
pub use error::AliasError;
pub use expand::{
    Dropped, Expansion, ExpansionLimits, Holds, Resolution, expand, expand_all, find_cycle,
};
pub use filter::{Filter, MAX_SEARCH};
pub use find::{Counted, Found, Lookup, find};
pub use judge::{Blocked, Blocks, Judge, NamedBy, Rule, Scope, ToldRule};
pub use lookalike::template_lookalike;
pub use named::{Ended, EndedBehind, Named, Passed};
pub use pattern::Pattern;
pub use rules::{
    MAX_MESSAGES, MAX_NOTE, MAX_SENDERS, Rules, parse_day, parse_expires, parse_limit,
};
pub use senders::SenderPattern;
pub use source::AliasSource;
pub use ways::{OwnedDomain, Owner, Ways};
pub use words::{Digest, SpamAction};

use std::{collections::HashSet, fmt};

/// Most destinations one alias may have.
pub const MAX_DESTINATIONS: usize = 100;
/// Most regex aliases in all: each may be tried for a recipient that has no exact alias.
pub const MAX_PATTERNS: usize = 1_000;
/// Longest text of a reject or defer, in octets: it has to fit a reply line.
pub const MAX_TEXT: usize = 200;

/// What an alias does with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Forward to each of these.
    Forward(Vec<Destination>),
    /// 550 5.7.1 with this text.
    Reject(String),
    /// 450 4.2.1 with this text.
    Defer(String),
    /// Accept and forget.
    Discard,
}

impl Action {
    /// Forwards the mail of `address` to `destinations`, as they may be kept: see [`Alias::fault`]. One that comes again
    /// is left out.
    ///
    /// # Errors
    /// When there are none or too many, or one is no mailbox.
    pub(crate) fn forward<S: AsRef<str>>(
        address: &AliasAddress,
        destinations: impl IntoIterator<Item = S>,
    ) -> Result<Self, AliasError> {
        let destinations = destinations
            .into_iter()
            .map(|text| Destination::parse(text.as_ref(), address))
            .collect::<Result<Vec<_>, _>>()?;
        let destinations = once_each(destinations, Destination::to_key);
        match destinations.len() {
            0 => Err(AliasError::NoDestination),
            1..=MAX_DESTINATIONS => Ok(Self::Forward(destinations)),
            _ => Err(AliasError::TooManyDestinations),
        }
    }
}

/// One alias. Only combinations that make sense can be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    address: AliasAddress,
    action: Action,
    enabled: bool,
    keep_tag: Option<bool>,
    rules: Rules,
}

impl Alias {
    /// An alias that forwards to `destinations`, which are mailboxes or, for a regex, may be templates.
    ///
    /// # Errors
    /// When there are none or too many, or one is neither; for a regex also as [`Alias::fault`].
    pub fn forward<S: AsRef<str>>(
        address: AliasAddress,
        destinations: impl IntoIterator<Item = S>,
    ) -> Result<Self, AliasError> {
        let action = Action::forward(&address, destinations)?;
        Self::new(address, action)
    }

    /// An alias that answers 550 5.7.1 with `text`.
    ///
    /// # Errors
    /// When the text cannot be part of a reply; for a regex also as [`Alias::fault`].
    pub fn reject(address: AliasAddress, text: &str) -> Result<Self, AliasError> {
        Self::new(address, Action::Reject(reply_text(text)?))
    }

    /// An alias that answers 450 4.2.1 with `text`.
    ///
    /// # Errors
    /// As [`Alias::reject`].
    pub fn defer(address: AliasAddress, text: &str) -> Result<Self, AliasError> {
        Self::new(address, Action::Defer(reply_text(text)?))
    }

    /// An alias whose mail is accepted and forgotten.
    ///
    /// # Errors
    /// For a regex, as [`Alias::fault`].
    pub fn discard(address: AliasAddress) -> Result<Self, AliasError> {
        Self::new(address, Action::Discard)
    }

    fn new(address: AliasAddress, action: Action) -> Result<Self, AliasError> {
        let alias = Self::kept(address, action);
        alias.fault().cloned().map_or(Ok(alias), Err)
    }

    /// An alias as it stands in a store, which took others once.
    pub(crate) fn kept(address: AliasAddress, action: Action) -> Self {
        Self { address, action, enabled: true, keep_tag: None, rules: Rules::default() }
    }

    /// Why this alias may be kept, but is never followed: its regex matches more than the addresses of one
    /// domain, or a sender chooses the domain of a destination.
    pub fn fault(&self) -> Option<&AliasError> {
        let of_regex = match &self.address {
            AliasAddress::Regex(pattern) => pattern.domain().err(),
            AliasAddress::Exact(_) | AliasAddress::CatchAll(_) => None,
        };
        of_regex.or_else(|| self.destinations().iter().find_map(Destination::fault))
    }

    /// This alias, enabled or disabled. A disabled one refuses with 550 5.1.1.
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// This alias, with a word of its own on whether mailboxes see the `+tag` of its recipients.
    ///
    /// # Errors
    /// When there is such a word and no tag: only an alias of one address that forwards has it.
    pub fn with_keep_tag(mut self, keep_tag: Option<bool>) -> Result<Self, AliasError> {
        let has_tag =
            matches!((&self.address, &self.action), (AliasAddress::Exact(_), Action::Forward(_)));
        if keep_tag.is_some() && !has_tag {
            return Err(AliasError::KeepTag);
        }
        self.keep_tag = keep_tag;
        Ok(self)
    }

    /// Whether mailboxes see the `+tag` of the recipient; `None` where that is as for all aliases.
    pub fn keep_tag(&self) -> Option<bool> {
        self.keep_tag
    }

    /// This alias, with what its owner says of its mail.
    ///
    /// # Errors
    /// When that is more than an alias can say (see [`Rules`]), or answers by address of an alias that cannot have such.
    pub fn with_rules(mut self, rules: Rules) -> Result<Self, AliasError> {
        let is_answered = match (&self.address, &self.action) {
            // The address of an answer would be read as that of another alias.
            (AliasAddress::Exact(mailbox), Action::Forward(_)) => {
                !mailbox.local().as_str().contains('+')
            }
            _ => false,
        };
        if rules.reply_by_address && !is_answered {
            return Err(AliasError::ReplyByAddress);
        }
        self.rules = rules.checked()?;
        Ok(self)
    }

    /// This alias, which forwards, to other destinations.
    fn with_destinations(mut self, destinations: Vec<Destination>) -> Self {
        self.action = Action::Forward(destinations);
        self
    }

    /// This alias, of whose mail its owner says nothing.
    pub fn without_rules(&self) -> Self {
        Self { rules: Rules::default(), ..self.clone() }
    }

    /// What its owner says of its mail.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Which recipients the alias answers.
    pub fn address(&self) -> &AliasAddress {
        &self.address
    }

    /// What the alias does with a mail.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// False when it was switched off.
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// Where the alias forwards; empty for the other actions.
    pub fn destinations(&self) -> &[Destination] {
        match &self.action {
            Action::Forward(destinations) => destinations,
            Action::Reject(_) | Action::Defer(_) | Action::Discard => &[],
        }
    }
}

/// `-> a@x.example, b@y.example` or `rejects: no longer here`: the form in listings.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(destinations) => {
                let texts: Vec<String> = destinations.iter().map(ToString::to_string).collect();
                write!(f, "-> {}", texts.join(", "))
            }
            Self::Reject(text) => write!(f, "rejects: {text}"),
            Self::Defer(text) => write!(f, "defers: {text}"),
            Self::Discard => f.write_str("discards"),
        }
    }
}

/// `hello@example.org -> a@x.example, b@y.example (disabled)`: the form in listings.
impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.address, self.action)?;
        match self.keep_tag {
            Some(true) => f.write_str(" (keeps the tag)")?,
            Some(false) => f.write_str(" (drops the tag)")?,
            None => {}
        }
        write!(f, "{}", self.rules)?;
        if self.enabled { Ok(()) } else { f.write_str(" (disabled)") }
    }
}

/// What stands in a list, each the first time alone.
pub(crate) fn once_each<T>(list: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut known = HashSet::new();
    list.into_iter().filter(|one| known.insert(key(one))).collect()
}

fn reply_text(text: &str) -> Result<String, AliasError> {
    let fits = !text.trim().is_empty() && text.len() <= MAX_TEXT;
    if fits && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        Ok(text.to_owned())
    } else {
        Err(AliasError::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> AliasAddress {
        AliasAddress::parse(text).unwrap()
    }

    #[test]
    fn listing_form() {
        let alias = Alias::forward(address("A@x.test"), ["b@y.test", "c@z.test"]).unwrap();
        assert_eq!(alias.to_string(), "A@x.test -> b@y.test, c@z.test");
        let alias = Alias::reject(address("*@x.test"), "gone").unwrap().with_enabled(false);
        assert_eq!(alias.to_string(), "*@x.test rejects: gone (disabled)");
        let alias = Alias::forward(address("a@x.test"), ["b@y.test"]).unwrap();
        let kept = alias.clone().with_keep_tag(Some(true)).unwrap().with_enabled(false);
        assert_eq!(kept.to_string(), "a@x.test -> b@y.test (keeps the tag) (disabled)");
        let dropped = alias.with_keep_tag(Some(false)).unwrap();
        assert_eq!(dropped.to_string(), "a@x.test -> b@y.test (drops the tag)");
        let alias = Alias::discard(address(r"/^x@x\.test$/")).unwrap();
        assert_eq!(alias.to_string(), r"/^x@x\.test$/ discards");
    }

    #[test]
    fn a_destination_stands_once() {
        let twice = ["Me@y.test", "me@Y.test", "you@y.test", "Me@y.test"];
        let alias = Alias::forward(address("a@x.test"), twice).unwrap();
        assert_eq!(alias.to_string(), "a@x.test -> Me@y.test, you@y.test");
        let many = (0..=MAX_DESTINATIONS).map(|n| format!("m{}@y.test", n / 2));
        assert!(Alias::forward(address("a@x.test"), many).is_ok());
        let regex = Alias::forward(address(r"/^(.)@x\.test$/"), ["$1@y.test", "$1@y.test"]);
        assert_eq!(regex.unwrap().destinations().len(), 1);
    }

    #[test]
    fn senseless_aliases_cannot_be_built() {
        let none: [&str; 0] = [];
        assert_eq!(Alias::forward(address("a@x.test"), none), Err(AliasError::NoDestination));
        let many = (0..=MAX_DESTINATIONS).map(|n| format!("m{n}@y.test"));
        assert_eq!(Alias::forward(address("a@x.test"), many), Err(AliasError::TooManyDestinations));
        for bad in ["", " ", "a\r\nb", "grüße", &"x".repeat(MAX_TEXT + 1)] {
            assert_eq!(Alias::reject(address("a@x.test"), bad), Err(AliasError::Text), "{bad}");
            assert!(Alias::defer(address("a@x.test"), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_an_alias_of_one_address_that_forwards_has_tags_to_keep() {
        for (text, sound) in [("a@x.test", true), ("*@x.test", false), (r"/^a@x\.test$/", false)] {
            let alias = Alias::forward(address(text), ["b@y.test"]).unwrap();
            assert_eq!(alias.clone().with_keep_tag(Some(false)).is_ok(), sound, "{text}");
            assert!(alias.with_keep_tag(None).is_ok());
        }
        let discards = Alias::discard(address("a@x.test")).unwrap();
        assert_eq!(discards.with_keep_tag(Some(true)), Err(AliasError::KeepTag));
    }

    #[test]
    fn a_regex_of_several_domains_or_a_template_to_any_is_no_alias() {
        let [wide, sound] = [".*", r"^(.*)@x\.test$"].map(|text| address(&format!("/{text}/")));
        for refused in [
            Alias::forward(wide.clone(), ["a@y.test"]),
            Alias::reject(wide.clone(), "gone"),
            Alias::defer(wide.clone(), "later"),
            Alias::discard(wide.clone()),
            Alias::forward(sound.clone(), ["b@y.test", "a@$1"]),
        ] {
            assert!(matches!(refused, Err(AliasError::Regex(..) | AliasError::Template(..))));
        }
        let kept = Alias::kept(wide.clone(), Action::forward(&wide, ["$1@$2"]).unwrap());
        assert_eq!(kept.to_string(), "/.*/ -> $1@$2");
        assert!(kept.fault().is_some());
        assert_eq!(Alias::forward(sound, ["$1@y.test"]).unwrap().fault(), None);
    }
}
