//! The list of aliases: search, what came of their mail, and changes of those that are picked.

use super::super::{
    form::{Fields, Form, Query},
    notices::{Notice, Undo},
    shell::Tab,
    texts::Texts,
    trouble::Trouble,
    visitor::Visitor,
};
use super::{
    actions::{Action, Done, MAX_PICKED, Picked, Why, act},
    query,
    query::Query as Sought,
    rows::{Bulk, Row, picked, table},
    undo::{self, NotUndone, Undone},
};
use crate::{
    address::Domain,
    admin::{aliases, domains},
    alias::{Alias, MAX_SEARCH},
    clock,
    session::Role,
    web::problem::Problem,
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
/// Aliases that are left out, and named.
const TOLD: usize = 5;

/// `GET /aliases`
pub(super) async fn show(
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response<Body>, Trouble> {
    let sought = Sought::read(&fields, &visitor.role);
    list(&visitor, StatusCode::OK, &sought, &Bulk::default()).await
}

/// `POST /aliases/many`: something is done with each alias that is picked.
pub(super) async fn change(
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let back = Fields::parse(fields.one("back").as_bytes());
    let sought = Sought::read(&back, &visitor.role);
    let bulk = Bulk::typed(&fields);
    // A button of one row names the alias, and what is to be done.
    let (word, picked) = match fields.one("one").split_once(' ') {
        Some((word, value)) => (word, Picked::parse(value).into_iter().collect()),
        None => {
            let picked: Vec<_> = fields.all("pick").filter_map(Picked::parse).collect();
            (fields.one("do"), picked)
        }
    };
    let action = match Action::of(word, &bulk.note, &bulk.old, &bulk.new) {
        Ok(_) if picked.is_empty() => {
            let what = visitor.texts.say("aliases-none-picked", &[]);
            Err(Problem::field("do", what, ""))
        }
        checked => checked,
    };
    let action = match action {
        Ok(action) => action,
        Err(problem) => {
            let bulk = Bulk { wrong: problem.errors.into_iter().next(), picked, ..bulk };
            return list(&visitor, StatusCode::UNPROCESSABLE_ENTITY, &sought, &bulk).await;
        }
    };
    let may_see = |domain: Option<&Domain>| may_see(&visitor.role, domain);
    let done = act(&visitor.site.store, may_see, &action, picked).await?;
    for (address, _) in done.failed.iter().filter(|(_, why)| *why == Why::Changed) {
        tracing::debug!(alias = %address, "alias not changed, as somebody else did");
    }
    let did = match action {
        Action::Switch(true) => "alias enabled",
        Action::Switch(false) => "alias disabled",
        Action::Remove => "alias removed",
        Action::Edit(_) => "alias changed",
    };
    done.steps.iter().for_each(|step| visitor.did(did, step.address()));
    let place = match fields.one("to") {
        // From the page of the alias: back to it, as long as it is there.
        "alias" if word != "delete" => {
            match fields.one("one").split_once(' ').and_then(|(_, it)| Picked::parse(it)) {
                Some(picked) => super::place_of(&picked.address),
                None => sought.place(),
            }
        }
        _ => sought.place(),
    };
    Ok(visitor.done(tell(&visitor, &action, done, &place), &place))
}

/// `POST /aliases/undo`: takes back the last change.
pub(super) async fn take_back(
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let number = fields.one("change").parse().unwrap_or_default();
    let undos = &visitor.site.shared.undos;
    let steps = undos.take(&visitor.key(), number, clock::steady_millis());
    let text = match steps {
        None => texts.say("aliases-undo-late", &[]),
        Some(steps) => {
            let may_see = |domain: Option<&Domain>| may_see(&visitor.role, domain);
            let all: Vec<_> = steps.iter().map(|step| step.address().clone()).collect();
            let Undone { done, failed } = undo::undo(&visitor.site.store, may_see, steps).await?;
            for address in all.iter().filter(|all| !failed.iter().any(|(one, _)| one == *all)) {
                visitor.did("alias put back", address);
            }
            let mut text = texts.say("aliases-undone", &[("count", done.into())]);
            for (address, why) in failed.into_iter().take(TOLD) {
                let why = match why {
                    NotUndone::Changed => texts.say("aliases-why-changed", &[]),
                    NotUndone::Gone => texts.say("aliases-why-gone", &[]),
                    NotUndone::Refused(why) => why,
                };
                text.push_str(&left_out(texts, &address.to_string(), &why));
            }
            text
        }
    };
    Ok(visitor.done(Notice::new(text), local(fields.one("place"))))
}

/// A place among the aliases, or their list: nobody is sent elsewhere.
fn local(place: &str) -> &str {
    let is_of_aliases = place.starts_with("/aliases?") || place.starts_with("/aliases/");
    let is_plain = place.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\');
    if is_of_aliases && is_plain { place } else { "/aliases" }
}

/// True where what is of `domain` may be seen; what is of no domain, by who sees all.
pub(super) fn may_see(role: &Role, domain: Option<&Domain>) -> bool {
    match domain {
        Some(domain) => role.may_see(domain),
        None => *role == Role::Admin,
    }
}

/// Says what was done, and keeps what takes it back.
fn tell(visitor: &Visitor, action: &Action, done: Done, place: &str) -> Notice {
    let (texts, Done { steps, same, failed }) = (visitor.texts, done);
    let count = [("count", steps.len().into())];
    let mut text = match action {
        Action::Switch(true) => texts.say("aliases-done-enabled", &count),
        Action::Switch(false) => texts.say("aliases-done-disabled", &count),
        Action::Remove => texts.say("aliases-done-removed", &count),
        Action::Edit(_) => texts.say("aliases-done-changed", &count),
    };
    if !failed.is_empty() {
        text.push(' ');
        text.push_str(&texts.say("aliases-done-failed", &[("count", failed.len().into())]));
    }
    if same > 0 {
        text.push(' ');
        text.push_str(&texts.say("aliases-done-same", &[("count", same.into())]));
    }
    for (address, why) in failed.into_iter().take(TOLD) {
        let why = match why {
            Why::Changed => texts.say("aliases-why-changed", &[]),
            Why::Gone => texts.say("aliases-why-gone", &[]),
            Why::Refused(why) => why,
        };
        text.push_str(&left_out(texts, &address.to_string(), &why));
    }
    Notice { text, undo: keep(visitor, steps, place) }
}

/// Keeps what takes a change back, and gives the form that does, which comes back to `place`.
pub(super) fn keep(visitor: &Visitor, steps: Vec<undo::Step>, place: &str) -> Option<Undo> {
    let undos = &visitor.site.shared.undos;
    let number = undos.keep(&visitor.key(), steps, clock::steady_millis())?;
    Some(Undo {
        action: "/aliases/undo".into(),
        fields: vec![("place".into(), place.into()), ("change".into(), number.to_string())],
    })
}

fn left_out(texts: Texts, address: &str, why: &str) -> String {
    let said = texts.say("aliases-left-out", &[("address", address.into()), ("why", why.into())]);
    format!(" {said}")
}

async fn list(
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
            a .button href="/aliases/new" { (texts.say("aliases-new", &[])) }
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
                    (picked(texts, bulk))
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
                p { a .button href="/aliases/new" { (texts.say("aliases-make-first", &[])) } }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_back_is_sent_nowhere_else() {
        for good in ["/aliases?q=a%40b", "/aliases/a@x.test"] {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "/",
            "//evil.test",
            "https://evil.test",
            "/aliasesx",
            "/aliases/\r\nb",
            "/aliases/ü",
        ] {
            assert_eq!(local(bad), "/aliases", "{bad:?}");
        }
    }
}
