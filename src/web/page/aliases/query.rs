//! Which aliases a visitor looks for: the query of the list, read leniently, and written again.

use super::super::form::Fields;
use crate::{
    address::Domain,
    alias::Filter,
    session::Role,
    store::Cursor,
    time::{DAY, UnixTime},
};

/// Days for which an alias may be unused, as they are offered.
pub(super) const UNUSED: [u32; 4] = [7, 30, 90, 365];

/// What is looked for. A value that means nothing is passed over, as a list is no place to be refused at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// Text in the address, a destination or the note.
    pub(super) text: String,
    /// The domain, if one is chosen that the visitor may see.
    pub(super) domain: Option<Domain>,
    /// Only those that are on, or off.
    pub(super) enabled: Option<bool>,
    /// Only those that are unused for so many days.
    pub(super) unused: Option<u32>,
    /// Text in the note.
    pub(super) note: String,
    /// Where the page begins.
    pub(super) cursor: Option<Cursor>,
}

impl Query {
    /// What a query asks for, as far as `role` may. Who sees several domains and not all sees one at a time.
    pub(super) fn read(fields: &Fields, role: &Role) -> Self {
        let mut read = Self {
            text: fields.one("q").to_owned(),
            domain: Domain::parse(fields.one("domain")).ok(),
            enabled: match fields.one("state") {
                "on" => Some(true),
                "off" => Some(false),
                _ => None,
            },
            unused: fields.one("unused").parse().ok().filter(|days| *days > 0),
            note: fields.one("note").to_owned(),
            cursor: fields.one("cursor").parse().ok(),
        };
        if let Role::Owner(own) = role {
            read.domain =
                read.domain.filter(|domain| own.contains(domain)).or(own.first().cloned());
        }
        read
    }

    /// The filter at `now`; `None` where the visitor sees nothing at all.
    pub(super) fn filter(&self, role: &Role, now: UnixTime) -> Option<Filter> {
        if let Role::Owner(_) = role {
            self.domain.as_ref()?;
        }
        let filter = Filter {
            domain: self.domain.clone(),
            text: Some(self.text.clone()),
            note: Some(self.note.clone()),
            enabled: self.enabled,
            unused_since: self.unused.map(|days| now - DAY * days),
            ..Filter::default()
        };
        Some(filter.normal())
    }

    /// True where nothing is looked for.
    pub(super) fn is_all(&self) -> bool {
        self.text.is_empty()
            && self.note.is_empty()
            && self.enabled.is_none()
            && self.unused.is_none()
    }

    /// The same from another place on; from the first page without one.
    pub(super) fn at(&self, cursor: Option<Cursor>) -> Self {
        Self { cursor, ..self.clone() }
    }

    /// As it stands behind a `?`; empty where nothing is to be said.
    pub(super) fn print(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        };
        put("q", &self.text);
        put("domain", &self.domain.as_ref().map(ToString::to_string).unwrap_or_default());
        put("state", self.enabled.map_or("", |on| if on { "on" } else { "off" }));
        put("unused", &self.unused.map(|days| days.to_string()).unwrap_or_default());
        put("note", &self.note);
        put("cursor", &self.cursor.as_ref().map(ToString::to_string).unwrap_or_default());
        query.finish()
    }

    /// Where the list is of what is looked for.
    pub(super) fn place(&self) -> String {
        match self.print().as_str() {
            "" => "/aliases".to_owned(),
            query => format!("/aliases?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::Key;

    fn read(query: &str, role: &Role) -> Query {
        Query::read(&Fields::parse(query.as_bytes()), role)
    }

    fn domain(name: &str) -> Domain {
        Domain::parse(name).unwrap()
    }

    #[test]
    fn a_query_is_printed_as_it_is_read() {
        let key = Key { domain: "x.test".into(), local: "a".into() };
        let query = Query {
            text: "a b&c=\u{fc}\"<".into(),
            domain: Some(domain("x.test")),
            enabled: Some(false),
            unused: Some(30),
            note: "shop".into(),
            cursor: Some(Cursor::Address(key)),
        };
        assert_eq!(read(&query.print(), &Role::Admin), query);
        assert!(query.print().is_ascii());
        assert_eq!(Query::default().place(), "/aliases");
        let strange = read("q=%ff&domain=%00&state=x&unused=-1&cursor=?&x=1&&=", &Role::Admin);
        assert_eq!(strange, Query { text: "\u{fffd}".into(), ..Query::default() });
    }

    #[test]
    fn an_owner_looks_into_his_own_domains_alone() {
        let role = Role::Owner(vec![domain("x.test"), domain("y.test")]);
        let now = UnixTime::of_day(100);
        for (asked, sees) in [
            ("", Some("x.test")),
            ("domain=Y.test", Some("y.test")),
            ("domain=other.test", Some("x.test")),
            ("domain=", Some("x.test")),
        ] {
            let query = read(asked, &role);
            let filter = query.filter(&role, now).unwrap();
            assert_eq!(filter.domain, sees.map(domain), "{asked}");
        }
        let nobody = Role::Owner(Vec::new());
        assert_eq!(read("domain=x.test", &nobody).filter(&nobody, now), None);
        let all = read("unused=7&domain=", &Role::Admin).filter(&Role::Admin, now).unwrap();
        assert_eq!((all.domain, all.unused_since), (None, Some(UnixTime::of_day(93))));
    }
}
