use super::{MAX_DESTINATIONS, Scope};
use crate::address::Domain;

/// Why there may be no such token. The message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No scope is of this name.
    #[error("{0:?} is no scope; accepted: create, manage, admin")]
    Scope(String),
    /// No format is of this name.
    #[error("{0:?} is no format; accepted: random_characters, random_words, site, uuid")]
    Format(String),
    /// It is for one domain, and none is named.
    #[error("a token of the scope {0} is for one domain: name it by --domain")]
    NeedsDomain(Scope),
    /// It makes aliases, and they would lead nowhere.
    #[error(
        "the aliases that a token of the scope create makes lead to fixed mailboxes: name them by --to"
    )]
    NeedsDestination,
    /// It is for all domains, and one is named.
    #[error("a token of the scope admin is for all domains; for one alone: --scope manage")]
    AdminOfAll,
    /// Aliases are of domains with names.
    #[error("{0} is an address literal, and no domain with aliases")]
    Literal(Domain),
    /// More than may be.
    #[error("the aliases of a token lead to at most {MAX_DESTINATIONS} mailboxes")]
    TooManyDestinations,
}
