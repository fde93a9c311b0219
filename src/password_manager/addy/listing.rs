use crate::password_manager::{Query, Told};
use serde_json::{Value, json};

/// Most aliases that are listed for one search: whoever has more finds them by searching.
pub const MAX_LISTED: usize = 1_000;
/// Aliases of a page, where nothing is said.
const DEFAULT_SIZE: usize = 100;
/// Most aliases of a page.
const MAX_SIZE: usize = 100;

/// What a client asks for by `GET /api/v1/aliases`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// What the alias or its description contains.
    pub search: Option<String>,
    /// Those alone that are on, or off.
    pub is_active: Option<bool>,
    /// True when it is of those alone that we have not: deleted or pinned ones.
    pub is_of_none: bool,
    /// By address backwards.
    pub is_descending: bool,
    /// The page, from 1.
    pub number: usize,
    /// Aliases of a page.
    pub size: usize,
}

impl Listing {
    /// Reads a query, whatever it is: what is no number or no filter of ours says nothing.
    pub fn read(query: &Query) -> Self {
        let is = |name| match query.value(name) {
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            _ => None,
        };
        let is_deleted = query.value("filter[deleted]") == Some("only");
        Self {
            search: query.text("filter[search]").map(str::to_owned),
            is_active: is("filter[active]"),
            is_of_none: is_deleted || is("filter[pinned]") == Some(true),
            is_descending: matches!(query.value("sort"), Some("-email" | "-local_part")),
            number: query.number("page[number]").unwrap_or(1).max(1),
            size: query.number("page[size]").unwrap_or(DEFAULT_SIZE).clamp(1, MAX_SIZE),
        }
    }

    /// The page of all that were found.
    pub fn page<T>(&self, mut found: Vec<T>) -> Page<T> {
        let total = found.len();
        if self.is_descending {
            found.reverse();
        }
        let before = (self.number - 1).saturating_mul(self.size);
        let rest = found.into_iter().skip(before);
        Page {
            number: self.number,
            size: self.size,
            total,
            aliases: rest.take(self.size).collect(),
        }
    }
}

/// Some of the aliases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Which page, from 1.
    pub number: usize,
    /// Aliases of a whole page.
    pub size: usize,
    /// How many there are on all pages.
    pub total: usize,
    /// Those of this page.
    pub aliases: Vec<T>,
}

impl Page<Told> {
    /// The body of the answer.
    pub fn body(&self) -> Value {
        let Self { number, size, total, aliases } = self;
        let last = total.div_ceil(*size).max(1);
        let link = |page: usize| format!("/api/v1/aliases?page[number]={page}&page[size]={size}");
        let before = (number - 1).saturating_mul(*size);
        let (from, to) = match aliases.len() {
            0 => (None, None),
            count => (Some(before + 1), Some(before + count)),
        };
        json!({
            "data": aliases.iter().map(super::resource).collect::<Vec<_>>(),
            "links": {
                "first": link(1),
                "last": link(last),
                "prev": (*number > 1).then(|| link(number - 1)),
                "next": (*number < last).then(|| link(number + 1)),
            },
            "meta": {
                "current_page": number,
                "from": from,
                "last_page": last,
                "path": "/api/v1/aliases",
                "per_page": size,
                "to": to,
                "total": total,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_addys_extension_asks() {
        let listing = |query: &str| Listing::read(&Query::read(query));
        let query = "filter[deleted]=&filter[active]=&filter[pinned]=&filter[search]=\
                     &sort=-created_at&page[number]=1&page[size]=10";
        let all = Listing {
            search: None,
            is_active: None,
            is_of_none: false,
            is_descending: false,
            number: 1,
            size: 10,
        };
        assert_eq!(listing(query), all);
        let other = listing(
            "filter[deleted]=with&filter[active]=false&filter[pinned]=false\
             &filter[search]=shop&sort=-email&page[number]=3&page[size]=1000",
        );
        assert_eq!((other.search.as_deref(), other.is_active), (Some("shop"), Some(false)));
        assert!(other.is_descending && !other.is_of_none);
        assert_eq!((other.number, other.size), (3, MAX_SIZE));
        assert!(listing("filter[deleted]=only").is_of_none);
        assert!(listing("filter[pinned]=true").is_of_none);
        let odd = listing("page[number]=0&page[size]=0&filter[active]=maybe");
        assert_eq!((odd.number, odd.size, odd.is_active), (1, 1, None));
    }

    #[test]
    fn pages() {
        let listing = |number| Listing { number, size: 10, ..Listing::read(&Query::default()) };
        let all: Vec<usize> = (0..25).collect();
        let page = listing(3).page(all.clone());
        assert_eq!((page.total, page.aliases), (25, vec![20, 21, 22, 23, 24]));
        assert_eq!(listing(4).page(all.clone()).aliases, Vec::<usize>::new());
        assert_eq!(listing(usize::MAX).page(all.clone()).aliases, Vec::<usize>::new());
        let backwards = Listing { is_descending: true, ..listing(1) };
        assert_eq!(backwards.page(all).aliases, (15..25).rev().collect::<Vec<_>>());
    }

    #[test]
    fn links_lead_on_as_long_as_there_is_more() {
        let page =
            |number, total| Page::<Told> { number, size: 10, total, aliases: Vec::new() }.body();
        let first = page(1, 25);
        assert_eq!(first["links"]["prev"], Value::Null);
        assert_eq!(first["links"]["next"], "/api/v1/aliases?page[number]=2&page[size]=10");
        assert_eq!(page(3, 25)["links"]["next"], Value::Null);
        assert_eq!(page(1, 0)["links"]["next"], Value::Null);
        assert_eq!(page(1, 0)["meta"]["last_page"], 1);
        assert_eq!(page(usize::MAX, 25)["meta"]["total"], 25);
    }
}
