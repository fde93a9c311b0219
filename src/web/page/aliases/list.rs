//! The list of aliases: search, what came of their mail, and changes of those that are picked.

use super::super::{form::Query, shell::Tab, texts::Texts, trouble::Trouble, visitor::Visitor};
use super::{
    actions::MAX_PICKED,
    query,
    query::Query as Sought,
    rows::{Bulk, Row, picked, table},
};
use crate::{
    address::Domain,
    admin::{aliases, domains},
    alias::{Alias, MAX_SEARCH},
    clock,
    session::Role,
};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::{Markup, html};

/// Aliases of a page.
const PAGE: usize = 50;
/// Pages of the store that are asked for one that is to be shown: each may have few aliases, or none.
const TRIES: usize = 3;
/// Domains that are offered by name; of more, one is typed.
const OFFERED_DOMAINS: usize = 50;

/// `GET /aliases`
pub(super) async fn show(
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response<Body>, Trouble> {
    let sought = Sought::read(&fields, &visitor.role);
    list(&visitor, StatusCode::OK, &sought, &Bulk::default()).await
}

/// True where what is of `domain` may be seen; what is of no domain, by who sees all.
pub(super) fn may_see(role: &Role, domain: Option<&Domain>) -> bool {
    match domain {
        Some(domain) => role.may_see(domain),
        None => *role == Role::Admin,
    }
}

/// The list, with what is wrong with what was to be done.
pub(super) async fn list(
    visitor: &Visitor,
    status: StatusCode,
    sought: &Sought,
    bulk: &Bulk,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let (rows, next, today) = found(visitor, sought).await?;
    let names = offered(visitor).await?;
    let content = html! {
        div .bar {
            a .button .main href="/aliases/new" { (texts.say("aliases-new", &[])) }
            a href="/blocks" { (texts.say("aliases-to-blocks", &[])) }
        }
        (search(texts, sought, &names, &visitor.role))
        div #results {
            @if rows.is_empty() {
                (nothing(texts, sought, next.is_some()))
            } @else {
                form method="post" action="/aliases/many" .many {
                    input type="hidden" name="back" value=(sought.print());
                    (table(texts, &rows, bulk, today))
                    (picked(texts, bulk, sought.cursor.is_some() || next.is_some()))
                }
            }
            (pages(texts, sought, next))
        }
    };
    Ok(visitor.page_with(status, Tab::Aliases, &texts.say("aliases-title", &[]), &content))
}

/// A page of aliases, where it goes on, and the day.
async fn found(
    visitor: &Visitor,
    sought: &Sought,
) -> Result<(Vec<Row>, Option<aliases::Cursor>, u64), Trouble> {
    let store = &visitor.site.store;
    let Some(filter) = sought.filter(&visitor.role, clock::now()) else {
        return Ok((Vec::new(), None, clock::now().day()));
    };
    let (mut found, mut next) = (Vec::new(), sought.cursor.clone());
    for _ in 0..TRIES {
        let page = match aliases::page(store, &filter, next.as_ref(), PAGE).await {
            // Of another search: begin this one.
            Err(crate::admin::Error::Cursor) => aliases::page(store, &filter, None, PAGE).await,
            page => page,
        }?;
        found = page.found;
        next = page.next;
        if !found.is_empty() || next.is_none() {
            break;
        }
    }
    found.retain(|(alias, _)| may_see(&visitor.role, alias.address().domain()));
    let keys: Vec<&Alias> = found.iter().map(|(alias, _)| alias).collect();
    let (days, today) = aliases::daily(store, &keys).await?;
    let rows = found.into_iter().zip(days);
    let rows = rows.map(|((alias, counters), days)| Row { alias, counters, days });
    Ok((rows.collect(), next, today))
}

/// The domains that are offered by name; nothing where they are too many.
pub(in crate::web::page) async fn offered(visitor: &Visitor) -> Result<Vec<String>, Trouble> {
    let names: Vec<String> = match visitor.role.domains() {
        Some(own) => own.iter().map(ToString::to_string).collect(),
        None => {
            let all = domains::list(&visitor.site.store).await?;
            all.into_iter().map(|hosted| hosted.domain).collect()
        }
    };
    Ok(if names.len() > OFFERED_DOMAINS { Vec::new() } else { names })
}

fn search(texts: Texts, sought: &Sought, names: &[String], role: &Role) -> Markup {
    let domain = sought.domain.as_ref().map(ToString::to_string).unwrap_or_default();
    html! {
        form method="get" action="/aliases" .search role="search" data-live="results" {
            label { span { (texts.say("aliases-search", &[])) }
                input type="search" name="q" value=(sought.text) maxlength=(MAX_SEARCH);
            }
            label { span { (texts.say("aliases-domain", &[])) }
                @if names.is_empty() {
                    input type="text" name="domain" value=(domain) autocapitalize="none";
                } @else {
                    select name="domain" {
                        @if *role == Role::Admin {
                            option value="" { (texts.say("aliases-all-domains", &[])) }
                        }
                        @for name in names {
                            option value=(name) selected[*name == domain] { (name) }
                        }
                    }
                }
            }
            label { span { (texts.say("aliases-state", &[])) }
                select name="state" {
                    option value="" { (texts.say("aliases-state-any", &[])) }
                    option value="on" selected[sought.enabled == Some(true)] { (texts.say("aliases-state-on", &[])) }
                    option value="off" selected[sought.enabled == Some(false)] { (texts.say("aliases-state-off", &[])) }
                }
            }
            label { span { (texts.say("aliases-unused", &[])) }
                select name="unused" {
                    option value="" { (texts.say("aliases-unused-any", &[])) }
                    @for days in query::UNUSED {
                        option value=(days) selected[sought.unused == Some(days)] {
                            (texts.say("aliases-unused-days", &[("days", u64::from(days).into())]))
                        }
                    }
                }
            }
            label { span { (texts.say("aliases-note", &[])) }
                input type="text" name="note" value=(sought.note) maxlength=(MAX_SEARCH);
            }
            button type="submit" { (texts.say("aliases-search-button", &[])) }
        }
    }
}

fn nothing(texts: Texts, sought: &Sought, goes_on: bool) -> Markup {
    html! {
        div .empty {
            @if goes_on {
                p { (texts.say("aliases-none-here", &[])) }
            } @else if sought.is_all() && sought.cursor.is_none() {
                p { (texts.say("aliases-none-yet", &[])) }
                p { a .button .main href="/aliases/new" { (texts.say("aliases-make-first", &[])) } }
            } @else {
                p { (texts.say("aliases-none-found", &[])) }
                p { a href="/aliases" { (texts.say("aliases-show-all", &[])) } }
            }
        }
    }
}

fn pages(texts: Texts, sought: &Sought, next: Option<aliases::Cursor>) -> Markup {
    html! {
        @if sought.cursor.is_some() || next.is_some() {
            nav .pages aria-label=(texts.say("aliases-pages", &[])) {
                @if sought.cursor.is_some() {
                    a href=(sought.at(None).place()) { (texts.say("aliases-first-page", &[])) }
                }
                @if next.is_some() {
                    a href=(sought.at(next).place()) rel="next" { (texts.say("aliases-next-page", &[])) }
                }
            }
        }
    }
}

const _: () = assert!(PAGE <= MAX_PICKED);
