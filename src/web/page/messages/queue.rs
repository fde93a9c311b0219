//! What waits, for who runs the server: by where it goes, tried and dropped by hand.

use super::{act, list::path};
use crate::{
    admin::queue::{self, Changed, Filter, WaitingLeg, WaitingMessage},
    web::page::{
        form::{Form, Query},
        notices::Notice,
        outside::outside,
        parts::{Table, time},
        shell::Tab,
        texts::Texts,
        trouble::Trouble,
        visitor::Admin,
    },
};
use axum::body::Body;
use hyper::Response;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Most that are changed by one form: what a body of a request has room for, and more.
const CHOSEN: usize = 1_000;

/// The page.
pub(super) async fn show(
    Admin(visitor): Admin,
    Query(fields): Query,
) -> Result<Response<Body>, Trouble> {
    let (texts, store) = (visitor.texts, &visitor.site.store);
    let cursor = fields.one("cursor");
    let after = cursor.parse().ok().filter(|after: &i64| *after >= 0).unwrap_or(0);
    let (messages, next) = queue::page(store, &Filter::default(), after).await?;
    let content = html! {
        p .lead { (texts.say("queue-lead", &[])) }
        @if messages.is_empty() && next.is_none() && after == 0 { p .empty { (texts.say("queue-none", &[])) } }
        @else {
            form method="post" action="/queue/retry" {
                @for (hop, waiting) in by_destination(&messages) { (group(texts, hop, &waiting)) }
                div .row {
                    button .main { (texts.say("queue-retry-selected", &[])) }
                    button .danger formaction="/queue/drop" aria-describedby="drop-hint" {
                        (texts.say("queue-drop-selected", &[]))
                    }
                    p .hint #drop-hint { (texts.say("messages-drop-sure", &[])) }
                }
            }
            @if let Some(next) = next {
                p { a .button href=(format!("/queue?cursor={next}")) rel="next" { (texts.say("queue-more", &[])) } }
            }
            @if after > 0 { p { a href="/queue" { (texts.say("queue-first", &[])) } } }
        }
    };
    Ok(visitor.page(Tab::Messages, &texts.say("queue-title", &[]), &content))
}

/// The messages of a page by the domain of the mailbox that they wait for; one that waits for several stands by each.
fn by_destination(
    messages: &[WaitingMessage],
) -> BTreeMap<&str, Vec<(&WaitingMessage, &WaitingLeg)>> {
    let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for message in messages {
        for leg in message.legs.iter().filter(|leg| leg.next_attempt.is_some()) {
            let domain = leg.destination.rsplit('@').next().unwrap_or_default();
            groups.entry(domain).or_default().push((message, leg));
        }
    }
    groups
}

fn group(texts: Texts, hop: &str, waiting: &[(&WaitingMessage, &WaitingLeg)]) -> Markup {
    let mut table = Table::new(hop)
        .text(&texts.say("messages-id", &[]))
        .text(&texts.say("messages-column-from", &[]))
        .text(&texts.say("messages-column-to", &[]))
        .text(&texts.say("messages-column-outcome", &[]))
        .number(&texts.say("queue-attempts", &[]))
        .text(&texts.say("queue-next", &[]))
        .text(&texts.say("queue-reply", &[]));
    for (message, leg) in waiting {
        let choose = texts.say("queue-choose", &[("id", message.id.as_str().into())]);
        table.row(vec![
            html! {
                div {
                    input type="checkbox" name="id" value=(message.id) aria-label=(choose);
                    " " a href=(path(&message.id)) { (message.id) }
                }
            },
            outside(&message.from),
            outside(&leg.destination),
            html! { span .badge { (texts.say(state(leg.state), &[])) } },
            html! { (texts.number(leg.attempts.into())) },
            html! { @if let Some(at) = leg.next_attempt { (time(at.unix_time())) } },
            html! { span .reply { (outside(&leg.reply)) } },
        ]);
    }
    html! {
        h2 { (outside(hop)) " " span .badge { (texts.number(waiting.len() as u64)) } }
        (table.or_empty(""))
    }
}

fn state(state: &str) -> &'static str {
    match state {
        "queued" => "queue-state-queued",
        "sending" => "queue-state-sending",
        "uncertain" => "queue-state-uncertain",
        _ => "queue-state-other",
    }
}

/// Tries the chosen at once.
pub(super) async fn retry(
    Admin(visitor): Admin,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let Some(filter) = chosen(fields.all("id")) else {
        let none = Notice::new(visitor.texts.say("queue-nothing-chosen", &[]));
        return Ok(visitor.done(none, "/queue"));
    };
    let changed = queue::retry(&visitor.site.store, &filter).await?;
    act::told(&visitor, "message tried", &changed);
    Ok(visitor.done(told(visitor.texts, &changed), "/queue"))
}

/// Gives the chosen up.
pub(super) async fn drop(
    Admin(visitor): Admin,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let Some(filter) = chosen(fields.all("id")) else {
        let none = Notice::new(visitor.texts.say("queue-nothing-chosen", &[]));
        return Ok(visitor.done(none, "/queue"));
    };
    let changed = queue::drop(&visitor.site.store, &filter).await?;
    act::told(&visitor, "message dropped", &changed);
    Ok(visitor.done(told(visitor.texts, &changed), "/queue"))
}

/// `None` where nothing is: without ids, all would be meant.
fn chosen<'a>(ids: impl Iterator<Item = &'a str>) -> Option<Filter> {
    let mut ids: Vec<String> = ids.filter(|id| !id.is_empty()).map(str::to_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(CHOSEN);
    (!ids.is_empty()).then(|| Filter { ids, ..Filter::default() })
}

fn told(texts: Texts, changed: &Changed) -> Notice {
    Notice::new(texts.say("queue-changed", &[("count", changed.ids.len().into())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_chosen_is_not_everything() {
        assert_eq!(chosen([].into_iter()), None);
        assert_eq!(chosen(["", ""].into_iter()), None);
        assert_eq!(chosen(["b", "a", "b"].into_iter()).unwrap().ids, ["a", "b"]);
    }
}
