//! What came of the mail to aliases, and how aliases are found among many.

use super::StoreError;
use crate::{
    alias::{Alias, Counters, Daily, Filter, Key, Used},
    time::UnixTime,
};
use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use std::{fmt, str::FromStr};

/// Counters of aliases, and aliases by what is in them.
///
/// Whoever keeps them promises:
/// - Counters go with their alias, and stay with it when it is changed or replaced.
/// - Nothing waits for counters but who asks to have them kept. What was asked for is durable when it is answered.
/// - A page is found in bounded time, whatever is looked for and however many aliases there are. So it may have few
///   aliases, or none, and a next page all the same.
#[async_trait]
pub trait AliasUse {
    /// Adds to counters of aliases; of those that are not there, nothing is kept.
    ///
    /// # Errors
    /// When the store fails; some of it may be kept then.
    async fn keep_counters(&self, used: Vec<Used>) -> Result<(), StoreError>;

    /// The counters of an alias; `None` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    async fn counters(&self, alias: &Key) -> Result<Option<Counters>, StoreError>;

    /// What came of the mail to each of these aliases on the [`DAYS`](crate::alias::DAYS) that end with the day `today`;
    /// nothing of one that is not there. Older days are forgotten.
    ///
    /// # Errors
    /// When the store fails.
    async fn daily_uses(&self, aliases: Vec<Key>, today: u64) -> Result<Vec<Daily>, StoreError>;

    /// Writes down by which texts aliases are found, where a change of many did not come to that. Other changes get their
    /// turns.
    ///
    /// # Errors
    /// When the store fails.
    async fn make_found(&self) -> Result<(), StoreError>;

    /// Up to `limit` aliases that `filter` fits, behind `after`, which is the `next` of the page before. Without texts or
    /// a time to look for they come in order of their domains and local parts, the regexes last; with texts in the order
    /// in which they came, and of those unused since a time, those first that are so for longest.
    ///
    /// # Errors
    /// When `after` is of another search, or the store fails.
    async fn find_aliases(
        &self,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<FoundAliases, FindError>;
}

/// A page of what was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundAliases {
    /// The aliases and what came of their mail.
    pub found: Vec<(Alias, Counters)>,
    /// Behind what the next page begins; `None` when this is the last one.
    pub next: Option<Cursor>,
}

/// How far a search has come. Prints as letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// In the order of addresses.
    Address(Key),
    /// In the order in which aliases came.
    Number(i64),
    /// In the order of how long they are unused.
    Idle(UnixTime, i64),
}

/// Why nothing was looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The place to go on from is none.
    #[error("this is no place where the search goes on; begin it anew")]
    Cursor,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Address(Key { domain, local }) => format!("a{domain}\n{local}"),
            Self::Number(number) => format!("n{number}"),
            Self::Idle(time, number) => format!("i{}\n{number}", time.as_secs()),
        };
        f.write_str(&BASE64URL_NOPAD.encode(text.as_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = FindError;

    fn from_str(text: &str) -> Result<Self, FindError> {
        let octets = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| FindError::Cursor)?;
        let text = String::from_utf8(octets).map_err(|_| FindError::Cursor)?;
        let read = || {
            let mut rest = text.chars();
            let kind = rest.next()?;
            let rest = rest.as_str();
            Some(match kind {
                'a' => {
                    let (domain, local) = rest.split_once('\n')?;
                    Self::Address(Key { domain: domain.to_owned(), local: local.to_owned() })
                }
                'n' => Self::Number(rest.parse().ok()?),
                'i' => {
                    let (time, number) = rest.split_once('\n')?;
                    Self::Idle(UnixTime::new(time.parse().ok()?), number.parse().ok()?)
                }
                _ => return None,
            })
        };
        read().ok_or(FindError::Cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_printed() {
        let key = Key { domain: "x.test".into(), local: "a b+ü".into() };
        for cursor in [
            Cursor::Address(key),
            Cursor::Address(Key { domain: String::new(), local: "^a@x$".into() }),
            Cursor::Number(5),
            Cursor::Idle(UnixTime::new(9), 7),
        ] {
            let text = cursor.to_string();
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
            assert_eq!(text.parse(), Ok(cursor));
        }
        for bad in ["", "a", "?", "bm90", "ü", "bjk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"] {
            assert_eq!(bad.parse::<Cursor>(), Err(FindError::Cursor), "{bad}");
        }
    }
}
