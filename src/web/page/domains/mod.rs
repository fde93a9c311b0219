//! Domains: what DNS should say and says, keys, certificates, and what is set for all of a domain.
//!
//! No page asks DNS. What it said is looked at when somebody has it looked at ([`checks`]), and shown with its time.

mod change;
mod checks;
mod list;
mod records;
mod settings;
mod show;

pub(in crate::web) use checks::Checks;

use super::{trouble::Trouble, visitor::Visitor};
use crate::{address::Domain, session::Role, web::Site};
use axum::{
    Router,
    routing::{get, post},
};

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/domains", get(list::page).post(change::add))
        .route("/domains/{domain}", get(show::page))
        .route("/domains/{domain}/check", post(change::check))
        .route("/domains/{domain}/settings", post(change::set))
        .route("/domains/{domain}/block", post(change::block))
        .route("/domains/{domain}/unblock", post(change::unblock))
        .route("/domains/{domain}/remove", post(change::remove))
        .route("/doctor", post(change::check_all))
}

/// The domain that a path names, where the visitor may see it: a hosted one, or for an administrator the one of SRS.
fn named(visitor: &Visitor, name: &str) -> Result<Domain, Trouble> {
    let domain = Domain::parse(name).map_err(|_| Trouble::NotFound)?;
    visitor.needs(&domain)?;
    let is_srs = visitor.role == Role::Admin && domain == visitor.site.config.srs.settings.domain;
    match is_srs || visitor.site.store.is_hosted(&domain) {
        true => Ok(domain),
        false => Err(Trouble::NotFound),
    }
}

/// The path of a domain's page.
fn path_of(domain: &Domain) -> String {
    format!("/domains/{}", domain.to_key())
}
