//! Which language somebody wants, whatever the browser says.

use super::{
    form::Form,
    shell::see,
    texts::{LANGUAGE_COOKIE, Language},
};
use crate::web::Site;
use axum::{Router, body::Body, routing::post};
use hyper::{
    Response,
    header::{HeaderValue, SET_COOKIE},
};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/language", post(choose))
}

/// Remembers the choice in the browser, and goes back to where it was made.
async fn choose(Form(fields): Form) -> Response<Body> {
    let mut response = see(local(fields.one("back")));
    let Some(language) = Language::named(fields.one("lang")) else { return response };
    let cookie = format!(
        "{LANGUAGE_COOKIE}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
        language.code()
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// A path of ours, or the first page: nobody is sent elsewhere. Browsers take `//host` and `/\host` for another site.
fn local(back: &str) -> &str {
    let is_local = back.starts_with('/')
        && !back.starts_with("//")
        && back.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_local { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for good in ["/", "/aliases?q=a%40b", "/aliases/a@x.test"] {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "//evil.test",
            "/\\evil.test",
            "https://evil.test",
            "/a\r\nb",
            "/ü",
            "/\t/evil.test",
        ] {
            assert_eq!(local(bad), "/", "{bad:?}");
        }
    }
}
