//! How all goes, for whoever runs it. Nothing here reads the spool or the journal as a whole.

mod figures;
mod lists;

use super::{chart, shell::Tab, trouble::Trouble, visitor::Admin};
use crate::{
    admin::{overview::Overview, traffic},
    clock,
    web::Site,
};
use axum::{Router, body::Body, routing::get};
use hyper::Response;
use maud::html;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/overview", get(page))
}

async fn page(Admin(visitor): Admin) -> Result<Response<Body>, Trouble> {
    let (texts, site, now) = (visitor.texts, &visitor.site, clock::now());
    let overview = Overview::of(&site.config, &site.place, &site.store).await?;
    let traffic = traffic::of(&site.place, None, now).await?;
    let figures = site.figures.now().await;
    let content = html! {
        (lists::troubles(texts, &overview))
        (figures::cards(texts, site, &overview, &figures, &traffic, now))
        h2 { (texts.say("overview-traffic", &[])) }
        (chart::of_periods(texts, &traffic))
        h2 { (texts.say("overview-refused", &[])) }
        (lists::refused(texts, &traffic))
        h2 { (texts.say("overview-queue", &[])) }
        (lists::waiting(texts, &overview))
        h2 { (texts.say("overview-unreachable", &[])) }
        (lists::unreachable(texts, &site.figures.unreachable(), now))
        h2 { (texts.say("overview-slow", &[])) }
        (lists::slowest(texts, &overview))
        h2 { (texts.say("overview-events", &[])) }
        (lists::events(texts, &overview))
    };
    Ok(visitor.page(Tab::Overview, &texts.say("overview-title", &[]), &content))
}
