//! Accounts: who sends mail through us.

use crate::web::Site;
use axum::Router;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
}
