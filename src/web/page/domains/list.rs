//! The domains that somebody may see, and what the doctor says of everything.

use super::{
    checks::Subject,
    path_of,
    records::{findings, in_short, not_looked},
};
use crate::{
    address::Domain,
    admin::domains::{self, HostedDomain},
    alias::OwnedDomain,
    clock,
    session::Role,
    web::page::{
        form::Query,
        outside::outside,
        parts::{Field, Table, ago},
        shell::Tab,
        texts::Texts,
        trouble::Trouble,
        visitor::Visitor,
    },
};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::{Markup, html};
use std::fmt::Write;

/// Domains on a page.
const PAGE: usize = 50;

/// A domain that is to be added, as it was written, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub(super) struct New<'a> {
    pub(super) domain: &'a str,
    pub(super) error: Option<String>,
}

/// What part of the list is wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// Only names with this in them.
    search: String,
    /// Those behind this one.
    after: String,
}

pub(super) async fn page(visitor: Visitor, Query(query): Query) -> Result<Response<Body>, Trouble> {
    let part =
        Part { search: query.one("q").to_lowercase(), after: query.one("after").to_lowercase() };
    show(&visitor, StatusCode::OK, &part, &New::default()).await
}

/// The page, with what was to be added.
pub(super) async fn show(
    visitor: &Visitor,
    status: StatusCode,
    part: &Part,
    new: &New<'_>,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let is_admin = visitor.role == Role::Admin;
    let mut own = domains::list(&visitor.site.store).await?;
    own.retain(|hosted| Domain::parse(&hosted.domain).is_ok_and(|name| visitor.may_see(&name)));
    let is_any = !own.is_empty();
    own.retain(|hosted| hosted.domain.to_lowercase().contains(&part.search));
    own.sort_by_key(|hosted| hosted.domain.to_lowercase());
    let begin = own.partition_point(|hosted| hosted.domain.to_lowercase() <= part.after);
    let is_more = own.len() > begin + PAGE;
    let shown: Vec<&HostedDomain> = own.iter().skip(begin).take(PAGE).collect();
    let names: Vec<Domain> =
        shown.iter().filter_map(|hosted| Domain::parse(&hosted.domain).ok()).collect();
    let owned = visitor.site.store.owned(&names).await?;
    let content = html! {
        p .lead { (texts.say("domains-about", &[])) }
        @if is_any { (search(texts, part)) }
        section #domains {
            (table(visitor, &shown, &owned, is_any))
            @if let (true, Some(last)) = (is_more, shown.last()) {
                p { a .button href=(next(part, &last.domain)) rel="next" { (texts.say("domains-next", &[])) } }
            }
        }
        @if is_admin {
            h2 { (texts.say("domains-add-title", &[])) }
            (add_form(texts, new))
            h2 #doctor { (texts.say("domains-doctor", &[])) }
            (doctor(visitor))
        }
    };
    Ok(visitor.page_with(status, Tab::Domains, &texts.say("domains-title", &[]), &content))
}

fn next(part: &Part, last: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !part.search.is_empty() {
        query.append_pair("q", &part.search);
    }
    query.append_pair("after", &last.to_lowercase());
    let mut path = String::new();
    let _ = write!(path, "/domains?{}", query.finish());
    path
}

fn search(texts: Texts, part: &Part) -> Markup {
    html! {
        form .row role="search" action="/domains" data-live="domains" {
            div .field {
                label for="field-q" { (texts.say("domains-search", &[])) }
                input id="field-q" name="q" type="search" value=(part.search) autocomplete="off";
            }
            button { (texts.say("domains-search-go", &[])) }
        }
    }
}

fn table(
    visitor: &Visitor,
    shown: &[&HostedDomain],
    owned: &[OwnedDomain],
    is_any: bool,
) -> Markup {
    let (texts, now) = (visitor.texts, clock::now());
    let mut table = Table::new(&texts.say("domains-title", &[]))
        .text(&texts.say("domains-domain", &[]))
        .text(&texts.say("domains-dns", &[]))
        .text(&texts.say("domains-last-check", &[]))
        .text(&texts.say("domains-auto-create-short", &[]))
        .text(&texts.say("domains-digest", &[]));
    for OwnedDomain { domain, since } in owned {
        let Some(hosted) = shown.iter().find(|hosted| hosted.domain == domain.as_str()) else {
            continue;
        };
        let checked = visitor.site.shared.checks.domain(domain, Some(*since));
        table.row(vec![
            html! { a href=(path_of(domain)) { (outside(&hosted.domain)) } },
            in_short(texts, checked.as_ref()),
            html! { @match &checked {
                Some(checked) => (ago(texts, checked.at, now)),
                None => "–",
            } },
            html! { @match &hosted.auto_create {
                Some(auto_create) => code { (outside(&auto_create.pattern)) },
                None => "–",
            } },
            html! { (digest_word(texts, hosted.digest.as_deref())) },
        ]);
    }
    let none = match (is_any, visitor.role == Role::Admin) {
        (true, _) => texts.say("domains-none-found", &[]),
        (false, true) => texts.say("domains-none", &[]),
        (false, false) => texts.say("domains-none-yours", &[]),
    };
    table.or_empty(&none)
}

/// How often owners are told, in words.
pub(super) fn digest_word(texts: Texts, digest: Option<&str>) -> String {
    match digest {
        Some("daily") => texts.say("domains-daily", &[]),
        Some("weekly") => texts.say("domains-weekly", &[]),
        _ => texts.say("domains-never", &[]),
    }
}

fn add_form(texts: Texts, new: &New<'_>) -> Markup {
    let field = Field {
        name: "domain",
        label: &texts.say("domains-new", &[]),
        hint: &texts.say("domains-new-hint", &[]),
        value: new.domain,
        error: new.error.as_deref(),
        required: true,
        ..Field::default()
    };
    html! {
        form method="post" action="/domains" {
            (field.markup())
            button .main { (texts.say("domains-add", &[])) }
        }
    }
}

/// What the doctor says of everything.
fn doctor(visitor: &Visitor) -> Markup {
    let (texts, now) = (visitor.texts, clock::now());
    let checks = &visitor.site.shared.checks;
    let going = checks.going(&Subject::Site);
    html! {
        p { (texts.say("domains-doctor-about", &[])) }
        form method="post" action="/doctor" {
            button { (texts.say("domains-doctor-go", &[])) }
        }
        @if let Some(going) = going {
            p .hint role="status" { (texts.say("domains-check-goes", &[])) " " (ago(texts, going.since, now)) }
        }
        @match checks.site() {
            None => p .empty { (texts.say("domains-doctor-none", &[])) },
            Some(checked) => {
                p .hint { (texts.say("domains-checked", &[])) " " (ago(texts, checked.at, now)) }
                @match &checked.result {
                    Err(failed) => (not_looked(texts, *failed)),
                    Ok(all) => (findings(texts, all, "all")),
                }
            }
        }
    }
}
