//! Getting in and out: by a link that works once.
//!
//! Following the link by GET changes nothing: what scans mail and what fetches pages before they are looked at does that.
//! The button there sends a POST, which makes the session.

use super::{
    form::Segment,
    shell::{Look, document, see},
    trouble::Trouble,
    visitor::{SESSION_COOKIE, Visitor, known, maker},
};
use crate::{
    admin::sessions,
    http::Client,
    session::SESSION_LIFE,
    web::{Site, changes},
};
use axum::{
    Extension, Router,
    body::Body,
    extract::State,
    response::{Html, IntoResponse},
    routing::{get, post},
};
use hyper::{
    Response,
    header::{HeaderValue, REFERRER_POLICY, SET_COOKIE},
    http::request::Parts,
};
use maud::{Markup, html};

/// What the path of every link begins with.
pub(super) const LINK: &str = "/login/";

/// What gives its value to the session's cookie.
const COOKIE_RULES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/login", get(how))
        .route("/login/{secret}", get(offer).post(enter))
        .route("/welcome", get(welcome))
        .route("/logout", post(leave))
}

/// How one gets in.
async fn how(State(site): State<Site>, head: Parts) -> Result<Response<Body>, Trouble> {
    if known(&site, &head).await?.is_some() {
        return Ok(see("/"));
    }
    let look = Look::of_stranger(&head);
    let texts = look.texts;
    let content = html! {
        p .lead { (texts.say("login-how", &[])) }
        ol .steps {
            li {
                (texts.say("login-step-ask", &[])) pre { code { "onward web login" } }
                p .or { (texts.say("login-step-owner", &[])) }
                pre { code { "onward web login --domain example.org" } }
            }
            li { (texts.say("login-step-follow", &[])) }
        }
    };
    Ok(page(&look, &texts.say("login-title", &[]), &content))
}

/// Asks whether the link is to be followed.
async fn offer(
    State(site): State<Site>,
    client: Extension<Client>,
    Segment(shown): Segment,
    head: Parts,
) -> Result<Response<Body>, Trouble> {
    if sessions::link(&site.store, &shown).await?.is_none() {
        return Err(wrong(&site, *client, &shown));
    }
    let look = Look::of_stranger(&head);
    let texts = look.texts;
    let content = html! {
        p .lead { (texts.say("login-offer", &[])) }
        form method="post" action=(format!("{LINK}{shown}")) {
            button .main autofocus { (texts.say("login-enter", &[])) }
        }
        p .hint { (texts.say("login-hours", &[("hours", (SESSION_LIFE.as_secs() / 3600).into())])) }
    };
    let mut response = page(&look, &texts.say("login-offer-title", &[]), &content);
    // Nobody is told from which page somebody comes whose path is a secret.
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Makes the session. One that the browser had before is ended.
async fn enter(
    State(site): State<Site>,
    client: Extension<Client>,
    Segment(shown): Segment,
    head: Parts,
) -> Result<Response<Body>, Trouble> {
    // All that may fail comes first: the link is used up by a session, and by nothing else.
    let before = known(&site, &head).await?.and_then(|visitor| visitor.session());
    let begun = sessions::begin(&site.store, &shown, client.0.0, before).await?;
    let Some((session, secret)) = begun else { return Err(wrong(&site, *client, &shown)) };
    changes::tell(&maker(&session), "logged in", &session.role);
    let life = SESSION_LIFE.as_secs();
    let text = format!("{SESSION_COOKIE}={}; Max-Age={life}; {COOKIE_RULES}", secret.as_str());
    let mut response = see("/welcome");
    response.headers_mut().insert(SET_COOKIE, secret_value(&text)?);
    Ok(response)
}

/// Whether the browser kept the cookie: without https it does not, but for those of the machine itself.
async fn welcome(State(site): State<Site>, head: Parts) -> Result<Response<Body>, Trouble> {
    if known(&site, &head).await?.is_some() {
        return Ok(see("/"));
    }
    let look = Look::of_stranger(&head);
    let texts = look.texts;
    let content = html! {
        p .lead { (texts.say("login-no-cookie", &[])) }
        p { (texts.say("login-no-cookie-https", &[])) }
        p { (texts.say("login-no-cookie-again", &[])) }
    };
    Ok(page(&look, &texts.say("login-no-cookie-title", &[]), &content))
}

/// Ends the session.
async fn leave(visitor: Visitor) -> Result<Response<Body>, Trouble> {
    // Whom a proxy names has none.
    let Some(id) = visitor.session() else { return Ok(see("/")) };
    // Somebody else may have ended it just now.
    match visitor.site.store.end_session(id, false).await.map_err(crate::admin::Error::from) {
        Ok(_) => visitor.did("logged out", &visitor.role),
        Err(error) => match Trouble::from(error) {
            Trouble::NotFound => {}
            trouble => return Err(trouble),
        },
    }
    let mut response = see("/login");
    let text = format!("{SESSION_COOKIE}=; Max-Age=0; {COOKIE_RULES}");
    response.headers_mut().insert(SET_COOKIE, secret_value(&text)?);
    Ok(response)
}

/// Counts a link that is none.
fn wrong(site: &Site, client: Client, shown: &str) -> Trouble {
    let wait = site.shared.guesses.failed(client, shown);
    wait.map_or(Trouble::NoLink, Trouble::Wait)
}

fn secret_value(text: &str) -> Result<HeaderValue, Trouble> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Trouble::Failed)?;
    value.set_sensitive(true);
    Ok(value)
}

fn page(look: &Look, title: &str, content: &Markup) -> Response<Body> {
    Html(document(look, None, title, &[], content).into_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::page::cookies::cookie;
    use hyper::{HeaderMap, header::COOKIE};

    #[test]
    fn the_cookie_that_is_set_is_the_one_that_is_read() {
        let text = format!("{SESSION_COOKIE}=secret; Max-Age=1; {COOKIE_RULES}");
        let pair = text.split(';').next().unwrap();
        let headers = HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())]);
        assert_eq!(cookie(&headers, SESSION_COOKIE), Some("secret"));
    }
}
