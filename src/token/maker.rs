use super::TokenId;
use crate::account::Label;
use std::fmt;

/// Who made a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maker {
    /// Whoever runs this server, by `onward token add`.
    CommandLine,
    /// Somebody with a session at the page.
    Session {
        /// Of the session.
        id: TokenId,
        /// Whose it is.
        label: Option<Label>,
    },
    /// Whom a proxy named, by `Remote-User`.
    Proxied(String),
}

impl Maker {
    /// The session.
    pub fn session(&self) -> Option<TokenId> {
        match self {
            Self::Session { id, .. } => Some(*id),
            Self::CommandLine | Self::Proxied(_) => None,
        }
    }
}

/// As listings and the log have it.
impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Session { id, label: None } => write!(f, "session {id}"),
            Self::Session { id, label: Some(label) } => write!(f, "session {id} ({label})"),
            Self::Proxied(name) => write!(f, "user {name}"),
        }
    }
}
