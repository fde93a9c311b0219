//! The routes under `/api/`: a file a subject. The document that describes them is made of them.

mod aliases;
mod blocks;
mod document;
mod domains;
mod explain;
mod messages;
mod page;
mod queue;
mod schema;
mod status;
mod traffic;

use super::{Site, problem::Problem};
use axum::{
    Json, Router,
    body::Body,
    extract::{FromRequestParts, Path},
    response::IntoResponse,
};
use hyper::{Response, StatusCode, http::request::Parts};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use document::document;

/// All of them.
pub(super) fn routes() -> Router<Site> {
    all().split_for_parts().0
}

fn all() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(document::show))
        .routes(routes!(status::show))
        .routes(routes!(domains::list, domains::add))
        .routes(routes!(domains::show, domains::change, domains::remove))
        .routes(routes!(aliases::list, aliases::add))
        .routes(routes!(aliases::show, aliases::change, aliases::remove))
        .routes(routes!(aliases::enable))
        .routes(routes!(aliases::disable))
        .routes(routes!(blocks::list, blocks::add, blocks::remove))
        .routes(routes!(messages::list))
        .routes(routes!(messages::show))
        .routes(routes!(queue::list))
        .routes(routes!(queue::show, queue::drop))
        .routes(routes!(queue::retry))
        .routes(routes!(explain::show))
}

/// What stands in a path in the place of a name, decoded.
#[derive(Debug)]
pub(super) struct Segment(pub(super) String);

impl FromRequestParts<Site> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, site).await;
        path.map(|Path(text)| Self(text)).map_err(|_| {
            let what = "the path is no UTF-8 in percent encoding";
            Problem::new(super::problem::Kind::Malformed, what)
        })
    }
}

/// An answer of JSON.
fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    (status, Json(value)).into_response()
}
