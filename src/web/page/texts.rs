//! All words of the page, in each language there is: `texts/*.ftl`, a file a language.

use super::{cookies::cookie, outside::isolated};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use hyper::{HeaderMap, header::ACCEPT_LANGUAGE};
use std::{borrow::Cow, sync::LazyLock};
use unic_langid::LanguageIdentifier;

/// Where a browser keeps which language somebody chose.
pub(super) const LANGUAGE_COOKIE: &str = "lang";

/// Longest list of languages that is looked at.
const MAX_WANTED: usize = 20;

/// A language there are words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    /// All of them; what browsers want that there is not, they get the first of.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (RFC 5646).
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What it calls itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language with this tag, whatever region it names.
    pub(crate) fn named(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|one| one.code().eq_ignore_ascii_case(primary))
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("texts/en.ftl"),
            Self::German => include_str!("texts/de.ftl"),
        }
    }

    /// What stands between groups of three digits.
    fn separator(self) -> char {
        match self {
            Self::English => ',',
            Self::German => '.',
        }
    }

    fn bundle(self) -> &'static Bundle {
        static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| Language::English.load());
        static GERMAN: LazyLock<Bundle> = LazyLock::new(|| Language::German.load());
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }

    fn load(self) -> Bundle {
        let tag: LanguageIdentifier = self.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // What comes from outside is isolated by ourselves, where it has to be.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match self {
            Self::English => |value, _| number_in(value, Self::English),
            Self::German => |value, _| number_in(value, Self::German),
        }));
        // Mistakes in the files are found by the tests; what can be read is used.
        let resource = match FluentResource::try_new(self.source().to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
        bundle
    }
}

type Bundle = FluentBundle<FluentResource>;

/// The words for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Texts(Language);

/// What is put into a text.
#[derive(Debug, Clone)]
pub(crate) enum Arg<'a> {
    Text(Cow<'a, str>),
    Number(u64),
}

impl Texts {
    /// As somebody chose, or else as the browser is set up (RFC 9110 §12.5.4).
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let chosen = cookie(headers, LANGUAGE_COOKIE).and_then(Language::named);
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self(chosen.unwrap_or_else(|| best(wanted.unwrap_or_default())))
    }

    /// In this language.
    pub(crate) fn language(self) -> Language {
        self.0
    }

    /// The text with this key. What is put into it may come from outside: what would not be seen of it, or would turn
    /// the text around, is shown instead.
    pub(crate) fn say(self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let bundle = self.0.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, arg) in args {
            let value = match arg {
                Arg::Text(text) => FluentValue::from(isolated(text)),
                Arg::Number(number) => FluentValue::from(*number),
            };
            values.set(*name, value);
        }
        bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned()
    }

    /// A number as it is written in this language.
    pub(crate) fn number(self, number: u64) -> String {
        grouped(number, self.0)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u64> for Arg<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

/// The language that is wanted most of those there are.
fn best(wanted: &str) -> Language {
    let mut found = (0.0, Language::English);
    for one in wanted.split(',').take(MAX_WANTED) {
        let (tag, rest) = one.split_once(';').unwrap_or((one, ""));
        let weight = rest.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if let Some(language) = Language::named(tag.trim())
            && weight > found.0
        {
            found = (weight, language);
        }
    }
    found.1
}

fn number_in(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) if number.value >= 0.0 => {
            Some(grouped(number.value as u64, language))
        }
        _ => None,
    }
}

fn grouped(number: u64, language: Language) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(language.separator());
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
