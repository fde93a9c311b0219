//! Which aliases are looked for.

use super::{Alias, Counters};
use crate::{
    address::{Domain, Mailbox},
    time::UnixTime,
};

/// Longest text that is looked for, in characters.
pub const MAX_SEARCH: usize = 200;

/// The aliases that are looked for: those that all of it fits. Texts are compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this domain.
    pub domain: Option<Domain>,
    /// With this destination, as it is written.
    pub destination: Option<String>,
    /// With this text in the address, the note or a destination.
    pub text: Option<String>,
    /// What [`text`](Filter::text) may be written as too, which [`Filter::normal`] says.
    pub spelling: Option<String>,
    /// With this text in the note.
    pub note: Option<String>,
    /// Switched on, or off.
    pub enabled: Option<bool>,
    /// That took no message since then, and were there before.
    pub unused_since: Option<UnixTime>,
}

impl Filter {
    /// The filter as it is compared: in lower case, empty texts left out, longer ones cut to [`MAX_SEARCH`]. Names of
    /// domains are found in either spelling: aliases have A-labels, notes what somebody wrote.
    pub fn normal(mut self) -> Self {
        let mailbox = self.destination.as_deref().and_then(|text| Mailbox::parse(text.trim()).ok());
        if let Some(mailbox) = mailbox {
            self.destination = Some(mailbox.to_string());
        }
        for text in [&mut self.destination, &mut self.text, &mut self.note] {
            let lower = text.take().map(|text| text.trim().to_lowercase());
            let cut = lower.map(|text| text.chars().take(MAX_SEARCH).collect::<String>());
            *text = cut.filter(|text| !text.is_empty());
        }
        self.spelling = self.text.as_deref().and_then(other_spelling);
        self
    }

    /// True when it fits what is read of an alias without making one: address, destinations (one a line) and note.
    /// The filter is [`normal`](Filter::normal).
    pub fn fits_text(&self, address: &str, destinations: &str, note: &str) -> bool {
        let (destinations, note) = (destinations.to_lowercase(), note.to_lowercase());
        let has_text = |text: &String| {
            destinations.contains(text)
                || note.contains(text)
                || address.to_lowercase().contains(text)
        };
        self.destination.as_ref().is_none_or(|one| destinations.lines().any(|line| line == one))
            && self.note.as_ref().is_none_or(|text| note.contains(text))
            && self
                .text
                .as_ref()
                .is_none_or(|text| has_text(text) || self.spelling.as_ref().is_some_and(has_text))
    }

    /// True when it fits an alias in what is no text.
    pub fn fits(&self, alias: &Alias, counters: &Counters) -> bool {
        let is_unused = |since| counters.idle_since().is_none_or(|idle| idle < since);
        self.domain.as_ref().is_none_or(|domain| alias.address().domain() == Some(domain))
            && self.enabled.is_none_or(|enabled| alias.enabled() == enabled)
            && self.unused_since.is_none_or(is_unused)
    }

    /// True when texts are looked for.
    pub fn has_text(&self) -> bool {
        self.destination.is_some() || self.text.is_some() || self.note.is_some()
    }
}

/// A text with its labels of domains as A-labels, or else as U-labels; `None` where that is the same.
fn other_spelling(text: &str) -> Option<String> {
    let respelt = |label: fn(&str) -> Option<String>| {
        let ends = |c: char| !c.is_alphanumeric() && c != '-';
        let words = text.split_inclusive(ends).map(|word| {
            let (word, end) = match word.char_indices().next_back() {
                Some((at, last)) if ends(last) => word.split_at_checked(at).unwrap_or((word, "")),
                _ => (word, ""),
            };
            label(word).unwrap_or_else(|| word.to_owned()) + end
        });
        Some(words.collect::<String>()).filter(|spelt| spelt != text)
    };
    let to_ascii = |word: &str| match word.is_ascii() {
        true => None,
        false => idna::domain_to_ascii_strict(word).ok(),
    };
    let to_unicode = |word: &str| match word.starts_with("xn--") {
        true => {
            Some(idna::domain_to_unicode(word)).and_then(|(spelt, done)| done.ok().map(|()| spelt))
        }
        false => None,
    };
    respelt(to_ascii).or_else(|| respelt(to_unicode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::{AliasAddress, Rules};

    #[test]
    fn a_domain_is_found_in_either_spelling() {
        let fits = |text: &str, address: &str, note: &str| {
            let filter = Filter { text: Some(text.into()), ..Filter::default() }.normal();
            filter.fits_text(address, "me@y.test", note)
        };
        for text in
            ["bücher", "BÜCHER.test", "a@bücher.test", "xn--bcher-kva", "@xn--bcher-kva.test"]
        {
            assert!(fits(text, "a@xn--bcher-kva.test", ""), "{text}");
        }
        assert!(fits("xn--bcher-kva.test", "a@x.test", "from bücher.test"));
        assert!(fits("from bücher", "a@x.test", "from bücher.test"));
        assert!(!fits("büchers", "a@xn--bcher-kva.test", "") && !fits("xn--y", "a@x.test", "y"));
        let to =
            Filter { destination: Some(" Me@Bücher.test".into()), ..Filter::default() }.normal();
        assert!(to.fits_text("a@x.test", "me@xn--bcher-kva.test", ""));
        for same in ["shop", "xn--a", "a b"] {
            let filter = Filter { text: Some(same.into()), ..Filter::default() }.normal();
            assert_eq!(filter.spelling, None, "{same}");
        }
    }

    #[test]
    fn all_of_it_has_to_fit() {
        let alias = Alias::forward(AliasAddress::parse("Shop@x.test").unwrap(), ["Me@y.test"]);
        let rules = Rules { note: Some("Für den Laden".into()), ..Rules::default() };
        let alias = alias.unwrap().with_rules(rules).unwrap();
        let counters = Counters { since: Some(UnixTime::new(9)), ..Counters::default() };
        let is_found = |filter: Filter| {
            let (filter, note) = (filter.normal(), alias.rules().note.clone().unwrap());
            filter.fits(&alias, &counters) && filter.fits_text("Shop@x.test", "Me@y.test", &note)
        };
        let text = |text: &str| Filter { text: Some(text.into()), ..Filter::default() };
        let note = |text: &str| Filter { note: Some(text.into()), ..Filter::default() };
        let to = |text: &str| Filter { destination: Some(text.into()), ..Filter::default() };
        let at = |name: &str| Filter { domain: Domain::parse(name).ok(), ..Filter::default() };
        let unused = |t| Filter { unused_since: Some(UnixTime::new(t)), ..Filter::default() };
        let enabled = |on| Filter { enabled: Some(on), ..Filter::default() };
        for yes in [
            Filter::default(),
            text("shop@"),
            text(" FÜR "),
            text("me@"),
            text(""),
            note("laden"),
            to("ME@y.test"),
            at("X.test"),
            unused(10),
            enabled(true),
        ] {
            assert!(is_found(yes.clone()), "{yes:?}");
        }
        for no in
            [text("hop y"), note("shop"), to("e@y.test"), at("y.test"), unused(9), enabled(false)]
        {
            assert!(!is_found(no.clone()), "{no:?}");
            assert!(
                !is_found(Filter { text: Some("shop".into()), ..no.clone() }) || no.text.is_some()
            );
        }
    }
}
