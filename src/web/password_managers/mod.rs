//! The routes that password managers and their extensions ask, in the dialects of addy.io and SimpleLogin: what is asked
//! is read by [`crate::password_manager`], and done by the functions of [`crate::admin`] as for any other token.

mod addy;
mod aliases;
mod simplelogin;

use super::{
    Site,
    caller::{Caller, Unknown},
    problem::{Kind, Problem},
};
use crate::{
    http::Client,
    password_manager::{Dialect, Fault, Fields, Query},
};
use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    http::request::Parts,
};
use serde_json::Value;

/// One request, and who asks.
struct Asked<'a> {
    site: &'a Site,
    caller: Caller,
    query: Query,
    body: &'a [u8],
}

impl Asked<'_> {
    /// The fields of the body.
    fn fields(&self) -> Result<Fields, Fault> {
        Ok(Fields::read(self.body)?)
    }
}

/// What is answered: a status, and JSON where the status has a body.
struct Answer {
    status: StatusCode,
    body: Option<Value>,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body) }
    }

    fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, body: Some(body) }
    }

    fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None }
    }
}

/// Answers a request for a path of the dialect. Who shows no token that is good is told nothing else, not even whether
/// there is such a path.
pub(super) async fn answer(
    site: &Site,
    dialect: Dialect,
    client: Client,
    head: &Parts,
    body: &[u8],
) -> Response<Bytes> {
    let answered = match Caller::of(site, client, &head.headers).await {
        Err(unknown) => Err(fault_of(dialect, unknown)),
        Ok(caller) => {
            let query = Query::read(head.uri.query().unwrap_or_default());
            let asked = Asked { site, caller, query, body };
            let (method, path) = (head.method.as_str(), head.uri.path());
            match dialect {
                Dialect::Addy => addy::answer(&asked, method, path).await,
                Dialect::SimpleLogin => simplelogin::answer(&asked, method, path).await,
            }
        }
    };
    match answered {
        Ok(Answer { status, body }) => respond(status, body.as_ref()),
        Err(fault) => refuse(dialect, fault),
    }
}

/// What went wrong on the way to an answer, or instead of one, as clients of the dialect read it.
pub(super) fn problem(dialect: Dialect, problem: Problem) -> Response<Bytes> {
    refuse(dialect, problem.into())
}

fn fault_of(dialect: Dialect, unknown: Unknown) -> Fault {
    match unknown {
        Unknown::Missing | Unknown::Wrong => dialect.unauthenticated(),
        other => Problem::from(other).into(),
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let Problem { kind, detail, wait, .. } = problem;
        Self { wait, ..Self::new(kind.status().as_u16(), detail) }
    }
}

fn refuse(dialect: Dialect, fault: Fault) -> Response<Bytes> {
    let fault = fault.for_dialect(dialect);
    let status = StatusCode::from_u16(fault.status).unwrap_or_else(|_| Kind::Failed.status());
    let mut response = respond(status, Some(&dialect.error(&fault)));
    let headers: &mut HeaderMap = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"onward\""));
    }
    if let Some(allow) = fault.allow {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    if let Some(wait) = fault.wait {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert::<HeaderName>(RETRY_AFTER, seconds.into());
    }
    response
}

fn respond(status: StatusCode, body: Option<&Value>) -> Response<Bytes> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    if body.is_some() {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
    }
    response
}
