//! Mail addresses: local parts, domains, mailboxes and the paths of RFC 5321 §4.1.2.
//!
//! Every type here can be built only by a checking constructor. A value never holds CR, LF, NUL or
//! another control character, and prints a space only inside a quoted local part, so it can be
//! written into any line-based protocol as it is.

mod domain;
mod domain_pattern;
mod folded;
mod helo;
mod local_part;
mod mailbox;
mod path;

pub use domain::Domain;
pub use domain_pattern::DomainPattern;
pub use helo::HeloName;
pub use local_part::LocalPart;
pub use mailbox::Mailbox;
pub use path::{ForwardPath, ReversePath};

/// Longest local part that we make, in octets as written on the wire: what everybody has to take (RFC 5321
/// §4.5.3.1.1).
pub const MAX_LOCAL_PART: usize = 64;
/// Longest local part that we take. Many senders put whole addresses into theirs, and forwarders too.
pub const MAX_TAKEN_LOCAL_PART: usize = 250;
/// Longest domain in octets (RFC 5321 §4.5.3.1.2).
pub const MAX_DOMAIN: usize = 255;
/// Longest path in octets, its angle brackets included (RFC 5321 §4.5.3.1.3).
pub const MAX_PATH: usize = 256;

/// Why a text is not an address; the message is fit for an SMTP reply or a CLI error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// No `@`, or nothing before it.
    #[error("an address is local-part@domain")]
    NoAtSign,
    /// The local part is neither atoms and dots nor a quoted string.
    #[error("the local part has a character that must be quoted, or misplaced quotes")]
    LocalPartSyntax,
    /// A control character, which no quoting makes acceptable.
    #[error("an address cannot contain control characters")]
    Control,
    /// Longer than [`MAX_TAKEN_LOCAL_PART`], or one of ours than [`MAX_LOCAL_PART`].
    #[error("the local part is too long")]
    LocalPartTooLong,
    /// Not a domain name of letters, digits, hyphens and dots, nor IDNA.
    #[error("the domain is not a valid domain name")]
    DomainSyntax,
    /// The dot of a zone file, which no address has (RFC 5321 §2.3.5).
    #[error("the domain ends in a dot, which no mail address has: leave it out")]
    TrailingDot,
    /// Longer than [`MAX_DOMAIN`], or a label longer than 63.
    #[error("the domain or one of its labels is too long")]
    DomainTooLong,
    /// An address literal that is neither `[IPv4]` nor `[IPv6:…]` (RFC 5321 §4.1.3).
    #[error("the address literal is neither [IPv4] nor [IPv6:...]")]
    LiteralSyntax,
    /// The whole is longer than [`MAX_PATH`].
    #[error("the path is longer than 256 octets")]
    PathTooLong,
    /// The angle brackets of the path, or the quotes in it, do not close.
    #[error("a path stands in angle brackets: <local-part@domain>")]
    Brackets,
    /// A source route that does not parse (RFC 5321 §4.1.2, A-d-l).
    #[error("the source route is malformed")]
    SourceRoute,
}
