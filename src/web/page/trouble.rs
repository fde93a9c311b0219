//! What went wrong.

use super::is_of_other_site;
use crate::{
    admin,
    store::{ChangeError, SessionChangeError, StoreError},
};
use axum::{body::Body, response::IntoResponse};
use hyper::{Response, StatusCode};
use std::time::Duration;

/// Why there is no page. As a response it has no body yet: [`in_words`](super::trouble_page::in_words) writes it, in the language of whoever
/// asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing that can be read.
    Malformed,
    /// Nothing that whoever asks may see.
    NotFound,
    /// A link that was followed already, has ended, or never was one.
    NoLink,
    /// Another host than ours is asked for.
    OtherHost,
    /// A proxy that is believed names somebody, and the name cannot be read, or there are two.
    ProxyName,
    /// A proxy names somebody, and `[web] hosts` has not the host that is asked for.
    ProxyHost,
    /// Not by this method.
    Method,
    /// Something was sent, and its sender has no session any more.
    NoSession,
    /// The page of another site sent it.
    OtherSite,
    /// Too many of something, for so long.
    Wait(Duration),
    /// The body is too large.
    TooLarge,
    /// The head is too long.
    LongHead,
    /// The request did not come in time.
    Slow,
    /// It takes too long.
    Late,
    /// Something of ours failed.
    Failed,
    /// The database cannot be used now.
    Unavailable,
}

impl Trouble {
    /// What a response without words is about.
    pub(super) fn of(response: &Response<Body>) -> Option<Self> {
        if let Some(trouble) = response.extensions().get::<Self>() {
            return Some(*trouble);
        }
        if is_of_other_site(response) {
            return Some(Self::OtherSite);
        }
        match response.status() {
            StatusCode::NOT_FOUND => Some(Self::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Some(Self::Method),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::TooLarge),
            status if status.is_client_error() => Some(Self::Malformed),
            status if status.is_server_error() => Some(Self::Failed),
            _ => None,
        }
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::ProxyName => StatusCode::BAD_REQUEST,
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound | Self::NoLink => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoSession | Self::OtherSite | Self::ProxyHost => StatusCode::FORBIDDEN,
            Self::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::LongHead => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Late | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request to the page failed");
        Self::Unavailable
    }
}

impl From<admin::Error> for Trouble {
    fn from(error: admin::Error) -> Self {
        use admin::Error;
        match error {
            Error::Store(error)
            | Error::Change(ChangeError::Store(error))
            | Error::SessionChange(SessionChangeError::Store(error)) => error.into(),
            Error::SessionChange(SessionChangeError::NoSuchSession(_)) => Self::NotFound,
            Error::Cursor | Error::Request(_) => Self::Malformed,
            // These name files of the machine, which are nobody's business who asks from elsewhere.
            error => {
                tracing::error!(%error, "a request to the page failed");
                Self::Failed
            }
        }
    }
}
