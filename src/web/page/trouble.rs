//! What went wrong, in words.

use super::{
    is_of_other_site,
    shell::{Look, document},
    texts::Texts,
    visitor,
};
use crate::{
    admin,
    store::{SessionChangeError, StoreError},
    web::Site,
};
use axum::{body::Body, response::IntoResponse};
use hyper::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
    http::request::Parts,
};
use maud::html;
use std::time::Duration;

/// Why there is no page. As a response it has no body yet: [`Trouble::in_words`] writes it, in the language of whoever
/// asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing that can be read.
    Malformed,
    /// Nothing that whoever asks may see.
    NotFound,
    /// A link that was followed already, has ended, or never was one.
    NoLink,
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

    fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::NoLink => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoSession | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Late | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Title and words.
    fn told(self, texts: Texts) -> (String, String) {
        let (title, text) = match self {
            Self::Malformed => ("trouble-malformed", "trouble-malformed-text"),
            Self::NotFound => ("trouble-not-found", "trouble-not-found-text"),
            Self::NoLink => ("trouble-no-link", "trouble-no-link-text"),
            Self::Method => ("trouble-method", "trouble-method-text"),
            Self::NoSession => ("trouble-no-session", "trouble-no-session-text"),
            Self::OtherSite => ("trouble-other-site", "trouble-other-site-text"),
            Self::Wait(wait) => {
                let seconds = whole_seconds(wait);
                let text = texts.say("trouble-wait-text", &[("seconds", seconds.into())]);
                return (texts.say("trouble-wait", &[]), text);
            }
            Self::TooLarge => ("trouble-too-large", "trouble-too-large-text"),
            Self::Slow => ("trouble-slow", "trouble-slow-text"),
            Self::Late => ("trouble-late", "trouble-late-text"),
            Self::Failed => ("trouble-failed", "trouble-failed-text"),
            Self::Unavailable => ("trouble-unavailable", "trouble-unavailable-text"),
        };
        (texts.say(title, &[]), texts.say(text, &[]))
    }

    /// The page for whoever asked, with a way on.
    pub(super) async fn in_words(self, site: &Site, head: &Parts) -> Response<Body> {
        // A store that fails has been told of already.
        let visitor = visitor::known(site, head).await.ok().flatten();
        let look = match visitor {
            Some(visitor) => visitor.look().clone(),
            None => Look::of_stranger(head),
        };
        self.page(&look).map(Body::from)
    }

    /// The page for whom nothing is asked of the store.
    pub(super) fn to_stranger(self, head: &Parts) -> Response<String> {
        self.page(&Look::of_stranger(head))
    }

    fn page(self, look: &Look) -> Response<String> {
        let (title, text) = self.told(look.texts);
        let to_login = look.is_stranger() || self == Self::NoSession;
        let content = html! {
            p .lead { (text) }
            p { @if to_login {
                a .button href="/login" { (look.texts.say("trouble-to-login", &[])) }
            } @else {
                a .button href="/" { (look.texts.say("trouble-to-start", &[])) }
            } }
        };
        let mut response = Response::new(document(look, None, &title, &[], &content).into_string());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Self::Wait(wait) = self {
            headers.insert::<HeaderName>(RETRY_AFTER, whole_seconds(wait).into());
        }
        response
    }
}

/// The next whole second, as a shorter wait would be one in vain.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
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
            Error::Store(error) | Error::SessionChange(SessionChangeError::Store(error)) => {
                error.into()
            }
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
