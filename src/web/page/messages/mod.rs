//! Where is my mail: messages, each as a story; and what waits.

mod act;
mod explain;
mod list;
mod one;
mod parts;
mod queue;
mod recent;
mod search;
mod seen;
mod story;
mod told;

pub(super) use recent::recent;
pub(super) use told::told;

use crate::web::Site;
use axum::{
    Router,
    routing::{get, post},
};

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/messages", get(list::show))
        .route("/messages/{id}", get(one::show))
        .route("/messages/{id}/retry", post(act::retry))
        .route("/messages/{id}/drop", post(act::drop))
        .route("/messages/{id}/block", post(act::block))
        .route("/messages/{id}/allow", post(act::allow))
        .route("/messages/{id}/explain", post(explain::show))
        .route("/queue", get(queue::show))
        .route("/queue/retry", post(queue::retry))
        .route("/queue/drop", post(queue::drop))
}
