//! Which web pages may ask: browsers keep the answers from all others.

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Bytes,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
        ALLOW, HeaderValue, ORIGIN, VARY,
    },
};

/// By what methods routes are asked.
const METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
/// What pages may say of themselves and of what they send.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, authentication, content-type, x-requested-with, x-requested-from, if-match, if-none-match",
);
/// What pages may read of an answer.
const READ: HeaderValue = HeaderValue::from_static("etag, retry-after, location, link");
/// How long browsers keep the answer, in seconds.
const KEPT: HeaderValue = HeaderValue::from_static("3600");

/// The page that asks, if it may.
pub(super) fn allowed(headers: &HeaderMap, origins: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(text)).then(|| origin.clone())
}

/// The answer to OPTIONS, by which a browser asks whether a page may ask.
pub(super) fn preflight(
    request: &Request<Bytes>,
    origin: Option<&HeaderValue>,
) -> Option<Response<Bytes>> {
    if request.method() != Method::OPTIONS {
        return None;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, METHODS);
    if origin.is_some() && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, KEPT);
    }
    Some(response)
}

/// Lets the page of `origin` read an answer. That it hangs on the origin is said to all.
pub(super) fn tell(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
    }
}
