//! `/api/status`: how it is.

use super::{
    super::{Site, problem::Problem},
    asked::Admin,
    json,
};
use crate::admin::status::Status;
use axum::{body::Body, extract::State};
use hyper::{Response, StatusCode};

/// How it is
///
/// Listeners, what waits in the spool, what failed lately; as `onward status --json`. Needs a token of the scope `admin`.
#[utoipa::path(
    get,
    path = "/api/status",
    tag = "about",
    responses((status = 200, description = "How it is.", body = serde_json::Value)),
)]
pub(super) async fn show(State(site): State<Site>, _: Admin) -> Result<Response<Body>, Problem> {
    let status = Status::of(&site.config, Some(&site.store)).await?;
    Ok(json(StatusCode::OK, &status))
}
