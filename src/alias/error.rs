use super::{MAX_DESTINATIONS, MAX_MESSAGES, MAX_NOTE, MAX_SENDERS, MAX_TEXT};
use crate::address::AddressError;

/// Why something is no alias; the message is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AliasError {
    /// The alias's own address does not parse.
    #[error(
        "{0:?} is no alias address: {1}; it is hello@example.org, *@example.org or \
         /^sales-(.+)@example\\.org$/"
    )]
    Address(String, AddressError),
    /// Begins with a slash but does not end with one.
    #[error(
        "{0:?} is no alias address: a regex stands between slashes, as /^info-.*@example\\.org$/"
    )]
    RegexSlashes(String),
    /// A `*` within a local part, as of a glob.
    #[error(
        "{address} is no pattern: * stands for every address only by itself, as in *@example.org; a regex \
         says it: '{regex}'"
    )]
    NoPattern {
        /// As it was written.
        address: String,
        /// What may be meant.
        regex: String,
    },
    /// A part of a local part that cannot be seen, and which.
    #[error(
        "{address} has a character in it that nobody sees, U+{code:04X}, and would pass for another address: leave it out"
    )]
    Unseen {
        /// As it was written, so that it can be seen.
        address: String,
        /// Its code point.
        code: u32,
    },
    /// The regex does not compile, or is too long or too big.
    #[error("the regex {0} is not usable: {1}")]
    Regex(String, String),
    /// A destination that is no mailbox.
    #[error("{0:?} is no destination: {1}")]
    Destination(String, AddressError),
    /// A template names what its regex does not have, or is malformed.
    #[error("{0:?} is no destination: {1}")]
    Template(String, &'static str),
    /// No destination at all.
    #[error("an alias forwards to at least one destination")]
    NoDestination,
    /// More than [`MAX_DESTINATIONS`].
    #[error("an alias has at most {MAX_DESTINATIONS} destinations; let some of them be aliases")]
    TooManyDestinations,
    /// A text no SMTP reply can carry.
    #[error(
        "the text becomes part of an SMTP reply: 1 to {MAX_TEXT} printable ASCII characters, \
         nothing else"
    )]
    Text,
    /// A word on tags where there are none.
    #[error("only an alias of one address, as hello@example.org, that forwards has tags to keep")]
    KeepTag,
    /// Answers by address, where no address would lead.
    #[error(
        "only an alias of one address without a +, as hello@example.org, that forwards can be answered by address"
    )]
    ReplyByAddress,
    /// No sender pattern, and why.
    #[error(
        "{0:?} names no sender: {1}; it is news@shop.example, @shop.example for all of the domain, \
         *.shop.example for the domains below it, or, of those that are blocked, * for everybody"
    )]
    Sender(String, String),
    /// More than [`MAX_SENDERS`] that are allowed.
    #[error(
        "an alias allows at most {MAX_SENDERS} senders; @shop.example stands for all of a domain"
    )]
    TooManyAllowed,
    /// More than [`MAX_SENDERS`] that are blocked.
    #[error(
        "an alias blocks at most {MAX_SENDERS} senders; @shop.example stands for all of a domain, and * for \
         everybody but those that are allowed"
    )]
    TooManyBlocked,
    /// `*` among the allowed.
    #[error(
        "everybody is allowed who is not blocked: * is for block, and means everybody but those in allow"
    )]
    AllowsEverybody,
    /// A sender that is no longer to be allowed, and was not.
    #[error("{alias} does not allow {pattern}; whom it allows: onward alias show '{alias}'")]
    NotAllowed {
        /// The sender, as a pattern.
        pattern: String,
        /// The address of the alias.
        alias: String,
    },
    /// A sender that is no longer to be blocked, and was not.
    #[error("{alias} does not block {pattern}; whom it blocks: onward alias show '{alias}'")]
    NotBlocked {
        /// The sender, as a pattern.
        pattern: String,
        /// The address of the alias.
        alias: String,
    },
    /// No word for what becomes of spam.
    #[error("{0:?} is nothing that becomes of spam: it is mark or refuse")]
    Spam(String),
    /// A note that listings cannot print, or a long one.
    #[error(
        "a note has at most {MAX_NOTE} characters in one line, none of which control a terminal or turn the \
         direction of writing"
    )]
    Note,
    /// No number of messages.
    #[error("an alias takes from 1 to {MAX_MESSAGES} messages in all, or any number")]
    Messages,
    /// No rate, and why.
    #[error("{0:?} is no limit: {1}; it is 30/1h, as of 30 messages an hour")]
    Limit(String, String),
    /// No time.
    #[error("{0:?} is no time: it is 2026-12-31T12:00:00Z, or with a zone such as +01:00")]
    Expires(String),
    /// No time, where a day is one too.
    #[error(
        "{0:?} is no time: it is 2026-12-31 (the end of that day in UTC), 2026-12-31T12:00:00Z, or with a zone such as +01:00"
    )]
    Day(String),
    /// No word for how often the owner hears of his mail.
    #[error("{0:?} says nothing of a digest: it is off, daily or weekly")]
    Digest(String),
}
