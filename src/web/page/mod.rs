//! The page for people: made here and sent whole, usable without script.
//!
//! A request goes: posts of other sites (tower-http's layer) · the route · who asks ([`visitor`]) · a function of
//! `admin` · a page ([`shell`]), or a [`trouble_page`] in the words of whoever asks ([`texts`]).

mod accounts;
mod aliases;
mod assets;
mod blocks;
mod chart;
mod cookies;
mod domains;
mod faults;
mod form;
mod host;
mod language;
mod login;
mod messages;
mod notices;
mod outside;
mod overview;
mod parts;
mod sessions;
mod shell;
mod texts;
mod tokens;
mod trouble;
mod trouble_page;
mod visitor;

pub(super) use aliases::undo::Undos;
pub(super) use domains::Checks;
pub(super) use notices::Notices;

use super::Site;
use crate::{
    http::{Client, Fault},
    session::Role,
};
use axum::{Router, body::Body, response::IntoResponse, routing::get};
use hyper::{
    HeaderMap, Method, Request, Response,
    body::Bytes,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    http::request::Parts,
};
use tower::ServiceExt;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use trouble::Trouble;
use trouble_page::{in_words, to_stranger};
use visitor::Visitor;

/// What pages may load, and who may show them: our own, and nobody.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Heads of every answer, but where it has its own.
const HEADS: [(&str, &str); 6] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// All of them. Each module has its own, so that a row of the table of routes is found by the path.
pub(super) fn routes(site: Site) -> Router {
    Router::new()
        .route("/", get(start))
        .merge(assets::routes())
        .merge(language::routes())
        .merge(login::routes())
        .merge(sessions::routes())
        .merge(aliases::routes())
        .merge(blocks::routes())
        .merge(messages::routes())
        .merge(domains::routes())
        .merge(overview::routes())
        .merge(tokens::routes())
        .merge(accounts::routes())
        .layer(CsrfLayer::new())
        .with_state(site)
}

/// Where whoever comes begins.
async fn start(visitor: Visitor) -> Response<Body> {
    shell::see(match visitor.role {
        Role::Admin => "/overview",
        Role::Owner(_) => "/aliases",
    })
}

/// Answers a request whose body has come whole.
pub(super) async fn answer(
    site: &Site,
    routes: &Router,
    client: Client,
    mut head: Parts,
    body: Bytes,
) -> Response<Bytes> {
    if head.method == Method::HEAD {
        head.method = Method::GET;
    }
    if let Err(trouble) = host::check(&site.config, &head) {
        if trouble == Trouble::OtherHost {
            site.shared.misdirected.call_once(|| {
                tracing::warn!(
                    "the page was asked for by a name that it has not; behind a proxy, web.hosts has to have the proxy's; told once"
                );
            });
        }
        // Whoever asks like that is nobody here, whatever else he shows.
        return told_to_stranger(trouble, &head);
    }
    head.extensions.insert(client);
    let asked = head.clone();
    let response = routes.clone().oneshot(Request::from_parts(head, Body::from(body)));
    // A router never fails.
    let Ok(mut response) = response.await;
    if !response.headers().contains_key(CONTENT_TYPE)
        && let Some(trouble) = Trouble::of(&response)
    {
        let allowed = response.headers().get(ALLOW).cloned();
        response = in_words(trouble, site, &asked).await.into_response();
        if let Some(allowed) = allowed {
            response.headers_mut().insert(ALLOW, allowed);
        }
    }
    let mut response = super::whole(response).await;
    tell(response.headers_mut());
    response
}

/// The answer to a request that came to nothing; `head` is `None` where not even that could be read.
pub(super) fn fault(head: Option<&Parts>, fault: Fault) -> Response<Bytes> {
    let trouble = match fault {
        Fault::TooLarge => Trouble::TooLarge,
        Fault::Slow | Fault::SlowHead => Trouble::Slow,
        Fault::LongHead => Trouble::LongHead,
        Fault::Broken | Fault::NoRequest => Trouble::Malformed,
        Fault::Failed => Trouble::Failed,
        Fault::Late => Trouble::Late,
    };
    match head {
        Some(head) => told_to_stranger(trouble, head),
        None => told_to_stranger(trouble, &Request::new(()).into_parts().0),
    }
}

fn told_to_stranger(trouble: Trouble, head: &Parts) -> Response<Bytes> {
    let mut response = to_stranger(trouble, head).map(Bytes::from);
    tell(response.headers_mut());
    response
}

/// What the log is told of a path: what proves a link is a secret.
pub(super) fn told(path: &str) -> &str {
    if path.starts_with(login::LINK) { login::LINK } else { path }
}

fn tell(headers: &mut HeaderMap) {
    for (name, value) in HEADS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// True for an answer of the layer that keeps other sites' posts out.
fn is_of_other_site(response: &Response<Body>) -> bool {
    response.extensions().get::<ProtectionError>().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_log_is_told_what_proves_a_link() {
        for (path, seen) in [
            ("/login/gaytemzugu3doobzmfrggzdfmztwq2lk", "/login/"),
            ("/login", "/login"),
            ("/aliases/a@x.test", "/aliases/a@x.test"),
        ] {
            assert_eq!(told(path), seen);
        }
    }
}
