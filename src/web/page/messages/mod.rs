//! Where is my mail: messages, each as a story.

use crate::web::Site;
use axum::Router;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
}
