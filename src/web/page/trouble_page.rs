//! What went wrong, in words: a page of its own.

use super::{
    shell::{Look, document},
    texts::Texts,
    trouble::Trouble,
    visitor,
};
use crate::web::Site;
use axum::body::Body;
use hyper::{
    Response,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
    http::request::Parts,
};
use maud::html;
use std::time::Duration;

/// The page for whoever asked, with a way on.
pub(super) async fn in_words(trouble: Trouble, site: &Site, head: &Parts) -> Response<Body> {
    // A store that fails has been told of already.
    let visitor = visitor::known(site, head).await.ok().flatten();
    let look = match visitor {
        Some(visitor) => visitor.look().clone(),
        None => Look::of_stranger(head),
    };
    page(trouble, &look).map(Body::from)
}

/// The page for whom nothing is asked of the store.
pub(super) fn to_stranger(trouble: Trouble, head: &Parts) -> Response<String> {
    page(trouble, &Look::of_stranger(head))
}

fn page(trouble: Trouble, look: &Look) -> Response<String> {
    let (title, text) = told(trouble, look.texts);
    let to_login = look.is_stranger() || trouble == Trouble::NoSession;
    let content = html! {
        p .lead { (text) }
        p { @if to_login {
            a .button href="/login" { (look.texts.say("trouble-to-login", &[])) }
        } @else {
            a .button href="/" { (look.texts.say("trouble-to-start", &[])) }
        } }
    };
    let mut response = Response::new(document(look, None, &title, &[], &content).into_string());
    *response.status_mut() = trouble.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Trouble::Wait(wait) = trouble {
        headers.insert::<HeaderName>(RETRY_AFTER, whole_seconds(wait).into());
    }
    response
}

/// Title and words.
fn told(trouble: Trouble, texts: Texts) -> (String, String) {
    let (title, text) = match trouble {
        Trouble::Malformed => ("trouble-malformed", "trouble-malformed-text"),
        Trouble::NotFound => ("trouble-not-found", "trouble-not-found-text"),
        Trouble::NoLink => ("trouble-no-link", "trouble-no-link-text"),
        Trouble::OtherHost => ("trouble-other-host", "trouble-other-host-text"),
        Trouble::ProxyName => ("trouble-proxy", "trouble-proxy-name-text"),
        Trouble::ProxyHost => ("trouble-proxy", "trouble-proxy-host-text"),
        Trouble::Method => ("trouble-method", "trouble-method-text"),
        Trouble::NoSession => ("trouble-no-session", "trouble-no-session-text"),
        Trouble::OtherSite => ("trouble-other-site", "trouble-other-site-text"),
        Trouble::Wait(wait) => {
            let seconds = whole_seconds(wait);
            let text = texts.say("trouble-wait-text", &[("seconds", seconds.into())]);
            return (texts.say("trouble-wait", &[]), text);
        }
        Trouble::TooLarge => ("trouble-too-large", "trouble-too-large-text"),
        Trouble::LongHead => ("trouble-too-large", "trouble-long-head-text"),
        Trouble::Slow => ("trouble-slow", "trouble-slow-text"),
        Trouble::Late => ("trouble-late", "trouble-late-text"),
        Trouble::Failed => ("trouble-failed", "trouble-failed-text"),
        Trouble::Unavailable => ("trouble-unavailable", "trouble-unavailable-text"),
    };
    (texts.say(title, &[]), texts.say(text, &[]))
}

/// The next whole second, as a shorter wait would be one in vain.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
