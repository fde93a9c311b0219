//! The routes under `/api/`: a file a subject. The document that describes them is made of them.

mod aliases;
mod asked;
mod blocks;
mod document;
mod domains;
mod explain;
mod messages;
mod page;
mod queue;
mod schema;
mod status;

use super::Site;
use axum::{Json, Router, body::Body, response::IntoResponse};
use hyper::{Response, StatusCode};
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

/// An answer of JSON.
fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    (status, Json(value)).into_response()
}
