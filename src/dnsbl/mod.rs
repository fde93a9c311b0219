//! Lists in DNS of clients and domains that mail is better not taken from (RFC 5782): what they are asked, and what
//! their answers mean. Only what is certainly a listing is one.

mod answer;
mod codes;
mod name;
mod zone;

pub use answer::{Answer, Trouble};
pub use codes::{CodeError, CodeRange, Codes};
pub use name::{Question, is_public, reversed};
pub use zone::{Zone, ZoneError};

use std::fmt;

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Addresses of clients.
    Client,
    /// Domains that mail says it is from (RHSBL).
    FromDomain,
}

/// What becomes of mail from who is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Passed on, with a header field that tells it.
    Mark,
    /// Put off.
    Defer,
    /// Refused.
    Refuse,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::FromDomain => "from-domain",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mark => "mark",
            Self::Defer => "defer",
            Self::Refuse => "refuse",
        })
    }
}
