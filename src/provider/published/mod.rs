//! What four large receivers publish of the mail that they take: a table of rules each, with where they are written. For people who want to know beforehand, and for tests, as receivers that take nothing else.

mod apple;
mod checks;
mod facts;
mod gmail;
mod microsoft;
mod yahoo;

pub use facts::{Facts, Form};

use std::{fmt, str::FromStr};

/// A receiver whose rules are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleBook {
    /// Mailboxes at gmail.com.
    Gmail,
    /// Outlook.com and its kin.
    Microsoft,
    /// Yahoo and AOL.
    Yahoo,
    /// iCloud.
    Apple,
}

/// One thing that a receiver publishes.
#[derive(Debug)]
pub struct Rule {
    /// A name that stays.
    pub id: &'static str,
    /// The rule in plain words.
    pub says: &'static str,
    /// Where it is written, and as of when.
    pub source: &'static str,
    /// Whom it is for.
    pub whom: Whom,
    /// What comes of breaking it.
    pub else_: Else,
    /// Whether it is kept; `None` where what it is about is not known.
    check: fn(&Facts) -> Option<bool>,
}

/// Whom a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whom {
    /// Everybody.
    All,
    /// Whoever sends many messages: 5,000 a day at Gmail and Microsoft.
    Bulk,
    /// Whoever passes on what others wrote.
    Forwarders,
}

/// What comes of breaking a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Else {
    /// This reply, or one like it.
    Reply(&'static str),
    /// Nothing that a reply tells: such mail is filed as spam sooner.
    Distrust,
}

impl RuleBook {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Gmail, Self::Microsoft, Self::Yahoo, Self::Apple];

    /// The rules, the gravest first.
    pub fn rules(self) -> &'static [Rule] {
        match self {
            Self::Gmail => gmail::GMAIL,
            Self::Microsoft => microsoft::MICROSOFT,
            Self::Yahoo => yahoo::YAHOO,
            Self::Apple => apple::APPLE,
        }
    }

    /// The rules that are for whom `facts` are about.
    pub fn rules_for(self, facts: &Facts) -> impl Iterator<Item = &'static Rule> {
        let (is_bulk, is_forward) = (facts.is_bulk, facts.is_forward);
        self.rules().iter().filter(move |rule| match rule.whom {
            Whom::All => true,
            Whom::Bulk => is_bulk,
            Whom::Forwarders => is_forward,
        })
    }

    /// The reply to what `facts` are about, by the first rule that is broken for certain; `None`: it is taken.
    pub fn refusal(self, facts: &Facts) -> Option<&'static str> {
        self.rules_for(facts).find_map(|rule| match rule.else_ {
            Else::Reply(reply) if rule.is_kept(facts) == Some(false) => Some(reply),
            _ => None,
        })
    }

    /// Its name, and a domain of its mailboxes.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Gmail => ("gmail", "gmail.com"),
            Self::Microsoft => ("microsoft", "outlook.com"),
            Self::Yahoo => ("yahoo", "yahoo.com"),
            Self::Apple => ("apple", "icloud.com"),
        }
    }

    /// Its name, as commands take it.
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// One domain of its mailboxes.
    pub fn domain(self) -> &'static str {
        self.names().1
    }
}

impl Rule {
    /// Whether `facts` keep it; `None` where what it is about is not known.
    pub fn is_kept(&self, facts: &Facts) -> Option<bool> {
        (self.check)(facts)
    }
}

impl FromStr for RuleBook {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|book| book.name() == text);
        known.ok_or_else(|| "one of gmail, microsoft, yahoo, apple".to_owned())
    }
}

impl fmt::Display for RuleBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
