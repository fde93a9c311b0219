//! What pages load: parts of the program, each under a name that changes with it.

use crate::web::Site;
use axum::{Router, body::Body, extract::Path, response::IntoResponse, routing::get};
use data_encoding::HEXLOWER;
use hyper::{
    Response,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

use super::trouble::Trouble;

/// A file that pages load.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Where it is to be had.
    pub(crate) path: String,
    kind: &'static str,
    text: &'static str,
}

/// How it all looks.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css", include_str!("assets/style.css")));
/// What is nicer with script.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("script", "js", "text/javascript", include_str!("assets/script.js"))
});
/// The picture on the browser's tab.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

/// A year: what is behind a name never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

impl Asset {
    fn new(name: &str, extension: &str, kind: &'static str, text: &'static str) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(text));
        let hash: String = hash.chars().take(12).collect();
        Self { path: format!("/assets/{name}-{hash}.{extension}"), kind, text }
    }
}

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/assets/{name}", get(show))
}

/// Anybody may have them: there is nothing of anybody in them.
async fn show(Path(name): Path<String>) -> Result<Response<Body>, Trouble> {
    let wanted = format!("/assets/{name}");
    let mut all = [&*STYLE, &*SCRIPT, &*ICON].into_iter();
    let asset = all.find(|asset| asset.path == wanted).ok_or(Trouble::NotFound)?;
    let mut response = asset.text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(CACHE_CONTROL, FOR_EVER);
    Ok(response)
}
