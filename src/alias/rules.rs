//! What the owner of an alias says of the mail that comes to it.

use super::AliasError;
use crate::address::{Domain, DomainPattern, Mailbox};
use std::{collections::HashSet, fmt, str::FromStr};

/// Most senders that one alias allows.
pub const MAX_ALLOWED: usize = 100;

/// What the owner of an alias says of its mail, where he says anything. The rules of the alias that the
/// client named count: what it leads to may be aliases again, whose rules are for mail of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// What becomes of mail that a filter takes for spam; `None` as the configuration says.
    pub spam: Option<SpamAction>,
    /// Whose mail neither a filter nor a DNSBL holds up, if the sender is proven. An exception for these,
    /// and nothing to anybody else.
    pub allow: Vec<SenderPattern>,
    /// Its mailboxes may answer as the alias by writing to an [`AnswerAddress`](super::AnswerAddress), which is then in
    /// Reply-To of what comes to it.
    pub reply_by_address: bool,
}

impl Rules {
    /// True when the mail of `address` is let past filters and DNSBLs. Whoever asks has proof of the address:
    /// everybody can write down a name.
    pub fn allows(&self, address: &Mailbox) -> bool {
        self.allow.iter().any(|pattern| pattern.matches(address))
    }

    /// True when nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes a sender from those that are allowed.
    ///
    /// # Errors
    /// When it is none of them.
    pub(super) fn disallow(&mut self, pattern: &SenderPattern) -> Result<(), ()> {
        let (before, key) = (self.allow.len(), pattern.key());
        self.allow.retain(|allowed| allowed.key() != key);
        if self.allow.len() < before { Ok(()) } else { Err(()) }
    }

    /// These rules, if an alias may have them. Who stands twice among the allowed stands once.
    ///
    /// # Errors
    /// When more than [`MAX_ALLOWED`] senders are allowed.
    pub(super) fn checked(mut self) -> Result<Self, AliasError> {
        let mut known = HashSet::new();
        self.allow.retain(|pattern| known.insert(pattern.key()));
        match self.allow.len() <= MAX_ALLOWED {
            true => Ok(self),
            false => Err(AliasError::TooManyAllowed),
        }
    }
}

/// What becomes of mail that a filter takes for spam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpamAction {
    /// It is forwarded, with fields that say so.
    Mark,
    /// It is refused.
    Refuse,
}

impl SpamAction {
    /// The word for it, wherever aliases are written down.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Refuse => "refuse",
        }
    }
}

impl FromStr for SpamAction {
    type Err = AliasError;

    fn from_str(text: &str) -> Result<Self, AliasError> {
        match text {
            "mark" => Ok(Self::Mark),
            "refuse" => Ok(Self::Refuse),
            _ => Err(AliasError::Spam(text.to_owned())),
        }
    }
}

impl fmt::Display for SpamAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Senders that are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SenderPattern {
    /// `news@shop.example`: this one, in any case.
    Address(Mailbox),
    /// `@shop.example`: all of the domain itself.
    Domain(Domain),
    /// `*.shop.example`: all of the domains below it, not of the domain itself.
    Below(Domain),
}

impl SenderPattern {
    /// Reads `news@shop.example`, `@shop.example` (or `*@shop.example`) or `*.shop.example`.
    ///
    /// # Errors
    /// When the text is none of them.
    pub fn parse(text: &str) -> Result<Self, AliasError> {
        let wrong = |why: &str| AliasError::Sender(text.to_owned(), why.to_owned());
        let domain = |name: &str| Domain::parse(name).map_err(|error| wrong(&error.to_string()));
        if let Some(parent) = text.strip_prefix("*.").filter(|parent| !parent.contains('@')) {
            return domain(parent).map(Self::Below);
        }
        if let Some(name) = text.strip_prefix("*@").or_else(|| text.strip_prefix('@')) {
            return domain(name).map(Self::Domain);
        }
        if !text.contains('@') {
            return Err(wrong("it has no @"));
        }
        let mailbox = Mailbox::parse(text).map_err(|error| wrong(&error.to_string()))?;
        // An address that has one in truth is so rare that a glob is meant.
        match mailbox.local().as_str().contains('*') {
            true => Err(wrong("* stands for whole local parts and subdomains only")),
            false => Ok(Self::Address(mailbox)),
        }
    }

    /// True when `address` is one of those meant.
    pub fn matches(&self, address: &Mailbox) -> bool {
        match self {
            Self::Address(one) => one.to_key() == address.to_key(),
            Self::Domain(domain) => domain == address.domain(),
            Self::Below(parent) => DomainPattern::Below(parent.clone()).matches(address.domain()),
        }
    }

    /// The same for all patterns that mean the same senders.
    fn key(&self) -> String {
        match self {
            Self::Address(mailbox) => format!("={}", mailbox.to_key()),
            Self::Domain(domain) => format!("@{}", domain.to_key()),
            Self::Below(parent) => format!("*.{}", parent.to_key()),
        }
    }
}

/// As [`SenderPattern::parse`] reads it.
impl fmt::Display for SenderPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(mailbox) => write!(f, "{mailbox}"),
            Self::Domain(domain) => write!(f, "@{domain}"),
            Self::Below(parent) => write!(f, "*.{parent}"),
        }
    }
}

/// `(spam: mark) (allows a@x.example, @y.example) (reply by address)`: the form in listings; nothing for no rules.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spam) = self.spam {
            write!(f, " (spam: {spam})")?;
        }
        let allowed: Vec<String> = self.allow.iter().map(ToString::to_string).collect();
        if !allowed.is_empty() {
            write!(f, " (allows {})", allowed.join(", "))?;
        }
        if self.reply_by_address { f.write_str(" (reply by address)") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> SenderPattern {
        SenderPattern::parse(text).unwrap()
    }

    fn sender(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn patterns() {
        for (text, address, matches) in [
            ("news@shop.test", "News@SHOP.test", true),
            ("news@shop.test", "news+x@shop.test", false),
            ("news@shop.test", "news@a.shop.test", false),
            ("\"a b\"@shop.test", "\"A b\"@shop.test", true),
            ("@shop.test", "anyone@Shop.test", true),
            ("@shop.test", "anyone@a.shop.test", false),
            ("*.shop.test", "anyone@a.b.shop.test", true),
            ("*.shop.test", "anyone@shop.test", false),
            ("*.shop.test", "anyone@ashop.test", false),
            ("@bücher.test", "x@xn--bcher-kva.test", true),
        ] {
            assert_eq!(pattern(text).matches(&sender(address)), matches, "{text} {address}");
            assert_eq!(pattern(&pattern(text).to_string()), pattern(text));
        }
        assert_eq!(pattern("*@shop.test"), pattern("@shop.test"));
    }

    #[test]
    fn no_pattern_says_what_is_one() {
        let long = format!("@{}.test", "a.".repeat(200));
        for bad in [
            "",
            "*",
            "@",
            "@*",
            "*.",
            "*@",
            "shop.test",
            "news*@shop.test",
            "*.a@shop.test",
            "@*.shop.test",
            "<a@shop.test>",
            "a b@shop.test",
            "a@b@c.test",
            "@shop.test\r\nx",
            &long,
        ] {
            let error = SenderPattern::parse(bad).unwrap_err().to_string();
            assert!(
                error.contains("names no sender") && error.contains("@shop.example"),
                "{error}"
            );
        }
    }

    #[test]
    fn rules_are_bounded_and_say_each_sender_once() {
        let allow = |texts: &[&str]| texts.iter().map(|text| pattern(text)).collect::<Vec<_>>();
        let rules = Rules {
            allow: allow(&["A@x.test", "a@X.test", "@x.test", "*.x.test"]),
            ..Rules::default()
        };
        let rules = rules.checked().unwrap();
        assert_eq!(rules.to_string(), " (allows A@x.test, @x.test, *.x.test)");
        assert!(rules.allows(&sender("b@x.test")) && rules.allows(&sender("b@a.x.test")));
        assert!(!rules.allows(&sender("a@y.test")) && !rules.is_empty());
        assert!(!Rules::default().allows(&sender("a@x.test")) && Rules::default().is_empty());

        let many = (0..=MAX_ALLOWED).map(|n| pattern(&format!("@{n}.test"))).collect();
        let error = Rules { allow: many, ..Rules::default() }.checked().unwrap_err();
        assert!(error.to_string().contains("at most 100"), "{error}");
    }

    #[test]
    fn spam_actions_have_one_word_each() {
        for action in [SpamAction::Mark, SpamAction::Refuse] {
            assert_eq!(action.to_string().parse(), Ok(action));
        }
        let error = "drop".parse::<SpamAction>().unwrap_err().to_string();
        assert!(error.contains("mark or refuse"), "{error}");
    }
}
