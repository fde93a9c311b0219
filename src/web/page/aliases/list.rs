//! The list of aliases: search, what came of their mail, and changes of those that are picked.

use super::super::{
    form::{Fields, Form, Query},
    notices::{Notice, Undo},
    parts,
    shell::Tab,
    texts::Texts,
    trouble::Trouble,
    visitor::Visitor,
};
use super::{
    actions::{Action, Done, MAX_PICKED, Picked, Why, act},
    query,
    query::Query as Sought,
    sparkline::{self, Sparkline},
    undo::{self, NotUndone, Undone},
};
use crate::{
    address::Domain,
    admin::{aliases, domains},
    alias::{self, Alias, Counters, DAYS, Daily},
    clock,
    session::Role,
    time::UnixTime,
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
    tracing::info!(by = %visitor.key(), changed = done.steps.len(), action = word, "aliases changed");
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
    Ok(visitor.done(tell(&visitor, &action, done), &place))
}

/// `POST /aliases/undo`: takes back the last change.
pub(super) async fn take_back(visitor: Visitor, Form(_): Form) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let steps = visitor.site.shared.undos.take(&visitor.key(), clock::steady_millis());
    let text = match steps {
        None => texts.say("aliases-undo-late", &[]),
        Some(steps) => {
            let Undone { done, failed } = undo::undo(&visitor.site.store, steps).await?;
            tracing::info!(by = %visitor.key(), aliases = done, "change of aliases taken back");
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
    Ok(visitor.done(Notice::new(text), "/aliases"))
}

/// True where what is of `domain` may be seen; what is of no domain, by who sees all.
pub(super) fn may_see(role: &Role, domain: Option<&Domain>) -> bool {
    match domain {
        Some(domain) => role.may_see(domain),
        None => *role == Role::Admin,
    }
}

/// Says what was done, and keeps what takes it back.
pub(super) fn tell(visitor: &Visitor, action: &Action, done: Done) -> Notice {
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
    Notice { text, undo: keep(visitor, steps) }
}

/// Keeps what takes a change back, and gives the form that does.
pub(super) fn keep(visitor: &Visitor, steps: Vec<undo::Step>) -> Option<Undo> {
    let is_some = !steps.is_empty();
    visitor.site.shared.undos.keep(&visitor.key(), steps, clock::steady_millis());
    is_some.then(|| Undo { action: "/aliases/undo".into(), fields: Vec::new() })
}

fn left_out(texts: Texts, address: &str, why: &str) -> String {
    let said = texts.say("aliases-left-out", &[("address", address.into()), ("why", why.into())]);
    format!(" {said}")
}

/// What stands in the form of those that are picked.
#[derive(Debug, Default)]
struct Bulk {
    word: String,
    note: String,
    old: String,
    new: String,
    picked: Vec<Picked>,
    wrong: Option<crate::web::problem::FieldError>,
}

impl Bulk {
    fn typed(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).to_owned();
        Self {
            word: text("do"),
            note: text("bulk_note"),
            old: text("old"),
            new: text("new"),
            picked: Vec::new(),
            wrong: None,
        }
    }
}

/// An alias of the list.
struct Row {
    alias: Alias,
    counters: Counters,
    days: Daily,
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
                input type="search" name="q" value=(sought.text) maxlength=(alias::MAX_SEARCH);
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
                input type="text" name="note" value=(sought.note) maxlength=(alias::MAX_SEARCH);
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

fn table(texts: Texts, rows: &[Row], bulk: &Bulk, today: u64) -> Markup {
    let heads = [
        texts.say("aliases-address", &[]),
        texts.say("aliases-leads-to", &[]),
        texts.say("aliases-last-days", &[("days", DAYS.into())]),
        texts.say("aliases-forwarded", &[]),
        texts.say("aliases-refused", &[]),
        texts.say("aliases-last-use", &[]),
        texts.say("aliases-switch", &[]),
    ];
    html! {
        div .table { table .aliases {
            caption .heard { (texts.say("aliases-title", &[])) }
            thead { tr {
                th scope="col" .pick {
                    input type="checkbox" data-all="pick" hidden aria-label=(texts.say("aliases-pick-all", &[]));
                    span .heard { (texts.say("aliases-pick", &[])) }
                }
                @for (at, head) in heads.iter().enumerate() {
                    th scope="col" .number[at == 3 || at == 4] { (head) }
                }
            } }
            tbody {
                @for row in rows { (line(texts, row, bulk, today, &heads)) }
            }
        } }
    }
}

fn line(texts: Texts, row: &Row, bulk: &Bulk, today: u64, heads: &[String; 7]) -> Markup {
    let Row { alias, counters, days } = row;
    let (address, picked) = (alias.address().to_string(), Picked::of(alias));
    let is_picked = bulk.picked.iter().any(|one| one.address == picked.address);
    let word = if alias.enabled() { "disable" } else { "enable" };
    html! {
        tr .off[!alias.enabled()] {
            td .pick {
                input type="checkbox" name="pick" value=(picked.value()) checked[is_picked]
                    aria-label=(texts.say("aliases-pick-one", &[("address", address.as_str().into())]));
            }
            td data-label=(heads[0]) {
                a .address href=(super::place_of(alias.address())) { (parts::outside(&address)) }
                @if let Some(note) = &alias.rules().note {
                    div .hint { (parts::outside(note)) }
                }
            }
            td data-label=(heads[1]) { (leads_to(texts, alias)) }
            td data-label=(heads[2]) { (drawing(texts, days, today)) }
            td .number data-label=(heads[3]) { (texts.number(counters.forwarded)) }
            td .number data-label=(heads[4]) { (texts.number(counters.refused)) }
            td data-label=(heads[5]) {
                @if let Some(time) = counters.last_use { (parts::ago(texts, time, clock::now())) } @else { (texts.say("aliases-never", &[])) }
            }
            td data-label=(heads[6]) {
                (state(texts, alias, counters, clock::now()))
                button .quiet type="submit" name="one" value={ (word) " " (picked.value()) }
                    aria-label=(switch_label(texts, alias, &address)) {
                    @if alias.enabled() { (texts.say("aliases-disable", &[])) } @else { (texts.say("aliases-enable", &[])) }
                }
            }
        }
    }
}

fn switch_label(texts: Texts, alias: &Alias, address: &str) -> String {
    match alias.enabled() {
        true => texts.say("aliases-disable-one", &[("address", address.into())]),
        false => texts.say("aliases-enable-one", &[("address", address.into())]),
    }
}

/// In what state an alias is.
pub(super) fn state(texts: Texts, alias: &Alias, counters: &Counters, now: UnixTime) -> Markup {
    let rules = alias.rules();
    let is_past = rules.expires.is_some_and(|end| end <= now);
    let is_used_up = rules.max_messages.is_some_and(|most| counters.forwarded >= most);
    html! {
        @if !alias.enabled() {
            span .badge .bad { (texts.say("aliases-is-off", &[])) }
        } @else if is_past {
            span .badge .bad { (texts.say("aliases-is-past", &[])) }
        } @else if is_used_up {
            span .badge .bad { (texts.say("aliases-is-used-up", &[])) }
        } @else {
            span .badge .good { (texts.say("aliases-is-on", &[])) }
        }
    }
}

/// Where an alias leads, in few words.
fn leads_to(texts: Texts, alias: &Alias) -> Markup {
    const FIRST: usize = 2;
    let destinations = alias.destinations();
    html! {
        @match alias.action() {
            alias::Action::Forward(_) => {
                @for one in destinations.iter().take(FIRST) { div { (parts::outside(&one.to_string())) } }
                @if let Some(more @ 1..) = destinations.len().checked_sub(FIRST) {
                    div { (texts.say("aliases-more", &[("count", more.into())])) }
                }
            }
            alias::Action::Reject(_) => { (texts.say("aliases-rejects", &[])) }
            alias::Action::Defer(_) => { (texts.say("aliases-defers", &[])) }
            alias::Action::Discard => { (texts.say("aliases-discards", &[])) }
        }
    }
}

/// The use of the last days, with words for who does not see it.
pub(super) fn drawing(texts: Texts, days: &Daily, today: u64) -> Markup {
    let line = Sparkline::of(days, today);
    let said = match line.busiest {
        None => texts.say("aliases-quiet", &[("days", DAYS.into())]),
        Some((day, most)) => {
            let date = UnixTime::of_day(day).to_string();
            let date = date.split('T').next().unwrap_or_default().to_owned();
            texts.say(
                "aliases-busy",
                &[
                    ("forwarded", line.taken.into()),
                    ("refused", line.denied.into()),
                    ("days", DAYS.into()),
                    ("most", most.into()),
                    ("date", date.into()),
                ],
            )
        }
    };
    html! {
        svg .spark role="img" width=(sparkline::WIDTH) height=(sparkline::HEIGHT)
            viewBox={ "0 0 " (sparkline::WIDTH) " " (sparkline::HEIGHT) } {
            title { (said) }
            path .foot d={ "M0 " (sparkline::HEIGHT) "h" (sparkline::WIDTH) } {}
            @if !line.forwarded.is_empty() { path .taken d=(line.forwarded) {} }
            @if !line.refused.is_empty() { path .denied d=(line.refused) {} }
        }
    }
}

/// What may be done with those that are picked.
fn picked(texts: Texts, bulk: &Bulk) -> Markup {
    let chosen = |word: &str| bulk.word == word;
    let wrong = |name: &str| {
        let wrong = bulk.wrong.as_ref().filter(|wrong| wrong.field == name);
        wrong.map(|wrong| wrong.message.clone())
    };
    let field = |name: &str, label: String, value: &str| {
        html! {
            label { span { (label) }
                input type="text" name=(name) value=(value) aria-invalid=[(wrong(name).is_some()).then_some("true")]
                    aria-describedby=[wrong(name).map(|_| format!("bulk-{name}-error"))];
            }
            @if let Some(message) = wrong(name) {
                p .error id={ "bulk-" (name) "-error" } { (message) }
            }
        }
    };
    html! {
        fieldset .picked {
            legend { (texts.say("aliases-with-picked", &[])) }
            label { span { (texts.say("aliases-do", &[])) }
                select name="do" {
                    option value="enable" selected[chosen("enable")] { (texts.say("aliases-do-enable", &[])) }
                    option value="disable" selected[chosen("disable")] { (texts.say("aliases-do-disable", &[])) }
                    option value="delete" selected[chosen("delete")] { (texts.say("aliases-do-delete", &[])) }
                    option value="note" selected[chosen("note")] { (texts.say("aliases-do-note", &[])) }
                    option value="replace" selected[chosen("replace")] { (texts.say("aliases-do-replace", &[])) }
                }
            }
            @if let Some(message) = wrong("do") { p .error role="alert" { (message) } }
            (field("bulk_note", texts.say("aliases-do-note-text", &[]), &bulk.note))
            (field("old", texts.say("aliases-do-old", &[]), &bulk.old))
            (field("new", texts.say("aliases-do-new", &[]), &bulk.new))
            button type="submit" { (texts.say("aliases-do-button", &[])) }
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
