//! What is wrong, as RFC 9457 has it: which field, and what is accepted there.

mod errors;

use super::cause::Cause;
use axum::{body::Body, response::IntoResponse};
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// What all types of problems begin with.
const TYPE: &str = "urn:onward:problem:";

/// An answer that says what is wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    /// For whoever reads it.
    pub(crate) detail: String,
    /// The fields that it is about.
    pub(crate) errors: Vec<FieldError>,
    /// When it may be tried again.
    pub(crate) wait: Option<Duration>,
    /// What is wrong as data, where it is about no field.
    pub(crate) cause: Option<Box<Cause>>,
}

/// A field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Its name, as in `allow[2]`; of a query, that of the parameter.
    #[schema(example = "expires")]
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What is accepted there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) accepted: Option<String>,
    /// What is wrong as data, for whoever says it in other words.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) cause: Option<Box<Cause>>,
}

/// The form of every answer that says what is wrong (RFC 9457), of the media type `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// The kind of the problem, which stays the same: `urn:onward:problem:` and a word.
    #[serde(rename = "type")]
    #[schema(example = "urn:onward:problem:fields")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
    /// The fields that it is about; left out where it is about none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

/// What kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing that can be read.
    Malformed,
    /// No token.
    Unauthorized,
    /// Not with this token.
    Forbidden,
    /// No such thing.
    NotFound,
    /// No such route.
    NoRoute,
    /// Not by this method.
    Method,
    /// The request did not come.
    Slow,
    /// There is one of this name.
    Exists,
    /// What is asked for does not go with what there is.
    Conflict,
    /// It is another one by now.
    Changed,
    /// The body is too large.
    TooLarge,
    /// The head is too large.
    LongHead,
    /// The body is no JSON.
    MediaType,
    /// Fields hold what they may not.
    Fields,
    /// Too many of something.
    Limit,
    /// Something of ours failed.
    Failed,
    /// The database cannot be used now.
    Unavailable,
    /// It takes too long.
    Late,
}

impl Kind {
    fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "unauthorized", "A token is needed that is good")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "This token may not do that"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no-route", "There is no such route"),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "method", "The route has no such method")
            }
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "slow", "The request did not come in time"),
            Self::Exists => (StatusCode::CONFLICT, "exists", "There is one already"),
            Self::Conflict => {
                (StatusCode::CONFLICT, "conflict", "It does not go with what there is")
            }
            Self::Changed => (StatusCode::PRECONDITION_FAILED, "changed", "It has changed since"),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large")
            }
            Self::LongHead => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "long-head",
                "The head of the request is too large",
            ),
            Self::MediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "The body has to be JSON")
            }
            Self::Fields => {
                (StatusCode::UNPROCESSABLE_ENTITY, "fields", "Fields hold what is not accepted")
            }
            Self::Limit => (StatusCode::TOO_MANY_REQUESTS, "limit", "Too many for now"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "failed", "Something failed"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The store cannot be used now")
            }
            Self::Late => (StatusCode::SERVICE_UNAVAILABLE, "late", "It takes too long"),
        }
    }

    /// The status of an answer of this kind.
    pub(crate) fn status(self) -> StatusCode {
        self.told().0
    }
}

impl Problem {
    /// A problem about no field.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), wait: None, cause: None }
    }

    /// A problem of ours, of which the log says more.
    pub(crate) fn failed() -> Self {
        Self::new(Kind::Failed, "the log of the daemon says what failed")
    }

    /// What is wrong with fields.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let named: Vec<_> =
            errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
        Self { errors, ..Self::new(Kind::Fields, named.join("; ")) }
    }

    /// What is wrong with one field.
    pub(crate) fn field(field: &str, message: impl Into<String>, accepted: &str) -> Self {
        Self::fields(vec![FieldError::new(field, message, accepted)])
    }

    /// The same with what is wrong as data: with the one field that it is about, or with none.
    pub(crate) fn because(mut self, cause: Cause) -> Self {
        match &mut self.errors[..] {
            [] => self.cause = Some(Box::new(cause)),
            errors => {
                errors.iter_mut().for_each(|error| error.cause = Some(Box::new(cause.clone())))
            }
        }
        self
    }

    /// Too many, for so long.
    pub(crate) fn wait(detail: impl Into<String>, wait: Duration) -> Self {
        Self { wait: Some(wait), ..Self::new(Kind::Limit, detail) }
    }

    /// Only with another token.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, detail)
    }

    /// There is none of that name.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    /// The whole answer.
    pub(crate) fn into_bytes(self) -> Response<Bytes> {
        let (status, word, title) = self.kind.told();
        let document = Document {
            kind: format!("{TYPE}{word}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            errors: self.errors,
        };
        let text = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Bytes::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"onward\""));
        }
        if let Some(wait) = self.wait {
            headers.insert::<HeaderName>(RETRY_AFTER, whole_seconds(wait).into());
        }
        response
    }
}

/// The next whole second, as a shorter wait would be one in vain.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl FieldError {
    /// What is wrong with a field; `accepted` may be empty.
    pub(crate) fn new(field: &str, message: impl Into<String>, accepted: &str) -> Self {
        let accepted = Some(accepted.to_owned()).filter(|text| !text.is_empty());
        Self { field: field.to_owned(), message: message.into(), accepted, cause: None }
    }

    /// The same, with what is wrong as data.
    pub(crate) fn because(self, cause: Cause) -> Self {
        Self { cause: Some(Box::new(cause)), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        self.into_bytes().map(Body::from)
    }
}
