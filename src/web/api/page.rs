//! What listings share: how many, behind what, and since when.

use super::super::problem::Problem;
use crate::{
    clock,
    time::{Millis, UnixTime},
};
use jiff::Timestamp;

/// How many are in a page where nothing is said, and at most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 500;
/// The answer to a cursor that was never given out.
pub(super) fn wrong_cursor() -> Problem {
    Problem::field("cursor", "is none of ours", "the next of the page before")
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

/// A point in time with its zone, which is past.
///
/// # Errors
/// When it is none.
pub(super) fn past(field: &str, text: &str) -> Result<UnixTime, Problem> {
    let time = time(field, text)?;
    match time > clock::now() {
        true => Err(Problem::field(field, "is still to come", "a time that is past")),
        false => Ok(time),
    }
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
    fn limits_and_times() {
        assert_eq!(limit(None).unwrap(), PAGE);
        assert_eq!(limit(Some("500")).unwrap(), 500);
        for bad in ["0", "501", "-1", "x", "", "99999999999999999999999"] {
            assert_eq!(limit(Some(bad)).unwrap_err().errors[0].field, "limit", "{bad}");
        }
        assert_eq!(time("since", "1970-01-01T01:00:01+01:00").unwrap().as_secs(), 1);
        assert!(time("since", "2026-01-31").is_err());
        assert_eq!(past("since", "1970-01-01T01:00:01+01:00").unwrap().as_secs(), 1);
        let future = past("since", "2999-01-01T00:00:00Z").unwrap_err();
        assert_eq!(future.errors[0].message, "is still to come");
    }
}
