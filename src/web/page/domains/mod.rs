//! Domains: what DNS should say and says, keys and certificates.

use crate::web::Site;
use axum::Router;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
}
