//! Which problem an error is to whoever asked.

use super::{Kind, Problem};
use crate::{
    admin::{self, tokens::NoClaim},
    alias::AliasError,
    http::Fault,
    store::{ChangeError, StoreError, TokenChangeError},
    web::cause::Cause,
};
use std::time::Duration;

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let (kind, detail) = match fault {
            Fault::TooLarge => (Kind::TooLarge, "the body of a request has at most 65536 octets"),
            Fault::Slow => (Kind::Slow, "the body of the request did not come within 10 seconds"),
            Fault::Broken => (
                Kind::Malformed,
                "the request ends in its middle, or its body is not of the form that its head says",
            ),
            Fault::LongHead => (
                Kind::LongHead,
                "the head of a request, which is its first line and its fields, has at most 16384 octets, and 100 fields",
            ),
            Fault::NoRequest => (
                Kind::Malformed,
                "the head is none of HTTP/1.1: its first line, or a field, is not of that form",
            ),
            Fault::SlowHead => {
                (Kind::Slow, "the head of the request did not come within 5 seconds")
            }
            Fault::Late => (
                Kind::Late,
                "the answer takes too long; what was begun goes on, so look before it is sent again",
            ),
            Fault::Failed => return Self::failed(),
        };
        Self::new(kind, detail)
    }
}

impl From<admin::Error> for Problem {
    fn from(error: admin::Error) -> Self {
        use admin::Error;
        match error {
            Error::Change(error) => error.into(),
            Error::Alias(error) => error.into(),
            Error::Store(error) => error.into(),
            Error::TokenChange(TokenChangeError::Store(error)) => error.into(),
            Error::Cursor => {
                Self::field("cursor", "is none of ours", "the next of the page before")
            }
            Error::Settings(error) => Self::new(Kind::Fields, error.to_string()),
            Error::Request(what) => Self::new(Kind::Fields, what),
            Error::Refused(what) => Self::new(Kind::Conflict, what),
            // These name files of the machine, which are nobody's business who asks from elsewhere.
            error => {
                tracing::error!(%error, "a request to the API failed");
                Self::failed()
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request to the API failed");
        let detail = match error {
            StoreError::Busy { .. } => "the database is locked by another program; try again",
            StoreError::Full { .. } => "no space is left on the disk of the database",
            _ => "the database cannot be used now; the log of the daemon says why",
        };
        Self { wait: Some(Duration::from_secs(5)), ..Self::new(Kind::Unavailable, detail) }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let cause = Cause::from(&error);
        Self::of_change(error).because(cause)
    }
}

impl Problem {
    fn of_change(error: ChangeError) -> Self {
        let what = match &error {
            // The text names commands that are not at hand here, or where an alias leads.
            ChangeError::Exists { existing } => format!("{} exists", existing.address()),
            ChangeError::UnknownDomain(domain) => format!("{domain} is not hosted here"),
            ChangeError::NoSuchDomain(domain) => format!("{domain} is not hosted here"),
            ChangeError::NoSuchAlias(address) => format!("there is no alias {address}"),
            ChangeError::HasAliases { domain, .. } => format!(
                "{domain} still has aliases, or accounts send as its addresses; with_aliases=true removes them too"
            ),
            ChangeError::NoSuchBlock { .. } => "there is no such block".to_owned(),
            ChangeError::Cycle(_) => "the aliases would form a loop".to_owned(),
            ChangeError::TooDeep(_) => "the aliases would form a chain that is too long".to_owned(),
            other => other.to_string(),
        };
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::Exists { .. } => Self::new(Kind::Exists, what),
            ChangeError::SettingsChanged(_) => Self::new(Kind::Changed, what),
            ChangeError::UnknownDomain(_) => {
                Self::field("address", what, "an address in a hosted domain")
            }
            ChangeError::NoSuchDomain(_)
            | ChangeError::NoSuchAlias(_)
            | ChangeError::NoSuchBlock { .. } => Self::not_found(what),
            ChangeError::Literal(_) => Self::field("domain", what, "the name of a domain"),
            ChangeError::SrsShaped(_) => Self::field("address", what, ""),
            ChangeError::Alias(error) => error.into(),
            ChangeError::BlocksEverything => Self::field("pattern", what, ""),
            _ => Self::new(Kind::Conflict, what),
        }
    }
}

impl From<AliasError> for Problem {
    fn from(error: AliasError) -> Self {
        let cause = Cause::Alias(error.clone());
        Self::of_alias(error).because(cause)
    }
}

impl Problem {
    fn of_alias(error: AliasError) -> Self {
        let what = error.to_string();
        match error {
            AliasError::Note => {
                Self::field("note", what, "one line of up to 500 characters, or null")
            }
            // Of a token that nobody tells where its aliases lead.
            AliasError::Template(..) => {
                Self::new(Kind::Fields, "a destination looks like that of a regex, and is none")
            }
            AliasError::NoPattern { .. } => Self::field("address", what, ""),
            _ => Self::new(Kind::Fields, what),
        }
    }
}

impl From<NoClaim> for Problem {
    fn from(error: NoClaim) -> Self {
        match error {
            NoClaim::OverLimit { wait, .. } => Self::wait(error.to_string(), wait),
            NoClaim::Gone => Self::new(Kind::Unauthorized, error.to_string()),
            NoClaim::Failed(error) => error.into(),
        }
    }
}
