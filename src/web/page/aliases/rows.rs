//! The aliases of a page of the list as markup, and what may be done with those that are picked.

use super::{
    super::{form::Fields, parts, texts::Texts},
    actions::Picked,
    place_of,
    sparkline::{self, Sparkline},
};
use crate::web::page::outside::outside;
use crate::{
    alias::{self, Alias, Counters, DAYS, Daily},
    clock,
    time::UnixTime,
    web::problem::FieldError,
};
use maud::{Markup, html};

/// What stands in the form of those that are picked.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    pub(super) word: String,
    pub(super) note: String,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) picked: Vec<Picked>,
    /// All that the search finds are meant.
    pub(super) is_of_all: bool,
    pub(super) wrong: Option<FieldError>,
}

impl Bulk {
    pub(super) fn typed(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).to_owned();
        Self {
            word: text("do"),
            note: text("bulk_note"),
            old: text("old"),
            new: text("new"),
            picked: Vec::new(),
            is_of_all: fields.has("all"),
            wrong: None,
        }
    }
}

/// An alias of the list.
pub(super) struct Row {
    pub(super) alias: Alias,
    pub(super) counters: Counters,
    pub(super) days: Daily,
}

/// The aliases of a page.
pub(super) fn table(texts: Texts, rows: &[Row], bulk: &Bulk, today: u64) -> Markup {
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
            td data-label=(heads[0]) { div {
                a .address href=(place_of(alias.address())) { (outside(&address)) }
                @if let Some(note) = &alias.rules().note {
                    div .hint { (outside(note)) }
                }
            } }
            td data-label=(heads[1]) { div { (leads_to(texts, alias)) } }
            td data-label=(heads[2]) { (drawing(texts, days, today)) }
            td .number data-label=(heads[3]) { (texts.number(counters.forwarded)) }
            td .number data-label=(heads[4]) { (texts.number(counters.refused)) }
            td data-label=(heads[5]) {
                @if let Some(time) = counters.last_use { (parts::ago(texts, time, clock::now())) } @else { (texts.say("aliases-never", &[])) }
            }
            td data-label=(heads[6]) { div {
                (state(texts, alias, counters, clock::now()))
                button .quiet type="submit" name="one" value={ (word) " " (picked.value()) }
                    aria-label=(switch_label(texts, alias, &address)) {
                    @if alias.enabled() { (texts.say("aliases-disable", &[])) } @else { (texts.say("aliases-enable", &[])) }
                }
            } }
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
                @for one in destinations.iter().take(FIRST) { div { (outside(&one.to_string())) } }
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
pub(super) fn picked(texts: Texts, bulk: &Bulk, has_more_pages: bool) -> Markup {
    let chosen = |word: &str| bulk.word == word;
    let wrong = |name: &str| {
        let wrong = bulk.wrong.as_ref().filter(|wrong| wrong.field == name);
        wrong.map(|wrong| wrong.message.clone())
    };
    // Where script runs, a field is there only with what it belongs to.
    let field = |name: &str, of: &str, label: String, value: &str| {
        html! {
            label data-when=(of) { span { (label) }
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
            p .which {
                label .pick-all hidden {
                    input type="checkbox" data-all="pick"; " " (texts.say("aliases-pick-all", &[]))
                }
                @if has_more_pages {
                    label {
                        input type="checkbox" name="all" value="yes" checked[bulk.is_of_all];
                        " " (texts.say("aliases-pick-found", &[]))
                    }
                }
            }
            label { span { (texts.say("aliases-do", &[])) }
                select name="do" data-chooses {
                    option value="enable" selected[chosen("enable")] { (texts.say("aliases-do-enable", &[])) }
                    option value="disable" selected[chosen("disable")] { (texts.say("aliases-do-disable", &[])) }
                    option value="delete" selected[chosen("delete")] { (texts.say("aliases-do-delete", &[])) }
                    option value="note" selected[chosen("note")] { (texts.say("aliases-do-note", &[])) }
                    option value="replace" selected[chosen("replace")] { (texts.say("aliases-do-replace", &[])) }
                }
            }
            @if let Some(message) = wrong("do") { p .error role="alert" { (message) } }
            (field("bulk_note", "note", texts.say("aliases-do-note-text", &[]), &bulk.note))
            (field("old", "replace", texts.say("aliases-do-old", &[]), &bulk.old))
            (field("new", "replace", texts.say("aliases-do-new", &[]), &bulk.new))
            button type="submit" { (texts.say("aliases-do-button", &[])) }
        }
    }
}
