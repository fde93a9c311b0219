//! The messages there are, the newest first, and the form that searches them.

use super::{
    search::{Search, Wrong},
    story,
};
use crate::{
    admin::trace::{self, Outcome, Page, Record},
    web::page::{
        form::Query,
        outside::outside,
        parts::{Field, Table, time},
        shell::Tab,
        texts::Texts,
        trouble::Trouble,
        visitor::Visitor,
    },
};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::{Markup, html};

/// Messages on a page.
const PAGE: usize = 50;
/// Messages that are looked at for a page behind the first, by whoever waits for it.
const FURTHER: usize = 100_000;

/// The page.
pub(super) async fn show(
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response<Body>, Trouble> {
    let (texts, search) = (visitor.texts, Search::read(&fields));
    let title = texts.say("messages-title", &[]);
    let (mut filter, before) = match search.filter() {
        Ok(found) => found,
        Err(wrong) => {
            let content = html! {
                (form(texts, &search, &wrong))
                section #results {}
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(visitor.page_with(status, Tab::Messages, &title, &content));
        }
    };
    filter.domains = visitor.own().await?;
    filter.reach = before.map(|_| FURTHER);
    let page = trace::latest(&visitor.site.place, &filter, before, PAGE).await?;
    let content = html! {
        p .lead { (texts.say("messages-lead", &[])) }
        (form(texts, &search, &[]))
        (results(texts, &search, &page))
    };
    Ok(visitor.page(Tab::Messages, &title, &content))
}

/// What was found; the first page of it is followed by script.
fn results(texts: Texts, search: &Search, page: &Page) -> Markup {
    let mut table = Table::new(&texts.say("messages-title", &[]))
        .text(&texts.say("messages-column-time", &[]))
        .text(&texts.say("messages-column-from", &[]))
        .text(&texts.say("messages-column-to", &[]))
        .text(&texts.say("messages-column-outcome", &[]))
        .text(&texts.say("messages-column-reply", &[]));
    for record in &page.records {
        table.row(row(texts, record));
    }
    let is_short = page.records.len() < PAGE;
    let none = match search.is_of_all() && search.cursor.is_empty() {
        true => texts.say("messages-none-yet", &[]),
        false => texts.say("messages-none", &[]),
    };
    html! {
        section #results aria-live="off" data-tail[search.cursor.is_empty()] {
            @if !(page.records.is_empty() && page.next.is_some()) { (table.or_empty(&none)) }
            @if let Some(next) = page.next {
                @if is_short {
                    p .so-far { (texts.say("messages-so-far", &[])) " " (time(next.time().unix_time())) }
                }
                p { a .button #further href=(search.path(Some(next))) rel="next" {
                    @if is_short { (texts.say("messages-go-on", &[])) }
                    @else { (texts.say("messages-older", &[])) }
                } }
            }
            @if !search.cursor.is_empty() {
                p { a href=(search.path(None)) { (texts.say("messages-newest", &[])) } }
            }
        }
    }
}

fn row(texts: Texts, record: &Record) -> Vec<Markup> {
    let first = record.to.first().map_or("", String::as_str);
    let others = record.to.len().saturating_sub(1);
    vec![
        html! { a href=(path(&record.id)) { (time(record.time.unix_time())) } },
        outside(&record.sender()),
        html! {
            div {
                (outside(first))
                @if others > 0 { " " span .badge { "+" (texts.number(others as u64)) } }
            }
        },
        badge(texts, record.outcome),
        html! { span .reply { (outside(&record.reply)) } },
    ]
}

/// Where a message is told of. Ids are of letters and digits, and whatever is not one is written as URLs have it.
pub(super) fn path(id: &str) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/messages/{id}")
}

/// The name of an outcome, in its colour.
pub(super) fn badge(texts: Texts, outcome: Outcome) -> Markup {
    let class = match story::tone(outcome) {
        story::Tone::Good => "badge good",
        story::Tone::Care => "badge warn",
        story::Tone::Bad => "badge bad",
        story::Tone::Plain => "badge",
    };
    html! { span class=(class) { (texts.say(story::outcome(outcome), &[])) } }
}

fn form(texts: Texts, search: &Search, wrong: &[Wrong]) -> Markup {
    let error = |name: &str| {
        wrong.iter().find(|(field, _)| *field == name).map(|(_, key)| texts.say(key, &[]))
    };
    let field = |name: &str, label: String, hint: String, value: &str, kind: &str| {
        let error = error(name);
        let (label, hint, error) = (label.as_str(), hint.as_str(), error.as_deref());
        Field { name, label, hint, value, error, kind, ..Field::default() }.markup()
    };
    let hint = || texts.say("messages-hint-address", &[]);
    let outcome_error = error("outcome");
    html! {
        form .sought .row method="get" action="/messages" role="search" data-live="results" {
            (field("from", texts.say("messages-field-from", &[]), hint(), &search.from, "text"))
            (field("to", texts.say("messages-field-to", &[]), hint(), &search.to, "text"))
            (field("since", texts.say("messages-field-since", &[]), String::new(), &search.since, "datetime-local"))
            (field("until", texts.say("messages-field-until", &[]), String::new(), &search.until, "datetime-local"))
            div .field .wrong[outcome_error.is_some()] {
                label for="field-outcome" { (texts.say("messages-field-outcome", &[])) }
                select #field-outcome name="outcome" aria-describedby=[outcome_error.as_ref().map(|_| "field-outcome-error")] {
                    option value="" { (texts.say("messages-any-outcome", &[])) }
                    @for outcome in Outcome::ALL {
                        option value=(outcome.as_str()) selected[search.outcome == outcome.as_str()] {
                            (texts.say(story::outcome(outcome), &[]))
                        }
                    }
                }
                @if let Some(text) = &outcome_error { p .error #field-outcome-error { (text) } }
            }
            div .buttons {
                button .main { (texts.say("messages-find", &[])) }
                " "
                a .button href="/messages" { (texts.say("messages-clear", &[])) }
            }
        }
    }
}
