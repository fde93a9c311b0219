//! Whether a sender is blocked: the one decision, for whoever takes mail and whoever explains it.

use super::{Ended, EndedBehind, Rules, SenderPattern};
use crate::{
    address::{Domain, Mailbox},
    rate::{Rate, print_rate},
};
use std::fmt;

/// Blocks beside those of the alias: of its domain, and of all domains.
pub trait Blocks {
    /// The block of `domain` that means `sender`.
    fn of_domain(&self, domain: &Domain, sender: &Mailbox) -> Option<SenderPattern>;

    /// The block of all domains that means `sender`.
    fn of_all(&self, sender: &Mailbox) -> Option<SenderPattern>;

    /// True when there is any block of `domain`, or of all domains.
    fn any_for(&self, domain: &Domain) -> bool;
}

/// What a recipient has to say of senders.
///
/// Of a sender, the first list that names him decides: the alias's allow, its block, that of its domain, that of all
/// domains. He is judged by the reverse-path when the recipient is named, and again by the author when the message is
/// there. But `*` in the alias's block means everybody except whom it allows, by the reverse-path or as the author: where it
/// allows anybody, that shows only when the message is there.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a, B> {
    /// What the alias says.
    pub rules: &'a Rules,
    /// The recipient's domain; `None` for a role address, which only its own alias closes to anybody.
    pub domain: Option<&'a Domain>,
    /// What others say.
    pub blocks: &'a B,
}

/// Whose list a block stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The alias's own.
    Alias,
    /// That of its domain.
    Domain,
    /// That of all domains.
    Global,
}

/// How a sender was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NamedBy {
    /// By the reverse-path.
    ReversePath,
    /// In From.
    From,
}

/// A block that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Whose it is.
    pub scope: Scope,
    /// The block.
    pub pattern: SenderPattern,
    /// Who is blocked, and how he was named; `None` where everybody is.
    pub sender: Option<(Mailbox, NamedBy)>,
}

impl<B: Blocks> Judge<'_, B> {
    /// Whether mail from `reverse_path`, `None` for a bounce, is refused before its author is known.
    pub fn recipient(&self, reverse_path: Option<&Mailbox>) -> Option<Blocked> {
        if self.blocks_everybody() && self.rules.allow.is_empty() {
            return Some(Blocked::everybody());
        }
        reverse_path.and_then(|sender| self.sender(sender, NamedBy::ReversePath))
    }

    /// Whether a message from `reverse_path` by `authors` is refused, though [`Judge::recipient`] did not refuse it.
    pub fn message(&self, reverse_path: Option<&Mailbox>, authors: &[Mailbox]) -> Option<Blocked> {
        let blocked = authors.iter().find_map(|author| {
            if self.rules.allows(author) { None } else { self.own(author, NamedBy::From) }
        });
        let is_allowed = |sender: &Mailbox| self.rules.allows(sender);
        let lets_in = || {
            reverse_path.is_some_and(is_allowed)
                || !authors.is_empty() && authors.iter().all(is_allowed)
        };
        if blocked.is_none() && self.blocks_everybody() && !lets_in() {
            return Some(Blocked::everybody());
        }
        blocked.or_else(|| authors.iter().find_map(|author| self.sender(author, NamedBy::From)))
    }

    /// True when a message that [`Judge::recipient`] does not refuse may yet be refused for its author.
    pub fn waits_for_author(&self) -> bool {
        !self.rules.block.is_empty() || self.domain.is_some_and(|to| self.blocks.any_for(to))
    }

    /// The first list that names `sender`, if that is one of blocks. `*` of the alias is another matter.
    fn sender(&self, sender: &Mailbox, named: NamedBy) -> Option<Blocked> {
        if self.rules.allows(sender) {
            return None;
        }
        let of = |scope, pattern| Blocked { scope, pattern, sender: Some((sender.clone(), named)) };
        self.own(sender, named)
            .or_else(|| {
                let pattern = self.blocks.of_domain(self.domain?, sender)?;
                Some(of(Scope::Domain, pattern))
            })
            .or_else(|| {
                self.domain?;
                Some(of(Scope::Global, self.blocks.of_all(sender)?))
            })
    }

    fn own(&self, sender: &Mailbox, named: NamedBy) -> Option<Blocked> {
        let pattern = self
            .rules
            .block
            .iter()
            .find(|pattern| **pattern != SenderPattern::Everybody && pattern.matches(sender))?;
        let sender = Some((sender.clone(), named));
        Some(Blocked { scope: Scope::Alias, pattern: pattern.clone(), sender })
    }

    fn blocks_everybody(&self) -> bool {
        self.rules.block.contains(&SenderPattern::Everybody)
    }
}

impl Blocked {
    fn everybody() -> Self {
        Self { scope: Scope::Alias, pattern: SenderPattern::Everybody, sender: None }
    }
}

/// `the alias's block @shop.example, as From is news@shop.example`.
impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            Scope::Alias => write!(f, "the alias's block {}", self.pattern)?,
            Scope::Domain => write!(f, "the domain's block {}", self.pattern)?,
            Scope::Global => write!(f, "the block {} for all domains", self.pattern)?,
        }
        match &self.sender {
            Some((sender, NamedBy::ReversePath)) => write!(f, ", as it is from {sender}"),
            Some((sender, NamedBy::From)) => write!(f, ", as From is {sender}"),
            None => f.write_str(", as it allows nobody who sent it"),
        }
    }
}

/// The rule of an alias, or for it, by which a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The alias takes no mail any more.
    Ended(Ended),
    /// The one that it leads to takes no mail any more.
    EndedBehind(EndedBehind),
    /// The sender is blocked.
    Blocked(Blocked),
    /// All that it leads to are aliases of other domains that block the sender; whom they block is told to their owners.
    BlockedBehind,
    /// The alias has had its messages for now.
    Limit(Rate),
}

impl Rule {
    /// The same for all messages that one rule refuses, whoever sent them.
    pub fn kind(&self) -> String {
        match self {
            Self::Blocked(Blocked { scope, pattern, .. }) => format!("{scope:?} {}", pattern.key()),
            Self::Ended(_) | Self::EndedBehind(_) | Self::BlockedBehind | Self::Limit(_) => {
                self.to_string()
            }
        }
    }
}

/// What journals say: `refused by the alias's block @shop.example, as From is news@shop.example`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(ended) => write!(f, "refused as the alias {ended}"),
            Self::EndedBehind(behind) => write!(f, "refused as {behind}"),
            Self::Blocked(blocked) => write!(f, "refused by {blocked}"),
            Self::BlockedBehind => {
                f.write_str("refused as another domain's alias that it leads to blocks the sender")
            }
            Self::Limit(rate) => write!(f, "put off by the alias's limit of {}", print_rate(*rate)),
        }
    }
}

/// What a journal has of a [`Rule`], read back: texts, as the rule may be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldRule {
    /// The alias takes no mail any more; why.
    Ended(String),
    /// The sender is blocked, by a pattern in the list of `scope`; who, and how he was named.
    Blocked {
        /// Whose list it is.
        scope: Scope,
        /// The block.
        pattern: String,
        /// Who is blocked; `None` where everybody is.
        sender: Option<(String, NamedBy)>,
    },
    /// The alias has had its messages for now; so many in which time.
    Limit(String),
}

impl ToldRule {
    /// Reads what a [`Rule`] prints, with whatever a journal has behind that.
    pub fn read(detail: &str) -> Option<Self> {
        let until_next = |text: &str| text.split("; ").next().unwrap_or(text).to_owned();
        if let Some(why) = detail.strip_prefix("refused as the alias ") {
            return Some(Self::Ended(until_next(why)));
        }
        if let Some(rate) = detail.strip_prefix("put off by the alias's limit of ") {
            return Some(Self::Limit(until_next(rate)));
        }
        let block = detail.strip_prefix("refused by ")?;
        let (pattern, sender) = block.split_once(", as ")?;
        let (scope, pattern) = match pattern.strip_prefix("the alias's block ") {
            Some(pattern) => (Scope::Alias, pattern),
            None => match pattern.strip_prefix("the domain's block ") {
                Some(pattern) => (Scope::Domain, pattern),
                None => {
                    let rest = pattern.strip_prefix("the block ")?;
                    (Scope::Global, rest.strip_suffix(" for all domains")?)
                }
            },
        };
        let by = |words, named| Some((until_next(sender.strip_prefix(words)?), named));
        let sender =
            by("it is from ", NamedBy::ReversePath).or_else(|| by("From is ", NamedBy::From));
        Some(Self::Blocked { scope, pattern: pattern.to_owned(), sender })
    }
}

#[cfg(test)]
mod tests;
