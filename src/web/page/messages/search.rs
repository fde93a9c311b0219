//! What somebody searches for, as a form sends it.

use crate::{
    address::{Domain, Mailbox},
    admin::trace::{Filter, Outcome, Position},
    time::Millis,
    web::page::form::Fields,
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// The fields of the form as they were filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) outcome: String,
    /// Where the page before ended.
    pub(super) cursor: String,
}

/// A field, and the key of what is wrong with it.
pub(super) type Wrong = (&'static str, &'static str);

impl Search {
    pub(super) fn read(fields: &Fields) -> Self {
        let one = |name| fields.one(name).to_owned();
        Self {
            from: one("from"),
            to: one("to"),
            since: one("since"),
            until: one("until"),
            outcome: one("outcome"),
            cursor: one("cursor"),
        }
    }

    /// True where nothing narrows it.
    pub(super) fn is_of_all(&self) -> bool {
        Self { cursor: String::new(), ..self.clone() } == Self::default()
    }

    /// What is searched for, and where to go on; a cursor that was not ours begins anew.
    ///
    /// # Errors
    /// What is wrong with which fields.
    pub(super) fn filter(&self) -> Result<(Filter, Option<Position>), Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut or_wrong = |is_good: bool, field, key| {
            if !is_good {
                wrong.push((field, key));
            }
        };
        let is_null = self.from == "<>";
        or_wrong(is_null || is_place(&self.from), "from", "messages-error-sender");
        or_wrong(is_place(&self.to), "to", "messages-error-address");
        let (since, until) = (time(&self.since), time(&self.until));
        or_wrong(since.is_some() || self.since.is_empty(), "since", "messages-error-time");
        or_wrong(until.is_some() || self.until.is_empty(), "until", "messages-error-time");
        let outcome = Outcome::parse(&self.outcome);
        let is_outcome = outcome.is_some() || self.outcome.is_empty();
        or_wrong(is_outcome, "outcome", "messages-error-outcome");
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let (from, to) = (given(&self.from), given(&self.to));
        let filter = Filter { from, to, since, until, outcome, ..Filter::default() };
        Ok((filter, self.cursor.parse().ok()))
    }

    /// Where the page of this search is that begins behind `cursor`.
    pub(super) fn path(&self, cursor: Option<Position>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let cursor = cursor.map(|cursor| cursor.to_string()).unwrap_or_default();
        for (name, value) in [
            ("from", &self.from),
            ("to", &self.to),
            ("since", &self.since),
            ("until", &self.until),
            ("outcome", &self.outcome),
            ("cursor", &cursor),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        match query.finish() {
            query if query.is_empty() => "/messages".to_owned(),
            query => format!("/messages?{query}"),
        }
    }
}

/// Nothing, an address, or `@domain`.
fn is_place(text: &str) -> bool {
    text.is_empty()
        || Mailbox::parse(text).is_ok()
        || text.strip_prefix('@').is_some_and(|name| Domain::parse(name).is_ok())
}

/// `2026-01-31`, `2026-01-31T12:00` (both in UTC), or RFC 3339.
fn time(text: &str) -> Option<Millis> {
    let in_utc = |at: DateTime| Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let at = text.parse::<Timestamp>().ok().or_else(|| match text.parse::<Date>() {
        Ok(day) if !text.contains([':', 'T', ' ']) => in_utc(day.at(0, 0, 0, 0)),
        _ => in_utc(text.parse::<DateTime>().ok()?),
    })?;
    Some(Millis::new(u64::try_from(at.as_millisecond()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Search {
        Search::read(&Fields::parse(query.as_bytes()))
    }

    #[test]
    fn what_is_filled_in_is_searched_for() {
        let search = search("from=%3C%3E&to=@x.test&since=2026-01-31&outcome=refused&cursor=5.7");
        let (filter, cursor) = search.filter().unwrap();
        assert_eq!(filter.from.as_deref(), Some("<>"));
        assert_eq!(filter.to.as_deref(), Some("@x.test"));
        assert_eq!(filter.since, Some(Millis::new(1_769_817_600_000)));
        assert_eq!((filter.until, filter.outcome), (None, Some(Outcome::Refused)));
        assert_eq!(cursor.map(|it| it.to_string()).as_deref(), Some("5.7"));
        assert!(!search.is_of_all());
    }

    #[test]
    fn of_nothing_there_are_all() {
        let search = search("from=&to=&cursor=5.7");
        let (filter, _) = search.filter().unwrap();
        assert!(filter.from.is_none() && filter.to.is_none() && search.is_of_all());
        assert_eq!(search.path(None), "/messages");
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let search = search("from=a&to=%3C%3E&since=yesterday&until=2026-13-01&outcome=x");
        let wrong = search.filter().unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["from", "to", "since", "until", "outcome"]);
    }

    #[test]
    fn times_of_day_are_read() {
        let at = Some(Millis::new(1_769_860_800_000));
        for text in ["2026-01-31T12:00", "2026-01-31T12:00:00Z", "2026-01-31T13:00+01:00"] {
            assert_eq!(time(text), at, "{text}");
        }
        for text in ["", "1960-01-01", "12:00", "99999999-01-01", "<b>"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn a_path_brings_back_the_search() {
        let before = search("from=a%2Bb@x.test&outcome=failed&since=2026-01-31T12:00");
        let path = before.path("5.7".parse().ok());
        let query = path.strip_prefix("/messages?").unwrap();
        assert_eq!(search(query), Search { cursor: "5.7".into(), ..before });
    }
}
