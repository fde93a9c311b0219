//! What is read of a request: forms, queries and parts of the path.

use super::trouble::Trouble;
use crate::{http::MAX_BODY, web::Site};
use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use hyper::{header::CONTENT_TYPE, http::request::Parts};

/// The media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// Named values, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads what a form sends; what is no UTF-8 is read as well as it can be.
    pub(crate) fn parse(octets: &[u8]) -> Self {
        Self(form_urlencoded::parse(octets).into_owned().collect())
    }

    /// The first value of this name, without blanks around it; empty where there is none.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of this name.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.trim())
    }

    /// True where there is one of this name, such as a box that is ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }
}

/// A form that was sent.
#[derive(Debug)]
pub(crate) struct Form(pub(crate) Fields);

impl FromRequest<Site> for Form {
    type Rejection = Trouble;

    async fn from_request(request: Request, _: &Site) -> Result<Self, Trouble> {
        let said = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = said.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_form = essence.eq_ignore_ascii_case(FORM);
        let body = to_bytes(request.into_body(), MAX_BODY).await.map_err(|_| Trouble::TooLarge)?;
        match is_form || body.is_empty() {
            true => Ok(Self(Fields::parse(&body))),
            false => Err(Trouble::Malformed),
        }
    }
}

/// What stands behind `?`.
#[derive(Debug)]
pub(crate) struct Query(pub(crate) Fields);

impl FromRequestParts<Site> for Query {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Self, Trouble> {
        Ok(Self(Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// What stands in a path in the place of a name, decoded.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl FromRequestParts<Site> for Segment {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Trouble> {
        let path = Path::<String>::from_request_parts(parts, site).await;
        path.map(|Path(text)| Self(text)).map_err(|_| Trouble::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forms_send() {
        let fields = Fields::parse(b"a=1&b=+x%20&a=2&c=%ff&tick");
        assert_eq!(fields.one("a"), "1");
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.one("b"), "x");
        assert_eq!(fields.one("c"), "\u{fffd}");
        assert!(fields.has("tick") && !fields.has("d") && fields.one("d").is_empty());
    }
}
