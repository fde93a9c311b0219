//! Aliases: what there is, and making, changing and switching them.

use crate::web::Site;
use axum::Router;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
}
