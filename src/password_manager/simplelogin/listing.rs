use crate::password_manager::{Fault, Fields, Query};

/// Aliases of a page.
pub const PAGE: usize = 20;
/// Most aliases that are listed for one search.
pub const MAX_LISTED: usize = 1_000;

/// What a client asks for by `GET` or `POST /api/v2/aliases`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// What the alias or its note contains.
    pub search: Option<String>,
    /// Those alone that are on, or off.
    pub is_enabled: Option<bool>,
    /// True when it is of pinned ones, which we have not.
    pub is_of_none: bool,
    /// The page, from 0.
    pub page: usize,
}

impl Listing {
    /// Reads the query and the fields of a request.
    ///
    /// # Errors
    /// When no page is named, or what is searched for is no text.
    pub fn read(query: &Query, fields: &Fields) -> Result<Self, Fault> {
        let page = query.number("page_id");
        let page =
            page.ok_or_else(|| Fault::new(400, "page_id must be provided in request query"))?;
        let has = |name| query.value(name).is_some();
        let search = fields.text("query")?.map(str::trim).filter(|text| !text.is_empty());
        Ok(Self {
            search: search.map(str::to_owned),
            is_enabled: match (has("enabled"), has("disabled")) {
                (true, false) => Some(true),
                (false, true) => Some(false),
                _ => None,
            },
            is_of_none: has("pinned"),
            page,
        })
    }

    /// The page of all that were found.
    pub fn page<T>(&self, found: Vec<T>) -> Vec<T> {
        found.into_iter().skip(self.page.saturating_mul(PAGE)).take(PAGE).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_extension_asks() {
        let fields = Fields::read(br#"{"query":"shop"}"#).unwrap();
        let listing = Listing::read(&Query::read("page_id=1"), &fields).unwrap();
        assert_eq!((listing.search.as_deref(), listing.page), (Some("shop"), 1));
        assert_eq!((listing.is_enabled, listing.is_of_none), (None, false));
        let read = |query| Listing::read(&Query::read(query), &Fields::default());
        assert_eq!(read("page_id=0&enabled").unwrap().is_enabled, Some(true));
        assert_eq!(read("page_id=0&disabled=1").unwrap().is_enabled, Some(false));
        assert!(read("page_id=0&pinned").unwrap().is_of_none);
        assert_eq!(read("").unwrap_err().status, 400);
        assert_eq!(read("page_id=x").unwrap_err().status, 400);
    }

    #[test]
    fn pages() {
        let all: Vec<usize> = (0..25).collect();
        let read = |query| Listing::read(&Query::read(query), &Fields::default()).unwrap();
        assert_eq!(read("page_id=0").page(all.clone()).len(), PAGE);
        assert_eq!(read("page_id=1").page(all.clone()), (20..25).collect::<Vec<_>>());
        assert_eq!(read("page_id=18446744073709551615").page(all), Vec::<usize>::new());
    }
}
