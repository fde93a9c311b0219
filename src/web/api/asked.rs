//! What the handlers are given: who asks, if he may; what the path names, if it is his; the query and the body, read.

use super::super::{
    Site,
    alias_record::ADDRESS,
    caller::Caller,
    input,
    problem::{Kind, Problem},
};
use crate::{address::Domain, alias::AliasAddress, token::Scope};
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path},
};
use http_body_util::BodyExt;
use hyper::{Request, http::request::Parts};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Whoever asks with a token of the scope `manage`, or of one that may more.
pub(super) struct Manager(pub(super) Caller);

/// Whoever asks with a token of the scope `admin`.
pub(super) struct Admin(pub(super) Caller);

/// A manager, and the alias in the path, which is his to see. Whether there is such a one is not known yet.
pub(super) struct OwnAlias {
    pub(super) caller: Caller,
    pub(super) address: AliasAddress,
}

/// A manager, and the domain in the path, which is his to see. Whether it is hosted is not known yet.
pub(super) struct OwnDomain {
    pub(super) caller: Caller,
    pub(super) domain: Domain,
}

/// What stands in a path in the place of a name, decoded.
#[derive(Debug)]
pub(super) struct Segment(pub(super) String);

/// What the query says: of one parameter one value.
pub(super) struct Query<T>(pub(super) T);

/// The object in the body.
pub(super) struct Object(pub(super) Map<String, Value>);

/// What the fields of the object in the body say.
pub(super) struct Fields<T>(pub(super) T);

/// The name of a domain.
///
/// # Errors
/// When it is none.
pub(super) fn domain(text: &str) -> Result<Domain, Problem> {
    Domain::parse(text).map_err(|error| {
        Problem::field("domain", error.to_string(), "the name of a domain, such as example.org")
    })
}

/// What a parameter says that is `true` or `false`.
///
/// # Errors
/// When it is neither.
pub(super) fn flag(field: &str, text: Option<&str>) -> Result<Option<bool>, Problem> {
    match text {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(Problem::field(field, format!("{other:?} is neither"), "true or false")),
    }
}

async fn with_scope(scope: Scope, parts: &mut Parts, site: &Site) -> Result<Caller, Problem> {
    let caller = Caller::from_request_parts(parts, site).await?;
    caller.needs(scope).map(|()| caller)
}

impl FromRequestParts<Site> for Manager {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        with_scope(Scope::Manage, parts, site).await.map(Self)
    }
}

impl FromRequestParts<Site> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        with_scope(Scope::Admin, parts, site).await.map(Self)
    }
}

impl FromRequestParts<Site> for OwnAlias {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let Manager(caller) = Manager::from_request_parts(parts, site).await?;
        let Segment(text) = Segment::from_request_parts(parts, site).await?;
        let address = AliasAddress::parse(&text)
            .map_err(|error| Problem::field("address", error.to_string(), ADDRESS))?;
        caller.needs_domain(address.domain())?;
        Ok(Self { caller, address })
    }
}

impl FromRequestParts<Site> for OwnDomain {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let Manager(caller) = Manager::from_request_parts(parts, site).await?;
        let Segment(text) = Segment::from_request_parts(parts, site).await?;
        let domain = domain(&text)?;
        caller.needs_domain(Some(&domain))?;
        Ok(Self { caller, domain })
    }
}

impl FromRequestParts<Site> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, site).await;
        path.map(|Path(text)| Self(text))
            .map_err(|_| Problem::new(Kind::Malformed, "the path is no UTF-8 in percent encoding"))
    }
}

impl<T: DeserializeOwned> FromRequestParts<Site> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Self, Problem> {
        input::query(parts.uri.query()).map(Self)
    }
}

impl FromRequest<Site> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _: &Site) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Problem::failed())?.to_bytes();
        input::object(&head.headers, &body).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<Site> for Fields<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, site: &Site) -> Result<Self, Problem> {
        let Object(object) = Object::from_request(request, site).await?;
        input::fields(object).map(Self)
    }
}
