//! What listings share: how many, behind what, and since when.

use super::super::problem::Problem;
use crate::time::{Millis, UnixTime};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use std::fmt;

/// How many are in a page where nothing is said, and at most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 500;
/// Longest cursor.
const MAX_CURSOR: usize = 2_000;

/// Behind what a page begins: two texts, which whoever keeps it does not look into.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cursor(pub(super) String, pub(super) String);

impl Cursor {
    /// Reads what was given out before.
    ///
    /// # Errors
    /// When it was not.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let read = || {
            let octets = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let text = String::from_utf8(octets).ok()?;
            let (one, other) = text.split_once('\0')?;
            Some(Self(one.to_owned(), other.to_owned()))
        };
        let read = (text.len() <= MAX_CURSOR).then(read).flatten();
        read.ok_or_else(wrong_cursor)
    }
}

/// The answer to a cursor that was never given out.
pub(super) fn wrong_cursor() -> Problem {
    Problem::field("cursor", "is none of ours", "the next of the page before")
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(format!("{}\0{}", self.0, self.1).as_bytes()))
    }
}

/// How many are wanted at most.
///
/// # Errors
/// When it is no such number.
pub(super) fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(PAGE) };
    let number = text.parse().ok().filter(|number| (1..=MAX_PAGE).contains(number));
    number.ok_or_else(|| {
        Problem::field("limit", format!("{text:?} is no such number"), "from 1 to 500")
    })
}

/// A point in time with its zone.
///
/// # Errors
/// When it is none.
pub(super) fn time(field: &str, text: &str) -> Result<UnixTime, Problem> {
    let wrong = |_| {
        let accepted = "a time with its zone (RFC 3339), such as 2026-01-31T12:00:00Z";
        Problem::field(field, format!("{text:?} is no time"), accepted)
    };
    text.parse::<Timestamp>().map_err(wrong).map(|time| Millis::from(time).unix_time())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_and_limits() {
        let cursor = Cursor("example.org".into(), "hé llo".into());
        assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        for bad in ["", "x", "%%%", &"A".repeat(4000), &BASE64URL_NOPAD.encode(b"abc")] {
            assert_eq!(Cursor::parse(bad).unwrap_err().errors[0].field, "cursor", "{bad}");
        }
        assert_eq!(limit(None).unwrap(), PAGE);
        assert_eq!(limit(Some("500")).unwrap(), 500);
        for bad in ["0", "501", "-1", "x", "", "99999999999999999999999"] {
            assert_eq!(limit(Some(bad)).unwrap_err().errors[0].field, "limit", "{bad}");
        }
        assert_eq!(time("since", "1970-01-01T01:00:01+01:00").unwrap().as_secs(), 1);
        assert!(time("since", "2026-01-31").is_err());
    }
}
